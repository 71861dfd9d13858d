"""The sensing process's end of a capture process: starts it, hears it, takes its frames, ends it.

Rules:
  - It is started anew, never forked from a process that has models and threads in it, and knows nothing of the broker's
    password, of the service manager or of the configuration: its surroundings hold none of edged's own variables.
  - The order, which may hold a camera's password, goes over the socket: a command line can be read by everyone.
  - Nothing here waits: what the process says is fetched when it is there, and its end is looked for, not waited for.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Final

from edged.camera.frame import Frame
from edged.camera.mailbox import Mailbox
from edged.camera.report import LONGEST_REPORT, Order, Report

_KEPT_TO_OURSELVES: Final = ("EDGED_", "NOTIFY_", "WATCHDOG_", "CREDENTIALS_", "LISTEN_")


class CaptureProcess:
    """One capture process."""

    def __init__(self, order: Order) -> None:
        """Start it; raise OSError if that isn't possible. The calling thread must live as long as the process is to."""
        self._camera = order.id
        with ExitStack() as undo:
            self._memory = Mailbox.allocate()
            undo.callback(os.close, self._memory)
            self._mailbox = Mailbox(self._memory)
            self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undo.enter_context(self._channel)
            with other:
                self._process = _start(other.fileno(), self._memory)
            undo.pop_all()
        self._channel.setblocking(False)
        self._channel.send(order.encode())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Return the descriptor that is readable when it has said something."""
        return self._channel.fileno()

    def reports(self) -> list[Report]:
        """Return what it has said since the last call."""
        heard = []
        try:
            while datagram := self._channel.recv(LONGEST_REPORT):
                heard.append(Report.decode(datagram))
        except (BlockingIOError, ConnectionResetError):
            pass
        return heard

    def take(self) -> Frame | None:
        """Return its newest frame, valid until the next call; see `Mailbox.take`."""
        return self._mailbox.take(self._camera)

    @property
    def dropped(self) -> int:
        """Frames that nobody took in time, or that arrived damaged."""
        return self._mailbox.dropped

    def change(self, order: Order) -> None:
        """Tell it that frames are wanted at another rate."""
        try:
            self._channel.send(order.encode())
        except OSError:
            # It has ended, or doesn't listen and will be found to hang.
            return

    def hang_up(self) -> None:
        """Tell it to leave its camera in good order and end."""
        self._channel.shutdown(socket.SHUT_RDWR)

    def kill(self) -> None:
        """End it at once. One that hangs inside the kernel ends when the kernel lets it go."""
        self._process.kill()

    @property
    def ended(self) -> str | None:
        """How it ended, in words; None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        return f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit code {code}"

    def wait(self, deadline: float) -> bool:
        """Wait for its end until `deadline` (monotonic seconds); return whether it has ended."""
        try:
            self._process.wait(max(deadline - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Let go of channel and memory, which goes with its last frame."""
        self._channel.close()
        os.close(self._memory)


def _start(channel: int, memory: int) -> subprocess.Popen[bytes]:
    words = [str(number) for number in (channel, memory, os.getpid())]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_KEPT_TO_OURSELVES)}
    return subprocess.Popen(  # noqa: S603  (ourselves)
        [sys.executable, "-m", "edged.camera.capture", *words],
        pass_fds=(channel, memory),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # NumPy's linear algebra isn't used there, and would start threads.
        env=environment | {"OPENBLAS_NUM_THREADS": "1"},
    )


def wait_for_words(processes: list[CaptureProcess], timeout: float) -> None:
    """Return as soon as one of them has said something, or after `timeout` seconds."""
    select.select(processes, [], [], timeout)
