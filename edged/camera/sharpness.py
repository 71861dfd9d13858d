"""How a picture is for whoever points and focuses a camera: its light and its sharpness. Pure.

Sharpness is 1 less the blur metric of Crete, Dolmiere, Ladret, Nicolas: "The blur effect: perception and estimation
with a new no-reference perceptual blur metric" (SPIE 6492, 2007): a picture that hardly changes when it is blurred
again was blurred before. It asks for no reference and depends little on the scene, but noise passes for detail: in the
dark it says too much.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_LONGER_SIDE: Final = 640
_FILTER: Final = 9
_BLOWN, _BLACK = 250, 5
"""Grey levels from and up to which nothing can be told any more."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One picture's figures; none of them says anything of who is in it."""

    light: float
    """Mean grey level, 0 to 255."""
    blown: float
    """Share of pixels that are white, 0 to 1."""
    black: float
    """Share of pixels that are black, 0 to 1."""
    sharpness: float
    """0 (blurred) to 1 (sharp)."""


def quality(pixels: NDArray[np.uint8]) -> Quality:
    """Judge a picture, (height, width, 3) uint8 blue-green-red."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONGER_SIDE / max(height, width))
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    if scale < 1.0:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Quality(
        light=float(grey.mean()),
        blown=float((grey >= _BLOWN).mean()),
        black=float((grey <= _BLACK).mean()),
        sharpness=min(_sharpness(grey.astype(np.float32), axis) for axis in (0, 1)),
    )


def _sharpness(grey: NDArray[np.float32], axis: int) -> float:
    kernel = (1, _FILTER) if axis == 0 else (_FILTER, 1)  # cv2 names the width first
    before = np.abs(np.diff(grey, axis=axis))
    after = np.abs(np.diff(cv2.blur(grey, kernel), axis=axis))
    total = float(before.sum())
    return float(np.maximum(before - after, 0).sum()) / total if total else 0.0
