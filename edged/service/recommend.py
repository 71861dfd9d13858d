"""Which face model, and how often, for the faces that matter, on the device at hand.

Strategy: every face model is run here, so its time is this device's. Its card says ([reach]) what share of the faces of
a height on its canvas it finds, and the canvas is the picture scaled to fit. The rest of a frame's cost (decoding,
emotions, our own code) is what the run on the video measured.

Rules:
  - Seeing comes first: of the models that leave at least LEAST_FPS pictures a second, the one that finds the most faces
    of the wanted height; of those that find nearly as many (ENOUGH), the quickest.
  - The rate is what BUSY of one core gives, and no more than the configuration asks for.
  - A model without [reach] on its card is not recommended: nobody measured what it finds.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from edged.config.model import Config, Region
from edged.vision.card import FaceCard
from edged.vision.shelf import Shelf
from edged.vision.vision import choose_face_card

BUSY: Final = 0.8
"""Share of one core that may be spent: the rest is for heat, updates and crowds."""
LEAST_FPS: Final = 5.0
"""Pictures a second from which visits are counted well (docs/VISITS.md)."""
ENOUGH: Final = 0.02
"""So much less found is not worth a slower model: it is within what 192 photos can tell."""
_RUNS: Final = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """One face model on this device."""

    model: str
    invoke_ms: float
    """CPU milliseconds of one invocation, here."""
    device: str
    """cpu or edgetpu."""
    canvas_px: float
    """Height of the wanted face on the model's canvas."""
    found: float
    """Share of such faces that it finds in one picture, by its card."""
    frames_per_second: float
    """Pictures a second and camera that BUSY of one core gives."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to write into the configuration."""

    face_px: float
    """Height of the farthest faces that matter, in px of the camera's picture."""
    choices: list[Choice]
    """All face models that could be judged, the quickest first."""
    face_model: str | None
    """As vision.face_model has it; None when no model could be judged."""
    max_fps: float | None
    accelerator: str | None
    runtime: str
    found: float
    fast_enough: bool
    """Whether LEAST_FPS is reached."""


def recommend(
    config: Config,
    size: tuple[int, int],
    face_px: float,
    model: str,
    cpu_ms: float,
    say: Callable[[str], None],
) -> Recommendation:
    """Run every face model and choose.

    `size` is the width and height of the camera's picture in px; `cpu_ms` what a frame costs in all with the face model
    called `model`; `say` is told which is being measured. Raises what Shelf raises.
    """
    shelf = Shelf(config.vision)
    region = config.cameras[0].region or Region()
    width, height = round((region.right - region.left) * size[0]), round((region.bottom - region.top) * size[1])
    cards = [card for card in shelf.cards.values() if isinstance(card, FaceCard) and (card.reach or card.name == model)]
    timed = {}
    for card in cards:
        say(f"measuring {card.name}")
        timed[card.name] = _time(shelf, card)
    rest_ms = max(cpu_ms - timed[model][0], 0.0)
    choices = []
    for card in cards:
        if card.reach is not None:
            ms, device = timed[card.name]
            on_canvas = face_px * card.input.scale(width, height)
            rate = 1000 * BUSY / (rest_ms + ms) / len(config.cameras)
            choices.append(Choice(card.name, ms, device, on_canvas, card.reach.found(on_canvas), rate))
    chosen = choose(choices)
    automatic = choose_face_card(shelf.cards, "auto", width, height).name
    return Recommendation(
        face_px=face_px,
        choices=sorted(choices, key=lambda choice: choice.invoke_ms),
        face_model=None if chosen is None else "auto" if chosen.model == automatic else chosen.model,
        max_fps=None if chosen is None else _rate(chosen, config.vision.max_fps),
        accelerator=None if chosen is None else chosen.device,
        runtime=shelf.runtime.name,
        found=0.0 if chosen is None else chosen.found,
        fast_enough=chosen is not None and chosen.frames_per_second >= LEAST_FPS,
    )


def choose(choices: Sequence[Choice]) -> Choice | None:
    """Return the best choice, as the module's rules say; None of none."""
    quick = [choice for choice in choices if choice.frames_per_second >= LEAST_FPS]
    if not quick:
        return min(choices, key=lambda choice: choice.invoke_ms, default=None)
    most = max(choice.found for choice in quick)
    return min((c for c in quick if c.found >= most - ENOUGH), key=lambda choice: choice.invoke_ms)


def _rate(choice: Choice, wanted: float) -> float:
    """Return the rate to configure, to a tenth and rounded down."""
    return max(math.floor(10 * min(choice.frames_per_second, wanted)) / 10, 0.1)


def _time(shelf: Shelf, card: FaceCard) -> tuple[float, str]:
    """Return the CPU ms of one invocation, without the first, and the device."""
    model = shelf.model(card)
    model.invoke()
    before = model.cpu_s
    for _ in range(_RUNS):
        model.invoke()
    return 1000 * (model.cpu_s - before) / _RUNS, model.device
