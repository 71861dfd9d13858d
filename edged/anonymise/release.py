"""The one door from `Tally` to `Release`. Audit this module and you know what can leave the device about visitors.

A release is withheld or made window by window (`Gate`); which sums it may be made of is the policy's (`Protection`):
rounded ones (threshold.py) or noisy ones (differential.py).

Rules:
  - Too few people: nothing. The tally is carried into the next window until there are enough, or dropped unseen once it
    has been carried `carry` times. How long it is carried depends on how many windows passed, never on whether anybody
    was there, so that a withheld window and an empty one are told apart by nothing.
  - Only protected sums are worked with; every mean and share is made of them.
"""

from edged.anonymise.figures import EmotionFigures, Release, Shares, TimeFigures
from edged.anonymise.sums import EmotionSums, Parts, Protection, Sums, TimeSums
from edged.windows.tally import Tally


class Gate:
    """Decides window by window, for one camera. Holds what is carried, in memory only."""

    def __init__(self, protection: Protection, carry: int, lines: int = 0, zones: int = 0) -> None:
        self._protection = protection
        self._carry = carry
        self._lines = lines
        self._zones = zones
        self._held = Tally()
        self._windows = 0

    def close(self, tally: Tally, *, cut: bool = False) -> Release | None:
        """Take the tally of the window that has just ended; return what may be said, or None to say nothing.

        `cut`: the window is shorter than configured. It says nothing, and its visits are carried: whoever can step the
        clock or restart the device would else choose a window in which there was the target and nobody he doesn't know.
        """
        held, windows = self._held + tally, self._windows + 1
        sums = None if cut else self._protection.protect(held, self._lines, self._zones)
        if sums is not None or windows > self._carry:
            self._held, self._windows = Tally(), 0
            self._protection.begin()
        else:
            self._held, self._windows = held, windows
        return None if sums is None else _release(sums, windows, held.live_ms)


def _release(sums: Sums, windows: int, live_ms: int) -> Release:
    dwell = _time_figures(sums.dwell)
    in_view, looking = sums.dwell.seconds, sums.attention.seconds
    return Release(
        windows_covered=windows,
        visits=sums.visits,
        dwell=dwell,
        attention=_time_figures(sums.attention),
        attention_share=None if in_view is None or looking is None else _ratio(looking, in_view),
        in_view_mean=None if dwell.mean_s is None else round(1000 * dwell.mean_s * sums.visits / max(live_ms, 1), 2),
        in_view_most=sums.most,
        emotion=_emotion(sums.emotion) if sums.emotion else None,
        crossings=sums.crossings,
        zones=tuple(map(_time_figures, sums.zones)),
    )


def _time_figures(sums: TimeSums) -> TimeFigures:
    mean = None if sums.seconds is None else round(sums.seconds / sums.visits, 1) if sums.visits else 0.0
    return TimeFigures(mean, sums.histogram)


def _emotion(sums: EmotionSums) -> EmotionFigures:
    return EmotionFigures(sums.visits, _shares(sums.dominant, sums.visits), _shares(sums.scores, sums.visits))


def _shares(parts: Parts, whole: int) -> Shares:
    return tuple(_ratio(part, whole) for part in parts)


def _ratio(part: float, whole: float) -> float:
    return round(min(part / whole, 1.0), 2) if whole > 0 else 0.0
