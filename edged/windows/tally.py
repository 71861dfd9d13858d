"""What a window adds up: sums only, never means, so that tallies merge.

Rules:
  - `+` is associative and commutative, and `Tally()` is its identity. All sums are whole numbers (milliseconds,
    millionths), because adding floats in another order gives other bytes.
  - A tally holds visits' figures only. What is known without anybody in view (coverage, clock) travels beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from edged.visits.visit import Visit
from edged.words import EMOTIONS

DWELL_BOUNDS_S: Final = (0, 5, 15, 30, 60)
"""Lower bounds of the dwell histogram's classes in seconds; the last one is open."""
MILLION: Final = 1_000_000

Counts5 = tuple[int, int, int, int, int]
Counts8 = tuple[int, int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, repr=False)
class Tally:
    """Sums over the visits of some stretch of time."""

    visits: int = 0
    dwell_ms: int = 0
    attention_ms: int = 0
    dwell_histogram: Counts5 = (0, 0, 0, 0, 0)
    """Visits per class of DWELL_BOUNDS_S."""
    emotion_visits: int = 0
    """Visits whose face was seen well enough to tell an emotion."""
    dominant: Counts8 = (0, 0, 0, 0, 0, 0, 0, 0)
    """Visits per strongest emotion, in the order of EMOTIONS."""
    score_sums: Counts8 = (0, 0, 0, 0, 0, 0, 0, 0)
    """Sums of the visits' mean scores, in millionths."""
    live_ms: int = 0
    """Time with live pictures in which these visits were counted."""

    @classmethod
    def of(cls, visit: Visit) -> Self:
        """Tally of one visit."""
        dwell_ms = round(visit.dwell * 1000)
        bucket = sum(dwell_ms >= 1000 * bound for bound in DWELL_BOUNDS_S) - 1
        known = visit.scores is not None
        scores = [round(score * MILLION) for score in visit.scores] if visit.scores else [0] * len(EMOTIONS)
        best = max(range(len(EMOTIONS)), key=scores.__getitem__)
        return cls(
            visits=1,
            dwell_ms=dwell_ms,
            attention_ms=round(visit.attention * 1000),
            dwell_histogram=_five(int(i == bucket) for i in range(len(DWELL_BOUNDS_S))),
            emotion_visits=int(known),
            dominant=_eight(int(known and i == best) for i in range(len(EMOTIONS))),
            score_sums=_eight(scores),
        )

    def __add__(self, other: Self) -> Self:
        return type(self)(
            visits=self.visits + other.visits,
            dwell_ms=self.dwell_ms + other.dwell_ms,
            attention_ms=self.attention_ms + other.attention_ms,
            dwell_histogram=_five(map(int.__add__, self.dwell_histogram, other.dwell_histogram)),
            emotion_visits=self.emotion_visits + other.emotion_visits,
            dominant=_eight(map(int.__add__, self.dominant, other.dominant)),
            score_sums=_eight(map(int.__add__, self.score_sums, other.score_sums)),
            live_ms=self.live_ms + other.live_ms,
        )

    def __repr__(self) -> str:
        return "<Tally>"


def _five(values: Iterable[int]) -> Counts5:
    a, b, c, d, e = values
    return a, b, c, d, e


def _eight(values: Iterable[int]) -> Counts8:
    a, b, c, d, e, f, g, h = values
    return a, b, c, d, e, f, g, h
