"""Signals of a process, turned into one flag that loops look at.

Rules:
  - A handler only notes the number; what is to be done is done by a thread of its own. A handler interrupts the main
    thread anywhere, also inside `Event.wait` with the event's lock held: setting the event there would wait for ever.
  - SIGTERM and SIGINT set the flag; a second one changes nothing, for the first is being obeyed.
  - A supervised child ends when its parent does (prctl(2), PR_SET_PDEATHSIG): no orphan keeps the camera.
"""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from types import FrameType

Stop = threading.Event
"""Set when the process is to end."""

_PR_SET_PDEATHSIG = 1
SUPERVISED = "EDGED_SUPERVISOR"
"""Environment variable by which a supervisor tells its children its process id."""


def heed(acts: Mapping[signal.Signals, Callable[[], None]]) -> None:
    """Have each signal's act done, one after the other, in a thread of its own."""
    came: SimpleQueue[int] = SimpleQueue()  # its put may be called inside a handler

    def note(number: int, _frame: FrameType | None) -> None:
        came.put(number)

    def obey() -> None:
        while True:
            acts[signal.Signals(came.get())]()

    threading.Thread(target=obey, name="signals", daemon=True).start()
    for number in acts:
        signal.signal(number, note)


def on_stop() -> Stop:
    """Install the handlers; return the flag they set."""
    stop = Stop()
    heed({signal.SIGTERM: stop.set, signal.SIGINT: stop.set})
    return stop


def die_with_supervisor() -> None:
    """Ask the kernel for SIGTERM when the supervisor ends; end at once if it already has."""
    parent = os.environ.get(SUPERVISED)
    if parent is None:
        return
    import ctypes  # noqa: PLC0415  (under systemd nobody needs it)

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        raise SystemExit(0)
