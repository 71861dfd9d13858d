"""What vision hands on: one face in one frame.

Rules:
  - Coordinates are normalised to the picture (0 to 1, origin top left), so that nothing later depends on its size.
  - The repr shows nothing: a box in a log line would be a trace of a person.
"""

from dataclasses import dataclass

from edged.words import Scores


@dataclass(frozen=True, slots=True, repr=False)
class Box:
    """An axis-parallel rectangle in normalised picture coordinates; may reach beyond 0 to 1 at the border."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle."""
        return self.left + self.width / 2, self.top + self.height / 2

    def __repr__(self) -> str:
        return "<Box>"


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 to 1; 0 when both are empty."""
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.width * a.height + b.width * b.height - shared)


@dataclass(frozen=True, slots=True, repr=False)
class Sighting:
    """One face in one frame."""

    box: Box
    score: float
    """Confidence of the detector, 0 to 1."""
    height_px: float
    """Height of the face in pixels of the camera's picture: what the emotion network had to go by."""
    yaw: float | None
    """Turn of the head in degrees, 0 = towards the camera, positive = towards the picture's right; None if unknown."""
    roll: float | None
    """Tilt of the head in degrees in the picture plane, positive = clockwise as seen; None if unknown."""
    scores: Scores | None
    """Probability of each emotion; None when the face is too small or too turned to say."""

    def __repr__(self) -> str:
        return "<Sighting>"
