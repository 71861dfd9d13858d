"""How late a live stream's pictures are: a device that decodes too slowly gets them ever later. Pure.

A stream over TCP is in order: what can't be decoded in time waits in the connection, and pictures that are called new
are seconds old. The stream's own time stamps tell: the time between stamp and arrival is at its least when nothing
waits, and grows with what does.

Rules:
  - The least of the last ten minutes is what counts as nothing waiting: clocks of cameras drift by seconds a day.
  - Late for a moment is no fault: a network that hiccups sends what it held back in one go.
"""

from collections import deque
from typing import Final

LATE_S: Final = 2.0
FOR_S: Final = 10.0
_BUCKET_S: Final = 60.0
_BUCKETS: Final = 10


class Lag:
    """Follows one opening of one stream."""

    def __init__(self) -> None:
        self._least: deque[float] = deque(maxlen=_BUCKETS)
        self._bucket_end = float("-inf")
        self._late_since: float | None = None

    def is_late(self, now: float, stamp: float) -> bool:
        """Note a picture; return whether pictures have been late for too long. `stamp`: its own, in seconds."""
        offset = now - stamp
        if now >= self._bucket_end:
            self._bucket_end = now + _BUCKET_S
            self._least.append(offset)
        self._least[-1] = min(self._least[-1], offset)
        if offset - min(self._least) < LATE_S:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        return self._late_since is not None and now - self._late_since >= FOR_S
