"""A single picture out of a file's bytes, with bounded memory and time, whoever made the file.

Strategy: the header is judged first (header.py). What is larger than asked for is scaled down, a JPEG already while it
is decoded; results are told in pixels of the original all the same.

Rules:
  - The picture is as it is meant to be seen: turned as its Exif data say, 16 bits cut to 8, palettes, grey, CMYK made
    blue-green-red. Of a transparent one the colours count, not the alpha.
  - Of several pages or frames in a file the first counts.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.camera.header import Header, kind_of, read_header
from edged.errors import InputError

LARGEST: Final = (1920, 1080)
"""Longer and shorter side in px from which on a picture is scaled down: more than any face model's canvas holds."""
MOST_PIXELS: Final = 200_000_000
"""A larger picture is refused: it would take seconds. 200 megapixels are what the largest telephone cameras give."""
MOST_BYTES: Final = 400_000_000
"""What decoding may hold at a time."""
KINDS: Final = "JPEG, PNG, WebP, BMP or TIFF"

_MIRRORED: Final = frozenset({2, 4, 5, 7})
_TURNS: Final = {
    3: cv2.ROTATE_180,
    4: cv2.ROTATE_180,
    5: cv2.ROTATE_90_COUNTERCLOCKWISE,
    6: cv2.ROTATE_90_CLOCKWISE,
    7: cv2.ROTATE_90_CLOCKWISE,
    8: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
"""How a picture is turned, by its Exif orientation, after it has been mirrored left to right."""
_REDUCED: Final = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


class NotAPictureError(InputError):
    """The content is of no kind that can be read."""


class TooLargeError(InputError):
    """The picture has more pixels than will be decoded."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Still:
    """One picture."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) uint8, blue-green-red; scaled down if the original is large."""
    width: int
    """Of the original as it is seen, in px."""
    height: int


def decode_still(content: bytes, name: str, largest: tuple[int, int] | None = LARGEST) -> Still:
    """Decode a picture; `name` says in errors which one, `largest` (longer, shorter side) down to what it is scaled.

    Raises NotAPictureError, TooLargeError, and InputError for one that is damaged.
    """
    header = read_header(content)
    if header is None:
        if kind_of(content) is None:
            raise NotAPictureError(f"{name} is not a picture that can be opened: take a {KINDS} file")
        raise InputError(f"{name} is not a picture that can be opened: its header is damaged or cut short")
    shrink = _shrink(header, largest)
    _refuse_what_is_too_large(header, shrink, name)
    pixels = _decode(content, header, shrink)
    if pixels is None:
        raise InputError(f"{name} is not a picture that can be opened: it is damaged, cut short or of a rare form")
    width, height = header.width, header.height
    if (pixels.shape[1] - pixels.shape[0]) * (width - height) < 0:
        width, height = height, width
    return Still(_fit(pixels, largest), width, height)


def _shrink(header: Header, largest: tuple[int, int] | None) -> int:
    """Return by how much the decoder is to shrink the picture: 1, 2, 4 or 8, never below what is asked for."""
    if largest is None or not header.shrinks:
        return 1
    scale = _scale(header.width, header.height, largest)
    return max(factor for factor in (1, *_REDUCED) if factor == 1 or factor * scale <= 1)


def _scale(width: int, height: int, largest: tuple[int, int]) -> float:
    return min(1.0, largest[0] / max(width, height), largest[1] / min(width, height))


def _refuse_what_is_too_large(header: Header, shrink: int, name: str) -> None:
    pixels = header.width * header.height
    if pixels > MOST_PIXELS or pixels * header.bytes_per_pixel / shrink**2 > MOST_BYTES:
        raise TooLargeError(
            f"{name} is {header.width}×{header.height} pixels large, more than will be decoded: scale it down"
        )


def _decode(content: bytes, header: Header, shrink: int) -> NDArray[np.uint8] | None:
    flags = _REDUCED.get(shrink, cv2.IMREAD_COLOR)
    if header.kind == "webp":  # OpenCV sees to its orientation in some versions only
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except (cv2.error, MemoryError):
        return None
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        return None
    return _turned(np.asarray(pixels, np.uint8), header.orientation)


def _turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    if orientation in _MIRRORED:
        pixels = np.asarray(cv2.flip(pixels, 1), np.uint8)
    turn = _TURNS.get(orientation)
    return pixels if turn is None else np.asarray(cv2.rotate(pixels, turn), np.uint8)


def _fit(pixels: NDArray[np.uint8], largest: tuple[int, int] | None) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = 1.0 if largest is None else _scale(width, height, largest)
    if scale == 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
