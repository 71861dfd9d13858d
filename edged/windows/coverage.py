"""How much of a window the camera really saw: a blind camera is not an empty shop.

Rules:
  - Between two frames no further apart than the longest gap the camera was live; a longer gap was blind from end to
    end. A gap that spans a boundary is shared out between its windows by the same rule.
  - Shares of time are rounded to 0.05.
  - On a slow device each face in view costs a few pictures, so the share of dropped ones would tell of faces. It is
    rounded to quarters, up or down by an edge that is drawn: one face more seldom moves it, and nobody can steer to it.
"""

import math
from dataclasses import dataclass

STEPS = 20
"""Shares of time are told in twentieths."""
DROPPED_STEPS = 4
"""The share of dropped pictures is told in quarters."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one window rests on."""

    live_s: float
    """Seconds with live pictures."""
    open_share: float
    """Share of the window in which the camera was to be open, to 0.05."""
    live_share: float
    """The same as a share of the window, to 0.05."""
    dropped_share: float
    """Share of due frames that were not analysed, to a quarter above or below."""


class CoverageMeter:
    """Measures one camera's coverage."""

    def __init__(self, longest_gap: float, start: float) -> None:
        self._longest_gap = longest_gap
        self._start = start
        self._last: float | None = None
        self._live = 0.0
        self._open = 0.0
        self._open_until = start
        self._is_open = False
        self._analysed = 0
        self._dropped = 0

    def frame(self, captured: float) -> None:
        """Note a frame that was analysed."""
        if self._last is not None and captured - self._last <= self._longest_gap:
            self._live += max(captured - max(self._last, self._start), 0.0)
        self._last = captured
        self._analysed += 1

    def advance(self, now: float, *, is_open: bool) -> None:
        """Let time pass in which the camera was to be open, or not."""
        if now > self._open_until:
            self._open += (now - self._open_until) * is_open
            self._open_until, self._is_open = now, is_open

    def drop(self, frames: int) -> None:
        """Note due frames that came too fast to be analysed."""
        self._dropped += frames

    def cut(self, end: float, chance: float) -> Coverage:
        """End the window and begin the next. What was open or live beyond `end` counts for the next.

        `chance`, from 0 to nearly 1, draws the edge at which the share of dropped pictures is rounded up.
        """
        if self._last is not None and end - self._last <= self._longest_gap:
            self._live += max(end - max(self._last, self._start), 0.0)
        live_beyond = min(max((self._last or end) - end, 0.0), self._live)
        live = min(self._live - live_beyond, end - self._start)
        beyond = max(self._open_until - end, 0.0) * self._is_open
        due = self._analysed + self._dropped
        coverage = Coverage(
            live_s=live,
            open_share=_rounded(self._open - beyond, end - self._start),
            live_share=_rounded(live, end - self._start),
            dropped_share=math.floor(self._dropped / max(due, 1) * DROPPED_STEPS + chance) / DROPPED_STEPS,
        )
        self._start, self._live, self._open, self._analysed, self._dropped = end, live_beyond, beyond, 0, 0
        return coverage


def _rounded(part: float, whole: float) -> float:
    return round(part / whole * STEPS) / STEPS if whole > 0 else 0.0
