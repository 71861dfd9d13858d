"""The device's clocks: a wall clock is trusted only when it is set, and the kernel says by whom."""

import ctypes

import pytest

from edged.service import clock
from edged.windows.schedule import Clock

SET = 1_795_348_800.0
"""2026-11-22T12:00:00Z."""


class Kernel:
    """Answers adjtimex(2), like a kernel whose clock is in this state."""

    def __init__(self, state: int, status: int) -> None:
        self._state, self._status = state, status

    def adjtimex(self, timex: ctypes.c_void_p) -> int:
        """Fill in the status."""
        ctypes.cast(timex, ctypes.POINTER(clock._Timex)).contents.status = self._status
        return self._state


@pytest.mark.parametrize(
    ("state", "status", "wall", "said"),
    [
        (0, 0x0001, SET, Clock.SYNCHRONISED),
        (0, 0x0041, SET, Clock.UNSYNCHRONISED),  # STA_UNSYNC: the state before NTP has set it
        (5, 0x0001, SET, Clock.UNSYNCHRONISED),  # TIME_ERROR
        (-1, 0x0001, SET, Clock.UNSYNCHRONISED),  # the call is refused
        (0, 0x0001, 86_400.0, Clock.UNSYNCHRONISED),  # no real-time clock: 1970, whatever the kernel says
    ],
)
def test_clock_that_nobody_has_set_is_said(
    state: int, status: int, wall: float, said: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device without a real-time clock marks its windows until NTP has set the time."""
    monkeypatch.setattr(clock, "_libc", Kernel(state, status))
    monkeypatch.setattr("time.time", lambda: wall)
    assert clock.read().clock is said


def test_wait_between_the_two_clocks_is_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is put off for two seconds just after it has read the wall clock reads both again."""
    monotonic = iter([10.0, 12.0, 12.0, 12.0])
    wall = iter([SET, SET + 2])
    monkeypatch.setattr("time.monotonic", lambda: next(monotonic))
    monkeypatch.setattr("time.time", lambda: next(wall))
    reading = clock.read()
    assert reading.wall - reading.now == SET - 10.0
