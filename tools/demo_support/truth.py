"""What there was to see in the sample video, cut into the windows that were measured.

The video begins where the first window begins. Its windows are the wall clock's, which nobody can make the video wait
for, so the truth is cut to fit them, by the service's own rule: a visit belongs to the window in which it is known to
be over, that is `LOST_AFTER_S` after its end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

LOST_AFTER_S = 1.5
"""visits.lost_after_s of the demo: the sample's people follow each other more closely than a shop's do."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The truth of a stretch of time, as sums."""

    visits: int
    dwell_s: float
    length_s: float

    @property
    def mean_dwell_s(self) -> float | None:
        """Mean seconds in view per visit."""
        return self.dwell_s / self.visits if self.visits else None

    @property
    def mean_in_view(self) -> float:
        """Mean number of people in view, by the visits that ended."""
        return self.dwell_s / self.length_s if self.length_s else 0.0


@dataclass(frozen=True, slots=True)
class Truth:
    """The visits of the sample video."""

    length_s: float
    visits: tuple[tuple[float, float], ...]
    """(end, duration) of each, in seconds."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read truth.json."""
        told = json.loads(path.read_text(encoding="utf-8"))
        visits = tuple((float(visit["end_s"]), float(visit["duration_s"])) for visit in told["visits"])
        return cls(float(told["video"]["duration_s"]), visits)

    def between(self, start: datetime, end: datetime, began: datetime) -> Seen:
        """The truth of a window, for a video that began at `began`."""
        since, until = (start - began).total_seconds(), (end - began).total_seconds()
        ended = [duration for over, duration in self.visits if since < self._known(over) <= until]
        return Seen(len(ended), sum(ended), max(min(until, self.length_s) - since, 0.0))

    def whole(self) -> Seen:
        """The truth of the whole video."""
        return Seen(len(self.visits), sum(duration for _, duration in self.visits), self.length_s)

    def _known(self, over: float) -> float:
        return min(over + LOST_AFTER_S, self.length_s)
