"""What a window adds up: sums only, never means, so that tallies merge.

Rules:
  - `+` is associative and commutative, and `Tally()` is its identity. All sums are whole numbers, because adding floats
    in another order gives other bytes.
  - A visit adds a bounded amount to each sum: at most one to a count, TIME_STEPS to the times of one class, SCORE_STEPS
    to all scores together. What one visitor can move at the most is what anonymise has to hide.
  - A tally holds visits' figures only. What is known without anybody in view (coverage, clock) travels beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from typing import Final, Self

from edged.visits.visit import Visit

BOUNDS_S: Final = (0, 5, 15, 30, 60)
"""Lower bounds in seconds of the classes of dwell, attention and time in zones; the last class is open."""
WIDTHS_S: Final = (5, 10, 15, 30, 60)
"""Widths of the classes; in the open one, a visit counts up to 60 s more than its bound."""
MIDDLES_S: Final = tuple(bound + width / 2 for bound, width in zip(BOUNDS_S, WIDTHS_S, strict=True))
"""What a visit of each class counts in a mean where only its class is known."""
TIME_STEPS: Final = 20
"""How far into its class a time reaches is counted in so many steps of the class's width."""
SCORE_STEPS: Final = 100
"""A visit's mean scores are shared out in so many steps."""

Counts = tuple[int, ...]
"""Sums of one kind; zeros at the end may be missing."""


@dataclass(frozen=True, slots=True, repr=False)
class Times:
    """Visits by time, in the classes of BOUNDS_S; several places one after the other (zones) or a single one."""

    visits: Counts = ()
    """Visits per class."""
    steps: Counts = ()
    """How far into their class they reached, summed, in steps."""

    @classmethod
    def of(cls, places: Sequence[float]) -> Self:
        """Times of one visit at each place; where it was for 0 s it has not been."""
        visits, steps = [0] * len(BOUNDS_S) * len(places), [0] * len(BOUNDS_S) * len(places)
        for place, seconds in enumerate(places):
            if seconds > 0:
                in_class = sum(seconds >= bound for bound in BOUNDS_S) - 1
                beyond = min((seconds - BOUNDS_S[in_class]) / WIDTHS_S[in_class], 1.0)
                visits[len(BOUNDS_S) * place + in_class] = 1
                steps[len(BOUNDS_S) * place + in_class] = round(TIME_STEPS * beyond)
        return cls(_trimmed(visits), _trimmed(steps))

    def places(self, number: int) -> "list[Times]":
        """Take so many places apart."""
        length = len(BOUNDS_S)
        visits, steps = padded(self.visits, length * number), padded(self.steps, length * number)
        return [Times(visits[i : i + length], steps[i : i + length]) for i in range(0, length * number, length)]

    def __add__(self, other: Self) -> Self:
        return type(self)(_sum(self.visits, other.visits), _sum(self.steps, other.steps))

    def __repr__(self) -> str:
        return "<Times>"


@dataclass(frozen=True, slots=True, repr=False)
class Tally:
    """Sums over the visits of some stretch of time."""

    visits: int = 0
    people: int = 0
    """Visits less those that may continue another: the fewest people that the visits can have been."""
    dwell: Times = Times()
    """Time in view. This and all below but `crossings` is of people: who comes back counts once."""
    attention: Times = Times()
    """Time turned towards the camera; who never was is in no class."""
    emotion_visits: int = 0
    """Visits whose face was seen well enough to tell an emotion."""
    dominant: Counts = ()
    """Visits per strongest emotion, in the order of edged.words.EMOTIONS."""
    scores: Counts = ()
    """Sums of the visits' mean scores, in steps of 1 / SCORE_STEPS."""
    crossings: Counts = ()
    """Visits that crossed each line: in, out, in, out …"""
    zones: Times = Times()
    """Time in each zone, one after the other."""
    most: int = 0
    """The most of these visits that took place at a time, window by window (`most_at_once`)."""
    live_ms: int = 0
    """Time with live pictures in which these visits were counted."""

    @classmethod
    def of(cls, visit: Visit) -> Self:
        """Tally of one visit. A fragment is a visit and its crossings: all else was told of that person before."""
        crossed = {2 * line + int(not inwards) for line, inwards in visit.crossings}
        crossings = _trimmed([int(i in crossed) for i in range(max(crossed, default=-1) + 1)])
        if visit.fragment:
            return cls(visits=1, crossings=crossings)
        scores = _shared_out(visit.scores) if visit.scores else []
        return cls(
            visits=1,
            people=1,
            dwell=Times.of([max(visit.dwell, 1e-3)]),
            attention=Times.of([visit.attention]),
            emotion_visits=int(bool(scores)),
            dominant=_trimmed([int(i == scores.index(max(scores))) for i in range(len(scores))]),
            scores=_trimmed(scores),
            crossings=crossings,
            zones=Times.of(visit.zones),
        )

    def __add__(self, other: Self) -> Self:
        return type(self)(
            visits=self.visits + other.visits,
            people=self.people + other.people,
            dwell=self.dwell + other.dwell,
            attention=self.attention + other.attention,
            emotion_visits=self.emotion_visits + other.emotion_visits,
            dominant=_sum(self.dominant, other.dominant),
            scores=_sum(self.scores, other.scores),
            crossings=_sum(self.crossings, other.crossings),
            zones=self.zones + other.zones,
            most=max(self.most, other.most),
            live_ms=self.live_ms + other.live_ms,
        )

    def __repr__(self) -> str:
        return "<Tally>"


def most_at_once(stays: Iterable[tuple[float, float]]) -> int:
    """Return how many of these (start, end) overlapped at the most. One more adds one at the most."""
    moments = sorted((moment, change) for start, end in stays for moment, change in ((start, -1), (end, 1)))
    return max(accumulate((-change for _, change in moments), initial=0))


def padded(counts: Counts, length: int) -> Counts:
    """Write out the zeros that may be missing at the end."""
    return counts + (0,) * (length - len(counts))


def _sum(a: Counts, b: Counts) -> Counts:
    return _trimmed([x + y for x, y in zip_longest(a, b, fillvalue=0)])


def _trimmed(counts: list[int]) -> Counts:
    """Leave out the zeros at the end, so that equal sums are equal tuples."""
    end = max((i + 1 for i, count in enumerate(counts) if count), default=0)
    return tuple(counts[:end])


def _shared_out(shares: Iterable[float]) -> list[int]:
    """Share SCORE_STEPS out in whole steps (largest remainder), so that every visit adds the same in all."""
    exact = [share * SCORE_STEPS for share in shares]
    steps = [int(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (steps[i] - exact[i], i))
    for i in by_remainder[: SCORE_STEPS - sum(steps)]:
        steps[i] += 1
    return steps
