"""The threshold policy: windows of fewer than k people say nothing, and what is said is rounded.

Rules:
  - Counts are rounded to multiples of the grid, sums to multiples of grid × what one visit adds at the most: a single
    visitor more or less moves a figure by a fifth of a step at the most (with the default grid of 5).
  - Top-coding: no count is told as all of its whole, or nearly: at least a grid's worth of visits always remains
    deniable. So a window in which all showed the same emotion reads like one in which a grid's worth didn't.
  - The emotion part rests on fewer visits than the rest; it is let out only when those, too, are enough.
  - A grid of 1 switches rounding and top-coding off; that is for trials, and k is 2 or 3 then.
"""

from dataclasses import dataclass

from edged.anonymise.sums import EmotionSums, Sums, TimeSums
from edged.windows.tally import BOUNDS_S, SCORE_STEPS, TIME_STEPS, WIDTHS_S, Counts, Tally, Times, padded
from edged.words import EMOTIONS


@dataclass(frozen=True, slots=True)
class Threshold:
    """Protection by threshold, rounding and top-coding."""

    k: int
    grid: int

    def protect(self, tally: Tally, lines: int, zones: int) -> Sums | None:
        """Return rounded sums of k people or more, as well as people can be counted."""
        if min(tally.visits, tally.people) < self.k:
            return None
        (visits,) = self._rounded((tally.visits,))
        (dwell,) = self._times(tally.dwell, 1, visits)
        (attention,) = self._times(tally.attention, 1, visits)
        return Sums(
            visits=visits,
            dwell=dwell,
            attention=attention,
            emotion=self._emotion(tally) if tally.emotion_visits >= self.k else None,
            crossings=self._rounded(padded(tally.crossings, 2 * lines), whole=visits),
            zones=tuple(self._times(tally.zones, zones, visits)),
            most=-(-tally.most // self.grid) * self.grid,
        )

    def _rounded(self, sums: Counts, unit: int = 1, whole: int | None = None) -> Counts:
        """Round to grid × unit, what a visit adds at the most; leave a grid's worth of the whole, if any, unsaid."""
        if self.grid == 1:
            return sums
        step = self.grid * unit
        rounded = tuple((value + step // 2) // step * step for value in sums)
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
