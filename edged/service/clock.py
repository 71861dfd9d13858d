"""The clocks of the device: monotonic for lengths, wall for names of moments, and whether the wall clock is set.

Rules:
  - The kernel knows whether the clock is synchronised (adjtimex(2)); chrony, ntpd and systemd-timesyncd all tell it.
  - A wall clock before this software was written is not set, whatever the kernel says.
  - Both clocks are read at one moment: a process that had to wait in between would take the wait for a clock step.
"""

import ctypes
import time
from dataclasses import dataclass

from edged.windows.schedule import Clock

_WRITTEN = 1_790_000_000
"""Seconds since the Unix epoch (September 2026): no true clock that runs this code shows less."""
_ONE_MOMENT_S = 0.05
"""Far above the microseconds that the readings take, far below a step (windows/schedule.py)."""
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as its status field; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 40),
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clocks."""

    now: float
    """Monotonic seconds."""
    wall: float
    """Seconds since the Unix epoch."""
    clock: Clock


_libc = ctypes.CDLL(None, use_errno=True)


def synchronised() -> bool:
    """Say whether the kernel holds the wall clock for set by NTP."""
    timex = _Timex()
    state = _libc.adjtimex(ctypes.byref(timex))
    return state not in {-1, _TIME_ERROR} and not timex.status & _STA_UNSYNC


def read() -> Reading:
    """Look at the clocks."""
    while True:
        before, wall, now = time.monotonic(), time.time(), time.monotonic()
        if now - before < _ONE_MOMENT_S:
            break
    trusted = wall >= _WRITTEN and synchronised()
    return Reading(now, wall, Clock.SYNCHRONISED if trusted else Clock.UNSYNCHRONISED)
