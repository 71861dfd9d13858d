"""Signals of a process, turned into one flag that loops look at.

Rules:
  - SIGTERM and SIGINT set the flag; a second one changes nothing, for the first is being obeyed.
  - A supervised child ends when its parent does (prctl(2), PR_SET_PDEATHSIG): no orphan keeps the camera.
"""

import ctypes
import os
import signal
import threading
from types import FrameType

Stop = threading.Event
"""Set when the process is to end."""

_PR_SET_PDEATHSIG = 1
SUPERVISED = "EDGED_SUPERVISOR"
"""Environment variable by which a supervisor tells its children its process id."""


def on_stop() -> Stop:
    """Install the handlers; return the flag they set."""
    stop = Stop()

    def obey(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, obey)
    signal.signal(signal.SIGINT, obey)
    return stop


def die_with_supervisor() -> None:
    """Ask the kernel for SIGTERM when the supervisor ends; end at once if it already has."""
    parent = os.environ.get(SUPERVISED)
    if parent is None:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        raise SystemExit(0)
