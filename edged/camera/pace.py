"""The three small clocks of a camera's worker: which frames are due, when a recorded one is shown, when to try again.

Pure: time and chance come in as arguments.
"""

from typing import Final

_EARLY: Final = 0.25
"""A frame may come by this part of a period early and still take its turn: cameras jitter around their rate."""

_TOO_LATE_S: Final = 1.0

FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 4.0
_JITTER: Final = 0.25


class Thinning:
    """Chooses at most `max_fps` frames per second, evenly, whatever the camera's own rate."""

    def __init__(self, max_fps: float) -> None:
        self._period = 1.0 / max_fps
        self._next: float | None = None

    def is_due(self, now: float) -> bool:
        """Tell whether the frame that came now is to be looked at."""
        if self._next is None or now - self._next >= self._period:
            # The first, or the first after a gap: turns that were missed are not made up for.
            self._next = now + self._period
            return True
        if now < self._next - _EARLY * self._period:
            return False
        # Counting on from the turn, not from now, keeps the average at max_fps.
        self._next += self._period
        return True


class Pacer:
    """Shows a recording at the speed at which it was filmed."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def delay(self, captured: float, now: float) -> float:
        """Return the seconds to wait before the frame that was filmed at `captured` is shown."""
        # After a hold-up the recording goes on from there at its own speed; hurrying would bend every duration.
        if self._offset is None or now - (captured + self._offset) > _TOO_LATE_S:
            self._offset = now - captured
        return max(0.0, captured + self._offset - now)


class Backoff:
    """Waiting times between attempts to open a lost camera: doubling, bounded, never the same for two cameras."""

    def __init__(self) -> None:
        self._next = FIRST_RETRY_S

    def delay(self, chance: float) -> float:
        """Return the next waiting time in seconds; `chance` is a random number from 0 to 1."""
        ceiling, self._next = self._next, min(2 * self._next, LAST_RETRY_S)
        return ceiling * (1.0 - _JITTER * chance)

    def reset(self) -> None:
        """Begin anew with the shortest."""
        self._next = FIRST_RETRY_S
