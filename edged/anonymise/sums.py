"""What a policy lets be known of a tally: sums from which every figure of a release is made.

Rules:
  - Whatever stands here is protected already. Making means and shares of it costs no privacy.
"""

from dataclasses import dataclass
from typing import Protocol

from edged.windows.tally import Counts, Tally

Parts = tuple[float, ...]
"""Visits in parts of a whole; not whole numbers, because scores share a visit out."""


@dataclass(frozen=True, slots=True)
class TimeSums:
    """How long visits were somewhere."""

    visits: float
    """Visits that the seconds are of; not a whole number where parts are estimated."""
    seconds: float | None
    """None when no class can be told."""
    histogram: Counts
    """Visits per class of edged.windows.tally.BOUNDS_S."""


@dataclass(frozen=True, slots=True)
class EmotionSums:
    """What the faces showed."""

    visits: int
    """Visits on which an emotion could be told; more than none."""
    dominant: Parts
    """Visits per strongest emotion."""
    scores: Parts
    """Visits per emotion, each shared out by its mean scores."""


@dataclass(frozen=True, slots=True)
class Sums:
    """One release's worth of protected sums."""

    visits: int
    dwell: TimeSums
    attention: TimeSums
    emotion: EmotionSums | None
    """None when too few faces were seen well enough."""
    crossings: Counts
    zones: tuple[TimeSums, ...]
    most: int | None
    """None when a maximum can't be protected."""


class Protection(Protocol):
    """How a release is protected: rounding (threshold.py) or noise (differential.py)."""

    def begin(self) -> None:
        """Take note that nothing is carried any more."""

    def protect(self, tally: Tally, lines: int, zones: int) -> Sums | None:
        """Return what may be known, for so many configured lines and zones; None when nothing may."""
