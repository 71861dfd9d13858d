"""The one place that decides what a picture is: whatever a driver or a decoder hands over becomes BGR, or nothing."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_SIDE_PX: Final = 8192
"""8K is 7680 px wide; a longer side is a broken header, and its memory would be ours."""


def as_bgr(picture: object) -> NDArray[np.uint8] | None:
    """Return the picture as (height, width, 3) uint8 BGR, C-contiguous, or None if it isn't one.

    Takes (H, W) and (H, W, 1) grey, (H, W, 3) BGR and (H, W, 4) BGRA, of uint8 or uint16. A picture that is right
    already is returned as it is, without a copy.
    """
    if not isinstance(picture, np.ndarray) or picture.ndim not in {2, 3}:
        return None
    height, width = picture.shape[:2]
    if not (0 < height <= MAX_SIDE_PX and 0 < width <= MAX_SIDE_PX):
        return None
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.dtype != np.uint8:
        return None
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    match channels:
        case 3:
            bgr = picture
        case 1:
            bgr = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        case 4:
            bgr = cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR)
        case _:
            return None
    return np.ascontiguousarray(bgr, dtype=np.uint8)
