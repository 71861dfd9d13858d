"""The threshold policy: windows of fewer than k people say nothing, and what is said is rounded.

Rules:
  - Counts are rounded to multiples of the grid, sums to multiples of grid × what one visit adds at the most.
  - Where the edges of rounding lie is drawn anew for each figure, and how far above k the threshold lies for each run
    of carried windows: who brings visitors of his own can't bring a figure to an edge that only the target would cross.
    One visitor moves a figure with a probability of one in `grid`, wherever the others stand; on the average, rounded
    figures are true.
  - Top-coding: no count is told as all of its whole, or nearly: at least a grid's worth of visits always remains
    deniable. So a window in which all showed the same emotion reads like one in which a grid's worth didn't.
  - The emotion part rests on fewer visits than the rest; it is let out only when those, too, are enough.
  - A grid of 1 switches rounding and top-coding off; that is for trials, and k is 2 or 3 then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from edged.anonymise.sums import EmotionSums, Sums, TimeSums
from edged.windows.tally import BOUNDS_S, SCORE_STEPS, TIME_STEPS, WIDTHS_S, Counts, Tally, Times, padded
from edged.words import EMOTIONS


class Edges(Protocol):
    """Where rounding goes up, and where the threshold lies."""

    def up(self, step: int) -> int:
        """What is added, 0 to step − 1, before rounding down to a multiple of a step."""

    def above(self, grid: int) -> int:
        """People, 0 to grid − 1, that are asked for beyond k."""


class Fixed:
    """Edges half-way and the threshold at k: for examples. Whoever knows the others knows the rest."""

    def up(self, step: int) -> int:
        """Half a step."""
        return step // 2

    def above(self, grid: int) -> int:  # noqa: ARG002
        """Nobody."""
        return 0


FIXED: Final = Fixed()


@dataclass(frozen=True, slots=True)
class Drawn:
    """Edges that nobody knows, evenly distributed."""

    below: Callable[[int], int]
    """Draws a number from 0 to one less than this."""

    def up(self, step: int) -> int:
        """Any part of a step."""
        return self.below(step)

    def above(self, grid: int) -> int:
        """Up to grid − 1."""
        return self.below(grid)


@dataclass(slots=True)
class Threshold:
    """Protection by threshold, rounding and top-coding."""

    k: int
    grid: int
    edges: Edges = FIXED
    _least: int = field(init=False, repr=False)
    """People asked for until `begin` is called again."""

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Draw the threshold anew: nothing is carried any more."""
        self._least = self.k + self.edges.above(self.grid)

    def protect(self, tally: Tally, lines: int, zones: int) -> Sums | None:
        """Return rounded sums of k people or more, as well as people can be counted."""
        if min(tally.visits, tally.people) < self._least:
            return None
        # Of the visits with an emotion, so many at least are of different people.
        readable = tally.emotion_visits - (tally.visits - tally.people)
        (visits,) = self._rounded((tally.visits,))
        (dwell,) = self._times(tally.dwell, 1, visits)
        (attention,) = self._times(tally.attention, 1, visits)
        return Sums(
            visits=visits,
            dwell=dwell,
            attention=attention,
            emotion=self._emotion(tally) if readable >= self._least else None,
            crossings=self._rounded(padded(tally.crossings, 2 * lines), whole=visits),
            zones=tuple(self._times(tally.zones, zones, visits)),
            most=-(-(tally.most + self.edges.up(self.grid)) // self.grid) * self.grid if self.grid > 1 else tally.most,
        )

    def _rounded(self, sums: Counts, unit: int = 1, whole: int | None = None) -> Counts:
        """Round to grid × unit, what a visit adds at the most; leave a grid's worth of the whole, if any, unsaid."""
        if self.grid == 1:
            return sums
        step = self.grid * unit
        rounded = tuple((value + self.edges.up(step)) // step * step for value in sums)
        return rounded if whole is None else tuple(min(value, max(whole - self.grid, 0) * unit) for value in rounded)

    def _times(self, times: Times, places: int, visits: int) -> list[TimeSums]:
        classes = len(BOUNDS_S)
        counts = self._rounded(padded(times.visits, classes * places), whole=visits)
        steps = self._rounded(padded(times.steps, classes * places), TIME_STEPS)
        return [
            _time_sums(counts[i : i + classes], steps[i : i + classes]) for i in range(0, classes * places, classes)
        ]

    def _emotion(self, tally: Tally) -> EmotionSums:
        (visits,) = self._rounded((tally.emotion_visits,))
        dominant = self._rounded(padded(tally.dominant, len(EMOTIONS)), whole=visits)
        scores = self._rounded(padded(tally.scores, len(EMOTIONS)), SCORE_STEPS, visits)
        return EmotionSums(visits, dominant, tuple(score / SCORE_STEPS for score in scores))


def _time_sums(counts: Counts, steps: Counts) -> TimeSums:
    seconds = sum(
        count * bound + min(max(reached / TIME_STEPS, 0), count) * width
        for count, reached, bound, width in zip(counts, steps, BOUNDS_S, WIDTHS_S, strict=True)
    )
    return TimeSums(sum(counts), seconds, counts)
