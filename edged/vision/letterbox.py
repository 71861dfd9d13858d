"""From a camera's picture to a model's input tensor, and from the canvas back to the picture.

Strategy: the picture is scaled to fit at the top left of a black canvas that is allocated once; colour order and
quantisation are done on the small canvas, straight into the tensor. No float picture is ever made for an int8 model.

Rules:
  - Shrinking averages: the picture is halved, each pixel the mean of four, while it is at least twice too large, and
    interpolated linearly for the rest, so that a small face doesn't depend on which pixels happen to be sampled. It
    finds as much as cv2.INTER_AREA and costs a fifth of it at sizes that are no whole multiple.
  - A stored value is round((pixel - mean) / std / scale) + zero point. Where that is the pixel less 128 for each of the
    256 pixel values (up to rounding), flipping the top bit does the same at memory speed; else a table is looked up.
"""

from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.vision.card import Input

Picture = NDArray[np.uint8]

_TOP_BIT: Final = np.uint8(0x80)
_ROUNDING: Final = 0.501
"""Half a step, and what float32 scales add to it."""


class Letterbox:
    """Fits pictures of one size onto a canvas of another."""

    __slots__ = ("_area", "_canvas", "_halves", "_size", "_small", "_swap", "scale")

    def __init__(self, width: int, height: int, canvas_width: int, canvas_height: int, *, swap: bool) -> None:
        """Prepare for pictures of `width` × `height`; `swap` turns blue-green-red into red-green-blue."""
        self.scale = min(canvas_width / width, canvas_height / height)
        """Canvas pixels per picture pixel."""
        columns = min(canvas_width, max(1, round(width * self.scale)))
        rows = min(canvas_height, max(1, round(height * self.scale)))
        self._size = (columns, rows)
        self._halves: list[Picture] = []
        while width >= 2 * columns and height >= 2 * rows:
            width, height = width // 2, height // 2
            self._halves.append(np.empty((height, width, 3), np.uint8))
        self._canvas = np.zeros((canvas_height, canvas_width, 3), np.uint8)
        self._area = self._canvas[:rows, :columns]
        self._small = np.empty((rows, columns, 3), np.uint8) if swap else self._area
        self._swap = swap

    def fit(self, picture: Picture) -> Picture:
        """Return the canvas with `picture` on it, (canvas height, canvas width, 3); valid until the next call."""
        for half in self._halves:
            height, width = half.shape[:2]
            # An odd last row or column is left out: only exact halves are quick.
            whole = picture[: 2 * height, : 2 * width]
            picture = cast(Picture, cv2.resize(whole, (width, height), dst=half, interpolation=cv2.INTER_AREA))
        cv2.resize(picture, self._size, dst=self._small, interpolation=cv2.INTER_LINEAR)
        if self._swap:
            cv2.cvtColor(self._small, cv2.COLOR_BGR2RGB, dst=self._area)
        return self._canvas

    def unfit(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return canvas coordinates (px) as coordinates of the picture (px)."""
        return points / np.float32(self.scale)


class Quantiser:
    """Writes uint8 pixels into an input tensor the way a card says."""

    __slots__ = ("_flip", "_mean", "_std", "_table")

    def __init__(self, given: Input, scale: float, zero_point: int) -> None:
        """Prepare for a tensor with this quantisation."""
        self._mean, self._std = np.float32(given.mean), np.float32(given.std)
        self._table: NDArray[Any] | None = None
        self._flip = np.uint8(0)
        if given.dtype == "float32":
            return
        pixels = np.arange(256)
        stored = (pixels - given.mean) / given.std / scale + zero_point
        least, offset, self._flip = (-128, 128, _TOP_BIT) if given.dtype == "int8" else (0, 0, np.uint8(0))
        if np.abs(stored - (pixels - offset)).max() > _ROUNDING:
            table = np.clip(np.rint(stored), least, least + 255) - least
            # As bytes: an int8 value is its offset from -128 with the top bit flipped.
            self._table = table.astype(np.uint8) ^ self._flip

    def write(self, pixels: Picture, tensor: NDArray[Any]) -> None:
        """Write `pixels` into `tensor`, both (height, width, channels)."""
        if tensor.dtype == np.float32:
            np.subtract(pixels, self._mean, out=tensor)
            np.divide(tensor, self._std, out=tensor)
        elif self._table is not None:
            np.take(self._table, pixels, out=tensor.view(np.uint8))
        else:
            np.bitwise_xor(pixels, self._flip, out=tensor.view(np.uint8))
