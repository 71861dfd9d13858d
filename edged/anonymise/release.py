"""The one door from `Tally` to `Release`. Audit this module and you know what can leave the device about visitors.

A release is withheld or made window by window (`Gate`); how its sums are protected is the policy's (`Protection`):
rounding (threshold.py) or noise (differential.py).

Rules:
  - Too few people: nothing. The tally is carried into the next window until there are enough, or dropped unseen once it
    has been carried `carry` times. How long it is carried depends on how many windows passed, never on whether anybody
    was there, so that a withheld window and an empty one are told apart by nothing.
  - The emotion part rests on fewer visits than the rest; it is let out only when those, too, are enough.
  - Only protected sums are worked with; every mean and share is made of them.
"""

from typing import Final, Protocol

from edged.anonymise.figures import EmotionFigures, Release, Shares, TimeFigures
from edged.windows.tally import BOUNDS_S, SCORE_STEPS, TIME_STEPS, WIDTHS_S, Counts, Tally, Times, padded

EMOTIONS: Final = 8
CLASSES: Final = len(BOUNDS_S)


class Protection(Protocol):
    """How the sums of one release are protected."""

    def admits(self, visits: int, people: int) -> bool:
        """Say whether so many visits, of so many people at least, may be told of at all."""

    def sums(self, figure: str, sums: Counts, unit: int = 1, whole: int | None = None) -> Counts:
        """Protect sums to each of which a visit adds at most `unit`.

        `whole`, itself protected, is the number of visits that they are parts of, where there is one.
        """

    def most(self, value: int) -> int | None:
        """Protect a maximum; None when that can't be done."""


class Gate:
    """Decides window by window, for one camera. Holds what is carried, in memory only."""

    def __init__(self, protection: Protection, carry: int, lines: int = 0, zones: int = 0) -> None:
        self._protection = protection
        self._carry = carry
        self._lines = lines
        self._zones = zones
        self._held = Tally()
        self._windows = 0

    def close(self, tally: Tally) -> Release | None:
        """Take the tally of the window that has just ended; return what may be said, or None to say nothing."""
        held, windows = self._held + tally, self._windows + 1
        admitted = self._protection.admits(held.visits, held.people)
        if admitted or windows > self._carry:
            self._held, self._windows = Tally(), 0
        else:
            self._held, self._windows = held, windows
        return self._release(held, windows) if admitted else None

    def _release(self, tally: Tally, windows: int) -> Release:
        protect = self._protection
        (visits,) = protect.sums("visits", (tally.visits,))
        (dwell,) = self._times("dwell", tally.dwell, 1, visits)
        (attention,) = self._times("attention", tally.attention, 1, visits)
        seen_s = dwell.mean_s * visits
        return Release(
            windows_covered=windows,
            visits=visits,
            dwell=dwell,
            attention=attention,
            attention_share=_ratio(attention.mean_s * sum(attention.histogram), dwell.mean_s * sum(dwell.histogram)),
            in_view_mean=round(1000 * seen_s / max(tally.live_ms, 1), 2),
            in_view_most=protect.most(tally.most),
            emotion=self._emotion(tally) if protect.admits(tally.emotion_visits, tally.emotion_visits) else None,
            crossings=protect.sums("crossings", padded(tally.crossings, 2 * self._lines), whole=visits),
            zones=tuple(self._times("zones", tally.zones, self._zones, visits)),
        )

    def _times(self, figure: str, times: Times, places: int, visits: int) -> list[TimeFigures]:
        counts = self._protection.sums(figure, padded(times.visits, CLASSES * places), whole=visits)
        steps = self._protection.sums(f"{figure}_time", padded(times.steps, CLASSES * places), TIME_STEPS)
        return [
            _time_figures(counts[i : i + CLASSES], steps[i : i + CLASSES]) for i in range(0, CLASSES * places, CLASSES)
        ]

    def _emotion(self, tally: Tally) -> EmotionFigures:
        (visits,) = self._protection.sums("emotion_visits", (tally.emotion_visits,))
        dominant = self._protection.sums("dominant", padded(tally.dominant, EMOTIONS), whole=visits)
        scores = self._protection.sums("scores", padded(tally.scores, EMOTIONS), SCORE_STEPS, visits)
        return EmotionFigures(visits, _shares(dominant, visits), _shares(scores, visits * SCORE_STEPS))


def _time_figures(counts: Counts, steps: Counts) -> TimeFigures:
    seconds = sum(
        count * bound + min(max(reached / TIME_STEPS, 0), count) * width
        for count, reached, bound, width in zip(counts, steps, BOUNDS_S, WIDTHS_S, strict=True)
    )
    return TimeFigures(round(seconds / max(sum(counts), 1), 1), counts)


def _shares(parts: Counts, whole: int) -> Shares:
    return tuple(_ratio(part, whole) for part in parts)


def _ratio(part: float, whole: float) -> float:
    return round(min(part / whole, 1.0), 2) if whole > 0 else 0.0
