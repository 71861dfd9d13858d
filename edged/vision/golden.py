"""Golden figures: what a model answered to one made-up picture when it was new.

Strategy: the picture is made of integer ramps, the same on every machine and with every numpy. Of each output some
values, evenly spread, are kept in models/golden/NAME.json with the hash of the file they came from. A runtime that
computes otherwise than the one it was made with is off by far more than rounding.

Made anew, after a model has changed, by:  tools/golden NAME…
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from edged.errors import ModelError
from edged.vision.card import Card, Sha256
from edged.vision.letterbox import Picture, Quantiser
from edged.vision.runtime import Model, choose_runtime

SAMPLES: Final = 64
"""Values kept of each output."""

TOLERANCE_LSB: Final = 6.0
"""Mean difference that is allowed, in steps of int8. The kernels of LiteRT and tflite-runtime round differently: on
this picture they are up to 2.7 apart, on photos up to 3.6. A wrong kernel or a wrong weight is off by tens."""


class Golden(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    sha256: Sha256
    """Of the .tflite it was made with."""
    runtime: str
    outputs: dict[str, list[float]]
    """Role → stored values, evenly spread over the tensor."""


def golden_path(card: Card) -> Path:
    """Return where the golden figures of a card's model lie."""
    return card.folder / "golden" / f"{card.name}.json"


def read_golden(card: Card) -> Golden | None:
    """Return the golden figures, None when there are none. Raises ModelError when they can't be read."""
    path = golden_path(card)
    if not path.exists():
        return None
    try:
        return Golden.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelError(f"{path}: not golden figures: {str(error).splitlines()[0]}") from None


def golden_picture(width: int, height: int, channels: int) -> Picture:
    """Return the made-up picture, (height, width, channels): slanted ramps of a different slope for each channel."""
    rows, columns = np.mgrid[0:height, 0:width]
    channel = [_ramp(columns * (3 + c) + rows * (1 + 2 * c), 97 + 30 * c) for c in range(channels)]
    return np.stack(channel, -1).astype(np.uint8)


def _ramp(steps: NDArray[np.int64], period: int) -> NDArray[np.int64]:
    """Up and down between 0 and 255, once in `period` steps."""
    phase = steps % period
    return np.minimum(phase, period - phase) * 255 // (period // 2)


def answer(model: Model) -> dict[str, NDArray[Any]]:
    """Return the whole outputs of `model` for the made-up picture, as stored, by role."""
    given = model.card.input
    tensor = model.input()
    Quantiser(given, *model.input_quantisation).write(
        golden_picture(given.width, given.height, tensor.shape[2]), tensor
    )
    del tensor
    model.invoke()
    return {role: output.values.copy() for role, output in model.outputs().items()}


def samples(values: NDArray[Any]) -> list[float]:
    """Return SAMPLES values, evenly spread over a tensor; all of them when there are no more."""
    flat = values.reshape(-1)
    which = np.linspace(0, len(flat) - 1, min(SAMPLES, len(flat))).astype(np.int64)
    return [float(value) for value in flat[which]]


def write_golden(card: Card) -> Path:
    """Write the golden figures of a card's model with the preferred runtime, on the CPU; return the path."""
    runtime = choose_runtime("auto")
    outputs = {role: samples(values) for role, values in answer(Model(card, runtime)).items()}
    golden = Golden(model=card.name, sha256=card.sha256, runtime=str(runtime), outputs=outputs)
    path = golden_path(card)
    path.parent.mkdir(exist_ok=True)
    path.write_text(golden.model_dump_json() + "\n", encoding="utf-8")
    return path
