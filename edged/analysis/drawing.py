"""Boxes and bars: what was found, drawn over the pictures it was found in, for the person who asked.

The only module of edged that can make a picture or a video file; the services can't reach it.

Rules:
  - Nothing is written but where the caller says.
  - A bar is as long as its share of the emotion; the strongest is named. Undecided ones are named so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.analysis.colours import RGB
from edged.errors import OutputError
from edged.formats.own import strongest_emotion
from edged.vision.sighting import Box, Sighting
from edged.words import EMOTIONS, Scores

PICTURE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
VIDEO_SUFFIXES: Final = (".mp4",)

_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)
_BRIGHT: Final = 330
"""Sum of red, green and blue above which black words are read better than white ones."""
_SHADE: Final = 0.35
"""How bright the picture stays behind the bars."""
_LEAST_LINE_PX: Final = 10.0
"""Words on lower lines couldn't be read."""
_LEAST_SIZE: Final = 0.35
"""Of the words on a plate, for the same reason."""


@dataclass(frozen=True, slots=True, repr=False)
class Marked:
    """One face to be drawn."""

    box: Box
    scores: Scores | None
    emotion: str
    """The strongest; undecided, or a question mark when it can't be told."""
    number: int | None
    """Id within a clip."""


def mark(sighting: Sighting, threshold: float = 0.0, number: int | None = None) -> Marked:
    """Say how a face is to be drawn; `number`: its id within a clip."""
    emotion = "?" if sighting.scores is None else strongest_emotion(sighting.scores, threshold)
    return Marked(sighting.box, sighting.scores, emotion, number)


def drawn(pixels: NDArray[np.uint8], faces: Sequence[Marked]) -> NDArray[np.uint8]:
    """Return a copy of a picture, (height, width, 3) blue-green-red, with the faces marked in it."""
    canvas = pixels.copy()
    for face in faces:
        _draw_bars(canvas, face)
    for face in faces:  # above all bars, for those of a neighbour may reach here
        _draw_box(canvas, face)
    return canvas


def require_file(path: Path, suffixes: Sequence[str]) -> None:
    """Refuse the name of a file that can't be made, before anything is begun. Raises OutputError."""
    if path.suffix.lower() not in suffixes:
        raise OutputError(f"{path}: its name must end with {' or '.join(suffixes)}")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{path} can't be written: there is no such folder")


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture in the format that the name's ending says. Raises OutputError."""
    require_file(path, PICTURE_SUFFIXES)
    _, encoded = cv2.imencode(path.suffix, pixels)
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise OutputError(f"{path} can't be written: {error.strerror}") from error


class Overlay:
    """A video with the faces marked, at a constant frame rate, without sound."""

    def __init__(self, path: Path, fps: float) -> None:
        """Write to `path`; nothing is opened before the first picture comes. Raises OutputError."""
        require_file(path, VIDEO_SUFFIXES)
        self._path = path
        self._fps = fps
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._written = 0
        self._last: NDArray[np.uint8] | None = None

    def add(self, at: float, pixels: NDArray[np.uint8], faces: Sequence[Marked]) -> None:
        """Add the picture that is seen from `at` seconds on. Raises OutputError."""
        picture = drawn(pixels, faces)
        if self._writer is None:
            self._open(picture)
        due = round(at * self._fps)
        # A picture stands until the next comes: what has come meanwhile is it again.
        for _ in range(self._written, due):
            self._write(picture if self._last is None else self._last)
        if due >= self._written:
            self._write(picture)
        self._last = picture

    def close(self) -> None:
        """Finish the file: it can be played up to here. Twice does no harm."""
        if self._writer is not None:
            self._writer.release()

    def _open(self, picture: NDArray[np.uint8]) -> None:
        height, width = picture.shape[:2]
        self._size = (width, height)
        self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), self._fps, self._size)
        if not self._writer.isOpened():
            raise OutputError(f"{self._path} can't be written: the file can't be made, or its size is odd for a video")

    def _write(self, picture: NDArray[np.uint8]) -> None:
        if self._writer is not None:
            same = picture.shape[1::-1] == self._size
            self._writer.write(picture if same else cv2.resize(picture, self._size))
            self._written += 1


def _edges(canvas: NDArray[np.uint8], box: Box) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom in px."""
    height, width = canvas.shape[:2]
    left, top = round(box.left * width), round(box.top * height)
    return left, top, left + round(box.width * width), top + round(box.height * height)


def _unit(canvas: NDArray[np.uint8]) -> float:
    """Return how large things are drawn: 1 in a picture of 640 px."""
    return max(canvas.shape[:2]) / 640


def _draw_box(canvas: NDArray[np.uint8], face: Marked) -> None:
    """Draw a box, and on it a plate with the emotion."""
    left, top, right, bottom = _edges(canvas, face.box)
    unit = _unit(canvas)
    rgb = RGB.get(face.emotion, _WHITE)
    cv2.rectangle(canvas, (left, top), (right, bottom), rgb[::-1], max(1, round(unit)))
    label = face.emotion if face.number is None else f"{face.number} {face.emotion}"
    (wide, _), _ = cv2.getTextSize(label, _FONT, 1.0, 1)
    size = max(min(0.5 * unit, (right - left) / wide), _LEAST_SIZE)
    thick = max(1, round(1.5 * size))
    (wide, high), _ = cv2.getTextSize(label, _FONT, size, thick)
    pad = max(2, high // 3)
    x = max(min(left, canvas.shape[1] - wide - 2 * pad), 0)
    y = max(top, high + 2 * pad)
    cv2.rectangle(canvas, (x, y - high - 2 * pad), (x + wide + 2 * pad, y), rgb[::-1], cv2.FILLED)
    ink = _BLACK if sum(rgb) > _BRIGHT else _WHITE
    cv2.putText(canvas, label, (x + pad, y - pad), _FONT, size, ink, thick, cv2.LINE_AA)


def _draw_bars(canvas: NDArray[np.uint8], face: Marked) -> None:
    """Draw a bar for each emotion beside a box, with words where there is room for them."""
    if face.scores is None:
        return
    left, top, right, bottom = _edges(canvas, face.box)
    line = min((bottom - top) / len(EMOTIONS), 11 * _unit(canvas))
    size, thick = line / 40, max(1, round(line / 20))
    longest = max(cv2.getTextSize(name, _FONT, size, thick)[0][0] for name in EMOTIONS)
    words = longest + round(0.4 * line) if line >= _LEAST_LINE_PX else 0
    full = 3.2 * line
    room = words + round(full)
    x = right + 2 if right + 2 + room <= canvas.shape[1] else max(left - room - 2, 0)
    y = max(min(top, canvas.shape[0] - round(len(EMOTIONS) * line)), 0)
    behind = canvas[y : y + round(len(EMOTIONS) * line), x : x + room]
    behind[:] = (behind * _SHADE).astype(np.uint8)
    for i, (name, share) in enumerate(zip(EMOTIONS, face.scores, strict=True)):
        above = y + i * line
        if words:
            at = (x + 2, round(above + 0.75 * line))
            cv2.putText(canvas, name, at, _FONT, size, _WHITE, thick, cv2.LINE_AA)
        begin, end = (
            (x + words, round(above + 0.2 * line)),
            (x + words + round(full * share), round(above + 0.8 * line)),
        )
        cv2.rectangle(canvas, begin, end, RGB[name][::-1], cv2.FILLED)
