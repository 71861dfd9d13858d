"""When windows begin and end: aligned to the wall clock, measured on the monotonic one.

Strategy: the schedule remembers by how much the two clocks differ. As long as that difference stands (it may creep, as
a clock under NTP does), a window ends at the monotonic moment at which the wall clock reaches the next multiple of the
length. When the difference jumps, or creeps faster than a clock should, the wall clock was stepped: the open window is
cut there and a new one begins, both marked. So no window is ever measured wrongly, none has another length than it
should without saying so, and none with a doubtful time goes unmarked.

The cut is made a drawn time before the step was noticed. That waits for a look to be over, and the look for every
face in view: cut at once, a window's length would tell who steps the clock how many there are.

Rules:
  - Windows tumble: each begins where the one before it ended; none is left out, even if nobody asked for a long while.
  - Time comes in as an argument: `now` in monotonic seconds, `wall` in seconds since the Unix epoch.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

STEP = 0.5
"""Seconds by which the clocks' difference may change between two looks before it counts as a step."""
CREEP = 0.001
"""By so much of a window's time it may change besides while the window is open: twice what adjtime(3) and ntpd slew."""


BLUR_S = 10.0
"""A cut lies up to so long before the moment at which the step was noticed."""


class Clock(StrEnum):
    """How far a window's times can be trusted."""

    SYNCHRONISED = "synchronised"
    UNSYNCHRONISED = "unsynchronised"
    STEPPED = "stepped"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Span:
    """One window's stretch of time."""

    start: float
    """Seconds since the Unix epoch."""
    end: float
    """Seconds since the Unix epoch; before `start` never."""
    duration: float
    """Seconds on the monotonic clock."""
    clock: Clock
    monotonic_end: float
    """`end` on the monotonic clock."""
    partial: bool
    """Shorter than configured: cut by a start, a stop or a clock step."""


class Schedule:
    """The windows of one camera."""

    def __init__(self, length: int, now: float, wall: float, clock: Clock) -> None:
        self._length = length
        self._clock = clock
        self._offset = wall - now
        self._stepped = False
        self._begin(now, wall)

    def advance(self, now: float, wall: float, clock: Clock, chance: float) -> list[Span]:
        """Return the windows that have ended by now, oldest first. `chance`, from 0 to nearly 1, draws where to cut."""
        offset = wall - now
        stepped = abs(offset - self._offset) > STEP or self._crept(now, offset)
        self._stepped = self._stepped or stepped
        ended = self._due(now)
        cut = now - chance * min(BLUR_S, now - self._start)
        if stepped and now > self._start:
            self._stepped = True
            ended.append(self._cut(cut, cut + self._offset))
        self._offset = offset
        if stepped:
            self._begin(cut, cut + offset)
            self._stepped = True
        else:
            self._boundary = self._boundary_wall - offset
        self._clock = clock
        return ended

    def close(self, now: float) -> Span:
        """End the open window at once, as at a stop."""
        return self._cut(now, now + self._offset)

    def _crept(self, now: float, offset: float) -> bool:
        """Say whether small changes since the window's begin add up to one that it may not have."""
        return abs(offset - (self._start_wall - self._start)) > STEP + CREEP * (now - self._start)

    def _begin(self, now: float, wall: float) -> None:
        self._start, self._start_wall = now, wall
        self._aligned = wall % self._length == 0
        self._boundary_wall = (math.floor(wall / self._length) + 1) * self._length
        self._boundary = now + self._boundary_wall - wall

    def _due(self, now: float) -> list[Span]:
        ended: list[Span] = []
        while self._boundary <= now:
            end, end_wall = self._boundary, self._boundary_wall
            ended.append(self._cut(end, end_wall))
            self._stepped = False
            self._begin(end, end_wall)
        return ended

    def _cut(self, now: float, wall: float) -> Span:
        duration = now - self._start
        clock = Clock.STEPPED if self._stepped else self._clock
        end = max(wall, self._start_wall)
        return Span(self._start_wall, end, duration, clock, now, partial=not (self._aligned and now == self._boundary))
