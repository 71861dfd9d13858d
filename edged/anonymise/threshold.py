"""The threshold policy: windows of fewer than k people say nothing, and what is said is rounded.

Rules:
  - Counts are rounded to multiples of the grid, sums to multiples of grid × what one visit adds at the most. Where the
    edges lie is drawn anew and secretly for each figure: one visitor moves a figure with a probability of one in
    `grid`, wherever the others stand, and on the average rounded figures are true. Figures of several lines, or of
    several zones, share the grid of one: with n of them it is n times as wide.
  - The number of people decides whether a window is told of, and has one draw for that and for its rounding, which
    lasts as long as anything is carried: whoever tries again and again meets the same edge.
  - Bottom-coding: a part that fewer than k visits make up is never told, and reads 0. Whoever is alone in what he does,
    or has only k − 2 visitors of an adversary beside him, moves no part at all. Mean scores are the exception: they
    are not counts of people who did the same, and emotions that are rare would never show.
  - Top-coding: no part is told as all of its whole, or nearly: at least a grid's worth of visits always remains
    deniable. So a window in which all showed the same emotion reads like one in which a grid's worth didn't.
  - A mean time is made of the parts that are told. What they leave over is taken to be spread over the others, and the
    less over a class the wider it is, as long stays are rarer.
  - A grid of 1 switches rounding and both codings off; that is for trials, and k is 2 or 3 then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import mul
from typing import Final

from edged.anonymise.sums import EmotionSums, Sums, TimeSums
from edged.windows.tally import BOUNDS_S, MIDDLES_S, SCORE_STEPS, TIME_STEPS, WIDTHS_S, Counts, Tally, Times, padded
from edged.words import EMOTIONS

CLASSES: Final = len(BOUNDS_S)


@dataclass(slots=True)
class Threshold:
    """Protection by threshold, rounding, bottom-coding and top-coding."""

    k: int
    grid: int
    below: Callable[[int], int]
    """Draws a number from 0 to one less than this, each as likely, and nobody else knows it."""
    _up: int | None = field(default=None, init=False, repr=False)
    """What is added to the numbers of people and visits before rounding down; None until k people need it."""

    def begin(self) -> None:
        """Forget the edge for people: nothing is carried any more, and the next k meet another one."""
        self._up = None

    def protect(self, tally: Tally, lines: int, zones: int) -> Sums | None:
        """Return rounded sums of k people or more, as well as people can be counted."""
        if tally.people < self.k:
            return None
        if self._up is None:
            self._up = self.below(self.grid)
        visits, people = ((number + self._up) // self.grid * self.grid for number in (tally.visits, tally.people))
        if people < self._least():
            return None
        crossings = self._parts(padded(tally.crossings, 2 * lines), lines)
        return Sums(
            visits=visits,
            dwell=self._times(tally.dwell, people),
            attention=self._times(tally.attention, people, tally.people),
            emotion=self._emotion(tally),
            crossings=tuple(min(count, visits) for count in crossings),
            zones=tuple(self._times(zone, people, tally.people, zones) for zone in tally.zones.places(zones)),
            most=-(-(tally.most + self.below(self.grid)) // self.grid) * self.grid,
        )

    def _least(self, spread: int = 1) -> int:
        """Return the least number of visits that is told: one that can't have been rounded up from fewer than k."""
        return self.k + self.grid * spread - 1

    def _rounded(self, value: int, step: int) -> int:
        return (value + self.below(step)) // step * step

    def _parts(self, counts: Counts, spread: int, whole: int | None = None) -> Counts:
        """Round numbers of visits, bottom-coded, and top-coded if they are parts of a whole."""
        if self.grid == 1:
            return counts
        rounded = [self._rounded(count, self.grid * spread) for count in counts]
        if whole is not None:
            rounded = [min(count, whole - self.grid) for count in rounded]
        return tuple(count if count >= self._least(spread) else 0 for count in rounded)

    def _times(self, times: Times, people: int, true_people: int | None = None, spread: int = 1) -> TimeSums:
        """Tell times of so many people; of so many truly, if not all of them need be in a class."""
        classes = padded(times.visits, CLASSES)
        if self.grid == 1:
            return TimeSums(sum(classes), _seconds(classes, padded(times.steps, CLASSES)), classes)
        elsewhere = () if true_people is None else (true_people - sum(classes),)
        parts = self._parts((*classes, *elsewhere), spread, people)
        told = parts[:CLASSES]
        if not any(told):
            return TimeSums(0, None, told)
        widths = [width for width, part in zip((*WIDTHS_S, WIDTHS_S[0]), parts, strict=False) if not part]
        left = max(people - sum(parts), 0) / max(sum(1 / width for width in widths), 1e-9)
        likely = [part or left / width for width, part in zip(WIDTHS_S, told, strict=True)]
        return TimeSums(sum(likely), sum(map(mul, likely, MIDDLES_S)), told)

    def _emotion(self, tally: Tally) -> EmotionSums | None:
        visits = self._rounded(tally.emotion_visits, self.grid)
        if visits < self._least():
            return None
        dominant = self._parts(padded(tally.dominant, len(EMOTIONS)), 1, visits)
        scores = [
            self._rounded(score, self.grid * SCORE_STEPS if self.grid > 1 else 1)
            for score in padded(tally.scores, len(EMOTIONS))
        ]
        most = (visits - self.grid if self.grid > 1 else visits) * SCORE_STEPS
        return EmotionSums(visits, dominant, tuple(min(score, most) / SCORE_STEPS for score in scores))


def _seconds(counts: Counts, steps: Counts) -> float:
    return sum(
        count * bound + reached / TIME_STEPS * width
        for count, reached, bound, width in zip(counts, steps, BOUNDS_S, WIDTHS_S, strict=True)
    )
