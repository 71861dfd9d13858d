"""How fast the face model runs: the one speed of sensing that may be told.

Rules:
  - The face model's invocation costs the same whoever is in the picture. How many pictures are looked at a second, and
    how long a look takes, grow with the faces in it: neither is told.
  - The shortest invocation of a period counts: the others show what else the processor had to do.
  - Told in steps of 1, 2 and 5, and on a fixed grid, so that no reading stands out.
"""

import math

PERIOD_S = 60.0


class Pulse:
    """Measures. Time is in monotonic seconds."""

    def __init__(self) -> None:
        self.face_ms: int | None = None
        """Milliseconds of an invocation in the last full period, rounded up to 1, 2 or 5 times a power of ten."""
        self._period = -1.0
        self._shortest = math.inf

    def beat(self, face_s: float, now: float) -> None:
        """Take note of one invocation."""
        self._shortest = min(self._shortest, face_s)
        if now // PERIOD_S != self._period:
            self.face_ms = _step(self._shortest * 1000)
            self._period, self._shortest = now // PERIOD_S, math.inf


def _step(value: float) -> int:
    """The next 1, 2 or 5 times a power of ten that is not less, 1 at the least."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if value <= factor * power:
                return factor * power
        power *= 10
