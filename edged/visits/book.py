"""Keeps the book of visits: what each track amounts to while it lasts, and a `Visit` when it ends.

Rules:
  - A visit is written down once, when its track is lost or reaches the longest visit; it belongs to the window that
    is open at that moment. A track that goes on past the longest visit is followed on, but not counted again.
  - Means are over time, not over sightings: a face seen by more frames weighs no more.
  - Too little evidence is no visit: few sightings that are sure and not in full profile, or a short appearance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edged.config.model import Visits
from edged.vision.sighting import Sighting
from edged.visits.tracker import Tracker
from edged.visits.visit import Visit
from edged.words import EMOTIONS, Scores

LONGEST_STEP = 0.5
"""Seconds that one sighting can stand for at the most: what happened in a longer gap isn't known."""
FIRST_STEP = 0.001
"""Seconds that the first sighting of a track stands for: next to nothing, yet enough when it is the only one."""
FULL_QUALITY_PX = 48.0
"""From this face height on a sighting has full weight: the emotion network's own resolution."""


@dataclass(slots=True, repr=False)
class _Entry:
    start: float
    end: float
    good: int = 0
    """Sightings that are evidence of a person."""
    attention: float = 0.0
    weight: float = 0.0
    weighted: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))
    counted: bool = False

    def add(self, now: float, sighting: Sighting, settings: Visits) -> None:
        step = min(max(now - self.end, FIRST_STEP), LONGEST_STEP)
        self.end = now
        turned = abs(sighting.yaw) if sighting.yaw is not None else None
        self.good += sighting.score >= settings.min_score and (turned is None or turned <= settings.max_yaw_deg)
        if turned is not None and turned <= settings.attention_yaw_deg:
            self.attention += step
        if sighting.scores is not None:
            weight = step * min(sighting.height_px / FULL_QUALITY_PX, 1.0)
            self.weight += weight
            self.weighted = [sum_ + weight * score for sum_, score in zip(self.weighted, sighting.scores, strict=True)]

    def visit(self) -> Visit:
        return Visit(self.start, self.end, min(self.attention, self.end - self.start), self._mean_scores())

    def _mean_scores(self) -> Scores | None:
        total = sum(self.weighted)
        if total <= 0:
            return None
        neutral, happiness, surprise, sadness, anger, disgust, fear, contempt = (x / total for x in self.weighted)
        return neutral, happiness, surprise, sadness, anger, disgust, fear, contempt


class VisitBook:
    """The visits of one camera."""

    def __init__(self, settings: Visits) -> None:
        self._settings = settings
        self._tracker = Tracker(settings.lost_after_s)
        self._open: dict[int, _Entry] = {}

    def observe(self, now: float, sightings: Sequence[Sighting]) -> list[Visit]:
        """Take in what one frame showed; return the visits that have ended."""
        ended = self.advance(now)
        for track, sighting in self._tracker.update(now, sightings):
            entry = self._open.setdefault(track.id, _Entry(now, now))
            entry.add(now, sighting, self._settings)
        return ended

    def advance(self, now: float) -> list[Visit]:
        """Let time pass without a frame; return the visits that have ended."""
        ended = [self._open.pop(track) for track in self._tracker.drop_lost(now)]
        too_long = [
            e for e in self._open.values() if not e.counted and e.end - e.start >= self._settings.max_duration_s
        ]
        visits = self._enough([*ended, *too_long])
        for entry in too_long:
            entry.counted = True
        return visits

    def close(self) -> list[Visit]:
        """End all visits, as at the end of a recording."""
        return self._enough([self._open.pop(track) for track in self._tracker.drop_all()])

    def _enough(self, entries: Sequence[_Entry]) -> list[Visit]:
        return [
            entry.visit()
            for entry in entries
            if not entry.counted
            and entry.good >= self._settings.min_sightings
            and entry.end - entry.start >= self._settings.min_duration_s
        ]
