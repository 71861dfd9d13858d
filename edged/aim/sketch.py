"""A camera's view as characters: where faces are, how high, lines and zones, and how light it is, very coarsely.

Rules:
  - Never a picture: of the pixels nothing goes into a sketch but the mean light of MAP_COLUMNS × MAP_ROWS fields, in
    five steps. A face is a frame with a number. Nobody could be recognised by either.
  - Pure: the same view gives the same sketch. Nothing is kept from one to the next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.config.model import Camera, Point
from edged.vision.sighting import Sighting

MAP_COLUMNS, MAP_ROWS = 16, 9
STEPS: Final = 5
"""Steps of light that a field of the map can have."""

LIGHTS: Final = ("on grey3", "on grey11", "on grey19", "on grey27", "on grey35")
"""Background of each step; rich's names of colours."""
READABLE, SMALL, LOST = "bold green", "bold yellow", "bold red"
"""A face that is high enough for its emotion; one that is not; one that often isn't found."""
LINE, ZONE, MASK, REGION = "cyan", "magenta", "red", "blue"


@dataclass(frozen=True, slots=True)
class Needs:
    """How high faces must be, in px of the picture."""

    emotion_px: float
    """From here on their emotion is read."""
    face_px: float | None
    """From here on most are found; None: the model's card doesn't say."""

    def style(self, height_px: float) -> str:
        """Return the style of a face."""
        if height_px >= self.emotion_px:
            return READABLE
        return LOST if self.face_px is not None and height_px < self.face_px else SMALL


@dataclass(slots=True)
class Sketch:
    """Cells of a terminal: a character, its style, its background."""

    width: int
    height: int
    characters: list[list[str]] = field(init=False)
    styles: list[list[str]] = field(init=False)
    grounds: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.characters, self.styles, self.grounds = (
            [[blank] * self.width for _ in range(self.height)] for blank in (" ", "", "")
        )

    def put(self, column: int, row: int, character: str, style: str) -> None:
        """Write a character, where the sketch has such a place."""
        if 0 <= column < self.width and 0 <= row < self.height:
            self.characters[row][column], self.styles[row][column] = character, style

    def write(self, column: int, row: int, text: str, style: str) -> None:
        """Write a word, moved left where it would not fit."""
        column = max(0, min(column, self.width - len(text)))
        for index, character in enumerate(text):
            self.put(column + index, min(max(row, 0), self.height - 1), character, style)

    def place(self, x: float, y: float) -> tuple[int, int]:
        """Return the column and row of a point of the picture, 0 to 1."""
        return (
            min(max(int(x * self.width), 0), self.width - 1),
            min(max(int(y * self.height), 0), self.height - 1),
        )

    def stroke(self, start: Point, end: Point, style: str) -> None:
        """Draw a straight line between two points of the picture."""
        (x0, y0), (x1, y1) = self.place(*start), self.place(*end)
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            share = step / steps
            self.put(round(x0 + (x1 - x0) * share), round(y0 + (y1 - y0) * share), "·", style)


def light_map(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the step of light of each field, (MAP_ROWS, MAP_COLUMNS), of a picture (height, width, 3) uint8."""
    fields = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), (MAP_COLUMNS, MAP_ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(fields // (256 // STEPS + 1), np.uint8)


def draw(
    width: int, height: int, camera: Camera, needs: Needs, sightings: Sequence[Sighting], lights: NDArray[np.uint8]
) -> Sketch:
    """Draw what a camera sees into `width` × `height` cells; `lights` as of `light_map`."""
    sketch = Sketch(width, height)
    for row in range(height):
        for column in range(width):
            step = int(lights[row * MAP_ROWS // height, column * MAP_COLUMNS // width])
            sketch.grounds[row][column] = LIGHTS[step]
    for corners, name, style in _areas(camera):
        for start, end in zip(corners, (*corners[1:], corners[0]), strict=True):
            sketch.stroke(start, end, style)
        sketch.write(*sketch.place(*corners[0]), name, style)
    for line in camera.lines:
        sketch.stroke(line.start, line.end, LINE)
        sketch.write(*sketch.place(*line.end), line.id, f"bold {LINE}")
    for sighting in sightings:
        _frame(sketch, sighting, needs)
    return sketch


def _areas(camera: Camera) -> Iterator[tuple[tuple[Point, ...], str, str]]:
    """Corners, name and style of what has corners."""
    if (region := camera.region) is not None:
        left, top, right, bottom = region.left, region.top, region.right, region.bottom
        yield ((left, top), (right, top), (right, bottom), (left, bottom)), "region", REGION
    for zone in camera.zones:
        yield zone.polygon, zone.id, ZONE
    for mask in camera.masks:
        yield mask.polygon, mask.id, MASK


def _frame(sketch: Sketch, sighting: Sighting, needs: Needs) -> None:
    box, style = sighting.box, needs.style(sighting.height_px)
    left, top = sketch.place(box.left, box.top)
    right, bottom = sketch.place(box.left + box.width, box.top + box.height)
    for column in range(left, right + 1):
        sketch.put(column, top, "─", style)
        sketch.put(column, bottom, "─", style)
    for row in range(top, bottom + 1):
        sketch.put(left, row, "│", style)
        sketch.put(right, row, "│", style)
    if bottom > top and right > left:
        for column, row, corner in ((left, top, "┌"), (right, top, "┐"), (left, bottom, "└"), (right, bottom, "┘")):
            sketch.put(column, row, corner, style)
    number = f"{sighting.height_px:.0f}"
    sketch.write((left + right + 1 - len(number)) // 2, (top + bottom) // 2, number, style)
