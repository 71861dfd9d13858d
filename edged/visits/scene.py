"""What a camera's picture is divided into: counting lines, zones, and masks where faces are not looked at.

Rules:
  - Coordinates are normalised (0 to 1, origin top left), as sightings' boxes are; what crosses or is inside is the
    middle of the face.
  - A line has a direction, from its first point to its second; crossing it from left to right as one looks along it is
    `in`, the other way is `out`.
  - A crossing counts when the face has left the line behind by HYSTERESIS face widths: standing on it is no crossing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edged.config.model import Line, Point, Zone
from edged.vision.sighting import Box

HYSTERESIS = 0.25
"""Face widths by which a face must be beyond a line: more than its box trembles."""


def inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Say whether a point is inside a polygon (even-odd rule; Shimrat 1962)."""
    x, y = point
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


def masked(box: Box, masks: Sequence[Zone]) -> bool:
    """Say whether a face lies where faces are not looked at."""
    return any(inside(box.centre, mask.polygon) for mask in masks)


def _turn(a: Point, b: Point, c: Point) -> float:
    """Positive when c is to the right of the way from a to b, as seen on a picture whose y grows downwards."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@dataclass(slots=True, repr=False)
class LineWatch:
    """One face and one line: on which side it was last surely seen."""

    line: Line
    place: Point | None = None

    def crossed(self, box: Box) -> bool | None:
        """Note where the face is now; return True for a crossing `in`, False for `out`, None for none."""
        start, end = self.line.start, self.line.end
        length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        here = box.centre
        side = _turn(start, end, here)
        if abs(side) / length < HYSTERESIS * box.width:
            return None
        before, self.place = self.place, here
        if before is None or (_turn(start, end, before) > 0) == (side > 0):
            return None
        if (_turn(before, here, start) > 0) == (_turn(before, here, end) > 0):  # past the end of the line
            return None
        return side > 0
