"""Is each model what its card says, and does it compute here as it did where it was made? For `edged models verify`.

Rules:
  - Every check is a finding, good or bad, with the reason in words; a bad one doesn't keep the others from being made
    unless they need what is missing.
  - Nothing is changed: the golden figures are written by `tools/golden`, never here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edged.errors import ModelError, UnavailableError
from edged.vision.card import Card, load_cards
from edged.vision.golden import TOLERANCE_LSB, answer, read_golden, samples
from edged.vision.runtime import Accelerator, Model, Runtime, installed_runtimes, read_verified

Answer = dict[str, NDArray[Any]]

FLOAT_BRIDGES: Final = frozenset({"QUANTIZE", "DEQUANTIZE"})
"""Operations that show that a file isn't integer from end to end."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check."""

    check: str
    """What was looked at: hash, tensors, operations, golden, agreement; with the runtime where it matters."""
    ok: bool
    detail: str
    """In words."""


def list_models(extra: Path | None = None) -> list[Card]:
    """Return all cards, face models first, each task by name. Raises ModelError as load_cards does."""
    return sorted(load_cards(extra).values(), key=lambda card: (card.task != "face", card.name))


def verify_models(
    extra: Path | None = None, names: list[str] | None = None, accelerator: Accelerator = "cpu"
) -> Iterator[tuple[Card, list[Finding]]]:
    """Yield each card (those called `names`, or all) with what was found on every installed runtime.

    Raises ModelError when a card can't be read or a name isn't there, UnavailableError when no runtime is installed.
    """
    cards = {card.name: card for card in list_models(extra)}
    for name in names or []:
        if name not in cards:
            raise ModelError(f"no model is called {name!r}; there are {', '.join(cards)}")
    runtimes = installed_runtimes()
    if not runtimes:
        raise UnavailableError("no TFLite runtime is installed: pip install ai-edge-litert")
    for card in cards.values():
        if not names or card.name in names:
            yield card, _verify_on_all(card, runtimes, accelerator)


def verify(card: Card, runtime: Runtime, accelerator: Accelerator = "cpu") -> list[Finding]:
    """Return the findings on one model with one runtime."""
    return _verify_on_all(card, [runtime], accelerator)


def _verify_on_all(card: Card, runtimes: list[Runtime], accelerator: Accelerator) -> list[Finding]:
    findings = [_verify_hash(card)]
    answers: dict[str, Answer] = {}
    if findings[0].ok:
        for runtime in runtimes:
            on_this, answered = _verify_on(card, runtime, accelerator)
            findings += on_this
            if answered is not None:
                answers[str(runtime)] = answered
    if len(answers) > 1:
        findings.append(_verify_agreement(answers))
    return findings


def _verify_hash(card: Card) -> Finding:
    try:
        read_verified(card)
        if card.edgetpu_file is not None:
            read_verified(card, edgetpu=True)
    except ModelError as error:
        return Finding("hash", False, str(error))
    return Finding("hash", True, f"SHA-256 {card.short_hash}… as on the card")


def _verify_on(card: Card, runtime: Runtime, accelerator: Accelerator) -> tuple[list[Finding], Answer | None]:
    try:
        model = Model(card, runtime, accelerator)
        golden = read_golden(card)
    except (ModelError, UnavailableError) as error:
        return [Finding(f"tensors ({runtime})", False, str(error))], None
    shape = "×".join(str(length) for length in model.input().shape)
    tensors = f"input {shape} {card.input.dtype}, outputs {', '.join(card.output.tensors)}, on {model.device}"
    operations = model.operations()
    bridges = FLOAT_BRIDGES.intersection(operations) if card.input.dtype != "float32" else frozenset()
    answered = answer(model)
    findings = [
        Finding(f"tensors ({runtime})", True, tensors),
        Finding(f"operations ({runtime})", not bridges, ", ".join(operations)),
    ]
    if golden is None:
        findings.append(Finding(f"golden ({runtime})", True, "no golden figures are kept for this model"))
    elif golden.sha256 != card.sha256:
        findings.append(
            Finding(f"golden ({runtime})", False, "the golden figures belong to another version of the file")
        )
    else:
        differences = {
            role: _mean_difference(np.array(golden.outputs[role]), np.array(samples(values)), _step(values))
            for role, values in answered.items()
            if role in golden.outputs
        }
        findings.append(_judge(f"golden ({runtime})", differences, f"those of {golden.runtime}"))
    return findings, answered


def _verify_agreement(answers: dict[str, Answer]) -> Finding:
    (first, ours), (second, theirs) = list(answers.items())[:2]
    differences = {role: _mean_difference(ours[role], theirs[role], _step(ours[role])) for role in ours}
    return _judge("agreement", differences, f"{first} against {second}")


def _judge(check: str, differences: dict[str, float], against: str) -> Finding:
    ok = bool(differences) and max(differences.values()) <= TOLERANCE_LSB
    figures = ", ".join(f"{role} {difference:.2f}" for role, difference in differences.items())
    return Finding(check, ok, f"{against}: mean difference in steps {figures} (at most {TOLERANCE_LSB:g})")


def _mean_difference(a: NDArray[Any], b: NDArray[Any], step: float) -> float:
    if a.shape != b.shape:
        return math.inf
    return float(np.abs(a.astype(np.float64) - b.astype(np.float64)).mean()) / step


def _step(values: NDArray[Any]) -> float:
    """Return a step of a stored tensor; of float values what it would be if their range were stored as int8."""
    return (float(np.ptp(values)) / 255 or 1.0) if values.dtype.kind == "f" else 1.0
