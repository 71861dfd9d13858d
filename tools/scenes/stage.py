"""What a fixed camera could see of the people: the truth, frame by frame.

Rules:
  - A face shows when half of its box is in the picture, most of it isn't hidden by somebody nearer or a post, and it
    isn't turned away. Only faces that show have a box in the truth.
  - A visit is one person from the first to the last frame in which the face shows. Whoever looks away, is hidden or
    steps out of the picture has not left, unless for more than AWAY_S: then nothing but the looks could tell whether
    the same person came back. A visit in which the face shows for less than GLIMPSE_S in all is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edged.vision.sighting import Box

from .people import Person

FACE_W_M, FACE_H_M = 0.15, 0.20
SHOULDERS_M = 0.42
LEAST_VISIBLE = 0.6
"""A detector hardly finds a face of which less is seen."""
GLIMPSE_S = 1.0
AWAY_S = 5.0
NEAREST_M = 0.3


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera, level, with a shifted horizon instead of a tilt."""

    width: int
    height: int
    focal_px: float
    up_m: float
    """Height above the floor."""
    horizon: float = 0.4
    """Where things as high as the camera appear, share of the picture's height from the top."""

    def face(self, x: float, up: float, z: float) -> Box:
        """Return the box of a face, normalised."""
        return self._box(x, self.up_m - up, z, FACE_W_M, FACE_H_M)

    def body(self, face: Box, z: float) -> Box:
        """Return what hides others below the chin: shoulders and all that is under them."""
        width = self.focal_px * SHOULDERS_M / z / self.width
        chin = face.top + face.height * 1.15
        return Box(face.centre[0] - width / 2, chin, width, max(1.5 - chin, 0.0))

    def post(self, x: float, z: float, width_m: float) -> Box:
        """Return a post from floor to ceiling."""
        width = self.focal_px * width_m / z / self.width
        return Box(0.5 + self.focal_px * x / z / self.width - width / 2, -1.0, width, 3.0)

    def reach(self, z: float) -> float:
        """Metres from the axis to the picture's edge at a distance."""
        return z * self.width / 2 / self.focal_px

    def _box(self, x: float, down: float, z: float, width_m: float, height_m: float) -> Box:
        scale_x, scale_y = self.focal_px / z / self.width, self.focal_px / z / self.height
        return Box(
            0.5 + scale_x * (x - width_m / 2),
            self.horizon + scale_y * (down - height_m / 2),
            scale_x * width_m,
            scale_y * height_m,
        )


@dataclass(frozen=True, slots=True)
class Post:
    """Something that stands in the way."""

    x: float
    z: float
    width_m: float


@dataclass(slots=True)
class Truth:
    """What there was to be seen."""

    times: list[float]
    boxes: list[dict[int, Box]]
    """For each frame the faces that show, by visit."""
    visits: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Start and end of each visit that is one."""


def look(lens: Lens, people: Sequence[Person], posts: Sequence[Post], times: Sequence[float]) -> Truth:
    """Return the truth of a scene."""
    truth = Truth(list(times), [])
    visit_of: dict[int, int] = {}
    spans: list[tuple[float, float]] = []
    shown: list[float] = []
    before = times[0]
    for now in times:
        boxes = _showing(lens, people, posts, now)
        for person in boxes:
            if person not in visit_of or now - spans[visit_of[person]][1] > AWAY_S:
                visit_of[person] = len(spans)
                spans.append((now, now))
                shown.append(0.0)
            visit = visit_of[person]
            spans[visit] = spans[visit][0], now
            shown[visit] += now - before
        truth.boxes.append({visit_of[person]: box for person, box in boxes.items()})
        before = now
    truth.visits = {visit: span for visit, span in enumerate(spans) if shown[visit] >= GLIMPSE_S}
    return truth


def _showing(lens: Lens, people: Sequence[Person], posts: Sequence[Post], now: float) -> dict[int, Box]:
    placed: list[tuple[float, int, Box]] = []
    for number, person in enumerate(people):
        place = person.at(now)
        if place is not None and place[2] > NEAREST_M:
            placed.append((place[2], number, lens.face(*place)))
    placed.sort(key=lambda entry: entry[0])
    hiding = [(post.z, lens.post(post.x, post.z, post.width_m)) for post in posts]
    boxes: dict[int, Box] = {}
    for z, number, face in placed:
        hidden = sum(shared(face, other) for distance, other in hiding if distance < z)
        if shared(face, Box(0, 0, 1, 1)) >= 0.5 and hidden <= 1 - LEAST_VISIBLE and not people[number].looks_away(now):
            boxes[number] = face
        hiding += [(z, face), (z, lens.body(face, z))]
    return boxes


def shared(face: Box, other: Box) -> float:
    """Return the share of `face` that lies within `other`."""
    width = min(face.left + face.width, other.left + other.width) - max(face.left, other.left)
    height = min(face.top + face.height, other.top + other.height) - max(face.top, other.top)
    return max(width, 0.0) * max(height, 0.0) / (face.width * face.height)
