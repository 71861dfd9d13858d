"""A capture process: opens one camera or recording, once, and lays its newest due frame into the mailbox.

    open_source ─grab→ pace (recordings) ─→ due? ─retrieve→ mailbox

It is a process because a driver's read may never return, and only a process can be ended then. It ends when the camera
is lost: whoever started it starts another, so whatever a driver or decoder leaves behind goes with the process.

Rules:
  - It dies with the sensing process, at the latest by the kernel's hand (prctl(2), PR_SET_PDEATHSIG), and leaves a
    camera in good order when the sensing process hangs up.
  - It says nothing on standard error, where libraries would write URLs with passwords; what matters is reported.
  - SIGTERM and SIGINT, which reach all processes of a service, are left to the sensing process.
  - Frames carry the monotonic time at which they were got, which is the same clock in both processes.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edged.camera.asked import Asked
from edged.camera.frame import FrameSource
from edged.camera.mailbox import MOST_PIXELS, Mailbox
from edged.camera.memory import keep_off_the_disk
from edged.camera.opencv import READ_TIMEOUT_S
from edged.camera.pace import Pacer, Thinning
from edged.camera.report import LONGEST_REPORT, Kind, Order, Report
from edged.camera.sources import open_source
from edged.errors import CameraError, EdgedError, SilentCameraError
from edged.events import send_to

_SLACK_S: Final = 2.5
"""What a call may take longer than the time-out that it was given, and what a busy machine adds."""
WITHIN_S: Final = READ_TIMEOUT_S + _SLACK_S
"""The next word of an opened camera comes so soon."""
OPENING_WITHIN_S: Final = 3 * READ_TIMEOUT_S + _SLACK_S
"""And the first of one that is being opened: connecting, describing and the first picture have a time-out each."""
_ALIVE_EVERY_S: Final = 1.0
_SAID_OFTEN: Final = frozenset({Kind.FRAME, Kind.ALIVE, Kind.DAMAGED, Kind.PAUSED})
_PR_SET_PDEATHSIG: Final = 1


class HungUpError(Exception):
    """The sensing process wants no more."""


class Capture:
    """One opening of one camera or recording, from beginning to end."""

    def __init__(
        self,
        order: Order,
        mailbox: Mailbox,
        channel: socket.socket,
        *,
        opener: Callable[[Asked], FrameSource] = open_source,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare, without opening anything."""
        self._order = order
        self._mailbox = mailbox
        self._channel = channel
        self._opener = opener
        self._clock = clock
        self._thinning = Thinning(order.max_fps)
        self._said_at = 0.0

    def run(self) -> None:
        """Capture until the camera is lost, the recording has ended, or the sensing process hangs up."""
        source: FrameSource | None = None
        last: Report | None
        try:
            self._say(Report(Kind.OPENING, OPENING_WITHIN_S))
            source = self._opener(self._order)
            self._say(Report(Kind.OPENED, WITHIN_S, live=source.live))
            self._play(source)
            last = Report(Kind.ENDED)
        except HungUpError:
            last = None
        except SilentCameraError as error:
            last = Report(Kind.SILENT, text=str(error))
        except CameraError as error:
            last = Report(Kind.LOST, text=str(error))
        except EdgedError as error:
            last = Report(Kind.FAILED, name=type(error).__name__, text=str(error))
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            last = Report(Kind.FAULT, text=f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}")
        # The last word goes before the closing, which may hang on a camera that is gone.
        if last is not None:
            with contextlib.suppress(HungUpError):
                self._say(last)
        if source is not None:
            source.close()

    def tell(self, name: str, fields: dict[str, str | float]) -> None:
        """Have an event logged."""
        self._say(Report(Kind.EVENT, OPENING_WITHIN_S, name=name, fields=fields))

    def _play(self, source: FrameSource) -> None:
        pacer, whole = Pacer(), False
        while (captured := source.grab()) is not None:
            self._listen(0.0)
            if not source.live:
                self._hold(pacer.delay(captured, self._clock()))
            now = self._clock()
            if self._thinning.is_due(now):
                whole = self._hand_on(source, now)
            elif now - self._said_at >= _ALIVE_EVERY_S:
                # Frames that can't be decoded are no sign of life.
                self._say(Report(Kind.ALIVE if whole else Kind.DAMAGED, WITHIN_S))

    def _hold(self, delay: float) -> None:
        if delay > _ALIVE_EVERY_S:
            self._say(Report(Kind.PAUSED, delay + WITHIN_S))
        end = self._clock() + delay
        while (remaining := end - self._clock()) > 0:
            self._listen(remaining)

    def _hand_on(self, source: FrameSource, now: float) -> bool:
        frame = source.retrieve()
        if frame is None:
            self._mailbox.drop()
            self._say(Report(Kind.DAMAGED, WITHIN_S))
            return False
        height, width = frame.pixels.shape[:2]
        if height * width > MOST_PIXELS:
            raise CameraError(
                f"camera {self._order.id!r} sends pictures of {width}×{height} px, more than edged takes (3840×2160): "
                "set it to a smaller size"
            )
        self._mailbox.put(frame.pixels, now)
        self._say(Report(Kind.FRAME, WITHIN_S))
        return True

    def _listen(self, timeout: float) -> None:
        """Heed what the sensing process says within `timeout` seconds."""
        readable, _, _ = select.select([self._channel], [], [], timeout)
        if readable:
            datagram = self._channel.recv(LONGEST_REPORT)
            if not datagram:
                raise HungUpError
            self._thinning = Thinning(Order.decode(datagram).max_fps)

    def _say(self, report: Report) -> None:
        # What is said often needn't wait for a sensing process that is busy with its models.
        flags = socket.MSG_DONTWAIT if report.kind in _SAID_OFTEN else 0
        try:
            self._channel.send(report.encode(), flags)
        except BlockingIOError:
            return
        except OSError as error:
            raise HungUpError from error
        self._said_at = self._clock()


def main(channel: int, memory: int, parent: int) -> None:
    """Be a capture process: `python -m edged.camera.capture CHANNEL MEMORY PARENT`, descriptors and a process id."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    keep_off_the_disk()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=channel) as words:
        order = words.recv(LONGEST_REPORT)
        if not order:
            return
        capture = Capture(Order.decode(order), Mailbox(memory), words)
        send_to(capture.tell)
        capture.run()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
