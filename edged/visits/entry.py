"""What one track amounts to while it lasts.

Rules:
  - Means are over time, not over sightings: a face seen by more frames weighs no more.
  - A sighting is good evidence of a person when the detector is sure and the face isn't in full profile.
"""

from edged.config.model import Camera, Visits
from edged.vision.sighting import Box, Sighting
from edged.visits.scene import LineWatch, inside
from edged.visits.visit import Visit
from edged.words import EMOTIONS, Scores

LONGEST_STEP = 0.5
"""Seconds that one sighting can stand for at the most: what happened in a longer gap isn't known."""
FIRST_STEP = 0.001
"""Seconds that the first sighting of a track stands for: next to nothing, yet enough when it is the only one."""
FULL_QUALITY_PX = 48.0
"""From this face height on a sighting has full weight: the emotion network's own resolution."""
STILL = 0.5
"""Face widths within which a face must stay to count as unmoved."""


class Entry:
    """One track's page in the book of visits."""

    __slots__ = (
        "_attention",
        "_lines",
        "_unmoved_at",
        "_unmoved_since",
        "_weighted",
        "_zone_s",
        "counted",
        "crossings",
        "end",
        "first",
        "good",
        "last",
        "start",
    )

    def __init__(self, now: float, first: Box, camera: Camera) -> None:
        self.start = self.end = now
        self.first = self.last = first
        self.good = 0
        """Sightings that are evidence of a person."""
        self.counted = False
        """True when the visit has been told, or never will be: the rest of the track says nothing more."""
        self.crossings: set[tuple[int, bool]] = set()
        self._lines = [LineWatch(line) for line in camera.lines]
        self._zone_s = [0.0] * len(camera.zones)
        self._attention = 0.0
        self._weighted = [0.0] * len(EMOTIONS)
        self._unmoved_at = first
        self._unmoved_since = now

    @property
    def dwell(self) -> float:
        """Seconds from first to last sighting."""
        return self.end - self.start

    @property
    def unmoved(self) -> float:
        """Seconds for which the face has stayed where it is."""
        return self.end - self._unmoved_since

    def add(self, now: float, sighting: Sighting, settings: Visits, camera: Camera) -> None:
        """Take a sighting in."""
        step = min(max(now - self.end, FIRST_STEP), LONGEST_STEP)
        self.end, self.last = now, sighting.box
        turned = abs(sighting.yaw) if sighting.yaw is not None else None
        self.good += sighting.score >= settings.min_score and (turned is None or turned <= settings.max_yaw_deg)
        if turned is not None and turned <= settings.attention_yaw_deg:
            self._attention += step
        self._feel(step, sighting)
        self._place(step, sighting.box, camera)

    def visit(self, *, fragment: bool) -> Visit:
        """Write the visit down; `fragment`: it may continue one that ended just before."""
        return Visit(
            start=self.start,
            end=self.end,
            attention=min(self._attention, self.dwell),
            scores=self._mean_scores(),
            crossings=frozenset(self.crossings),
            zones=tuple(min(seconds, self.dwell) for seconds in self._zone_s),
            fragment=fragment,
        )

    def _feel(self, step: float, sighting: Sighting) -> None:
        if sighting.scores is not None:
            weight = step * min(sighting.height_px / FULL_QUALITY_PX, 1.0)
            for i, score in enumerate(sighting.scores):
                self._weighted[i] += weight * score

    def _place(self, step: float, box: Box, camera: Camera) -> None:
        for i, watch in enumerate(self._lines):
            direction = watch.crossed(box)
            if direction is not None:
                self.crossings.add((i, direction))
        for i, zone in enumerate(camera.zones):
            if inside(box.centre, zone.polygon):
                self._zone_s[i] += step
        if apart(box, self._unmoved_at) > STILL:
            self._unmoved_at, self._unmoved_since = box, self.end

    def _mean_scores(self) -> Scores | None:
        total = sum(self._weighted)
        if total <= 0:
            return None
        neutral, happiness, surprise, sadness, anger, disgust, fear, contempt = (x / total for x in self._weighted)
        return neutral, happiness, surprise, sadness, anger, disgust, fear, contempt


def apart(a: Box, b: Box) -> float:
    """Distance of two faces' centres in face sizes."""
    (ax, ay), (bx, by) = a.centre, b.centre
    return max(abs(ax - bx) * 2 / (a.width + b.width), abs(ay - by) * 2 / (a.height + b.height))
