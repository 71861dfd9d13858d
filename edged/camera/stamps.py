"""When each frame of a recording was filmed, from time stamps that can't be trusted.

Rules:
  - Times only grow, also from one round of a loop to the next.
  - A file's own stamps are used until the first that doesn't follow the one before it (raw H.264 has none at all,
    damaged files jump); from there on, one frame period after the other.
"""

from typing import Final

_LONGEST_GAP_S: Final = 60.0
"""Motion-triggered recordings have gaps; one longer than this is a broken stamp and would stop a real-time player."""


class Stamps:
    """Turns a file's stamps into capture times."""

    def __init__(self, base: float, period: float) -> None:
        """Begin at `base`; `period` is the seconds from frame to frame where stamps fail."""
        self._start = base
        self._period = period
        self._last: float | None = None
        self._first_of_round = True
        self._trusted = True

    def place(self, stamp: float) -> float:
        """Return the capture time of the next frame, whose own stamp is `stamp` seconds (NaN: it has none)."""
        at = self._start + stamp
        if self._first_of_round:
            # B-frames and edit lists let some files begin a little below zero.
            at = at if 0.0 <= stamp <= _LONGEST_GAP_S else self._start
        elif self._last is not None and not (self._trusted and 0.0 < at - self._last <= _LONGEST_GAP_S):
            self._trusted = False
            at = self._last + self._period
        self._first_of_round = False
        self._last = at
        return at

    def begin_again(self) -> None:
        """Begin the next round of a loop, one period after the last frame."""
        if self._last is not None:
            self._start = self._last + self._period
        self._first_of_round = True
        self._trusted = True
