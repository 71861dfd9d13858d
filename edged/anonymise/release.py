"""The one door from `Tally` to `Release`. Audit this module and you know what can leave the device about visitors.

Rules:
  - Fewer than k visits: nothing. The tally is carried into the next window until k is reached, or dropped unseen once
    it has been carried `carry` times. How many windows are carried depends on the calendar of releases alone, never on
    whether anybody was there, so that a withheld window and an empty one are told apart by nothing.
  - The emotion part rests on fewer visits than the rest; it is let out only when those, too, are k or more.
  - Figures are rounded here, once: a reader of messages never sees a finer value.
  - A `Release` is made by `Gate.close` alone (tests/architecture holds this), and what it was made from is forgotten.
"""

from dataclasses import dataclass

from edged.windows.tally import MILLION, Counts5, Tally

SHARE_DIGITS = 2
"""Shares and scores are rounded to 0.01."""
SECONDS_DIGITS = 1
"""Mean times are rounded to 0.1 s."""
PEOPLE_DIGITS = 2
"""The mean number in view is rounded to 0.01."""

Shares = tuple[float, float, float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class EmotionFigures:
    """What the faces showed, over the visits on which an emotion could be told."""

    visits: int
    face_distribution: Shares
    mean_scores: Shares


@dataclass(frozen=True, slots=True)
class Release:
    """What may be told about the visitors of one or more whole windows."""

    windows_covered: int
    visits: int
    mean_dwell_s: float
    dwell_histogram: Counts5
    mean_in_view: float
    emotion: EmotionFigures | None


class Gate:
    """Decides window by window, for one camera. Holds what is carried, in memory only."""

    def __init__(self, k: int, carry: int) -> None:
        self._k = k
        self._carry = carry
        self._held = Tally()
        self._windows = 0

    def close(self, tally: Tally) -> Release | None:
        """Take the tally of the window that has just ended; return what may be said, or None to say nothing."""
        held = self._held + tally
        windows = self._windows + 1
        if held.visits >= self._k:
            self._forget()
            return self._release(held, windows)
        if windows > self._carry:
            self._forget()
        else:
            self._held, self._windows = held, windows
        return None

    def _forget(self) -> None:
        self._held, self._windows = Tally(), 0

    def _release(self, tally: Tally, windows: int) -> Release:
        return Release(
            windows_covered=windows,
            visits=tally.visits,
            mean_dwell_s=round(tally.dwell_ms / tally.visits / 1000, SECONDS_DIGITS),
            dwell_histogram=tally.dwell_histogram,
            mean_in_view=round(tally.dwell_ms / max(tally.live_ms, 1), PEOPLE_DIGITS),
            emotion=self._emotion(tally) if tally.emotion_visits >= self._k else None,
        )

    def _emotion(self, tally: Tally) -> EmotionFigures:
        return EmotionFigures(
            visits=tally.emotion_visits,
            face_distribution=_rounded_shares(tally.dominant, tally.emotion_visits),
            mean_scores=_rounded_shares(tally.score_sums, tally.emotion_visits * MILLION),
        )


def _rounded_shares(sums: tuple[int, ...], whole: int) -> Shares:
    """Divide and round so that the shares still add up to one (largest remainder)."""
    steps = 10**SHARE_DIGITS
    total = sum(sums) or whole
    exact = [value * steps / total for value in sums]
    floors = [int(value) for value in exact]
    missing = steps - sum(floors)
    by_remainder = sorted(range(len(sums)), key=lambda i: (floors[i] - exact[i], i))
    for i in by_remainder[:missing]:
        floors[i] += 1
    a, b, c, d, e, f, g, h = (floor / steps for floor in floors)
    return a, b, c, d, e, f, g, h
