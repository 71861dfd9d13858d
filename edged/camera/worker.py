"""One camera's worker: keeps a capture process at work, and knows how the camera is.

    start ─→ process ─frames→ take
      ↑         │
      └ back-off ┴─ lost, ended, silent beyond its word, frozen: the process is replaced

Rules:
  - Nothing here blocks: `attend` looks at what has happened and does what is due.
  - A lost camera is opened again for ever, each time by a new process. A fault that only a person can mend is left in
    `failure`; so is a fault of edged itself, so that no camera falls silent unseen.
  - A process that doesn't say a word by the time it had named hangs, and is killed. The next one begins only when it
    has gone: two processes never hold one device.
  - A dark or frozen picture isn't handed on: who can't see must not say that nobody is there. A frozen camera is opened
    anew now and then, for that is what mends a driver.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from edged import errors
from edged.camera.asked import Asked
from edged.camera.condition import Condition, ConditionMeter
from edged.camera.frame import Frame
from edged.camera.pace import Backoff
from edged.camera.process import CaptureProcess
from edged.camera.report import LAST_WORDS, Kind, Order, Report
from edged.camera.state import CameraState, Signs, Standing, judge
from edged.errors import CameraError, EdgedError, FaultError
from edged.events import Event, tell

STARTING_WITHIN_S: Final = 60.0
"""The first word of a new process comes so soon: a small machine under load takes seconds to load OpenCV."""
_STEADY_AFTER_S: Final = 10.0
"""A camera that held so long is tried again quickly; one that comes and goes is not."""
_LEAVES_WITHIN_S: Final = 1.0
"""A process that was hung up on is killed after so long."""
_THAW_EVERY_S: Final = 60.0
"""A frozen camera is opened anew so often."""


@dataclass(slots=True)
class _Leaver:
    """A process that has been told to end."""

    process: CaptureProcess
    kill_at: float
    killed: bool = False


class CameraWorker:
    """Owns one camera or one recording that plays in real time."""

    def __init__(
        self,
        camera: Asked,
        *,
        max_fps: float,
        hire: Callable[[Order], CaptureProcess] = CaptureProcess,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare, without opening anything. The thread that calls `attend` must live as long as the worker."""
        self._order = Order.of(camera, max_fps)
        self._hire = hire
        self._clock = clock
        self._chance = chance
        self._backoff = Backoff()
        self._meter = ConditionMeter()
        self._signs = Signs(began=clock()).let_go(clock())
        self._process: CaptureProcess | None = None
        self._leaver: _Leaver | None = None
        self._is_live = False
        self._start_at: float | None = None
        self._word_due = 0.0
        self._thaw_at = 0.0
        self._dropped_before = 0
        self._last_frame: Frame | None = None
        self.has_frame = False
        """Whether a frame waits to be taken."""
        self.failure: EdgedError | None = None
        """Why the worker gave up, if it did: a HumanError, or a FaultError for a fault of edged itself."""

    @property
    def camera(self) -> str:
        """Id of its camera."""
        return self._order.id

    @property
    def is_open(self) -> bool:
        """Whether it has been opened and not closed."""
        return self._signs.closed is None

    @property
    def process(self) -> CaptureProcess | None:
        """The process at work."""
        return self._process

    @property
    def dropped(self) -> int:
        """Due frames so far that a newer one replaced, or that arrived damaged."""
        return self._dropped_before + (self._process.dropped if self._process else 0)

    @property
    def standing(self) -> Standing:
        """How the camera is now."""
        return judge(self._clock(), self._signs)

    def open(self) -> None:
        """Begin to keep the camera open."""
        now = self._clock()
        self._signs = Signs(began=now)
        self._meter = ConditionMeter()
        self._backoff.reset()
        self._start_at = now
        self.attend()

    def close(self) -> None:
        """Let the camera go."""
        self._signs = self._signs.let_go(self._clock())
        self._start_at = None
        self._dismiss(kill=False)

    def stop(self, deadline: float) -> bool:
        """Let the camera go for good; return False if a process still hangs at `deadline` (monotonic seconds)."""
        self.close()
        leaver, self._leaver = self._leaver, None
        if leaver is None:
            return True
        if not leaver.process.wait(min(deadline, time.monotonic() + _LEAVES_WITHIN_S)):
            leaver.process.kill()
            return leaver.process.wait(deadline)
        return True

    def pace(self, max_fps: float) -> None:
        """Want at most so many frames per second from now on."""
        if max_fps != self._order.max_fps:
            self._order = replace(self._order, max_fps=max_fps)
            if self._process is not None:
                self._process.change(self._order)

    def attend(self) -> None:
        """Hear what the process has said, and start, end or replace it as is due."""
        now = self._clock()
        self._see_off(now)
        if self._process is not None:
            self._hear(self._process, now)
        if self._process is not None and now >= self._word_due:
            self._replace(now, "it hung, in a driver or a decoder", CameraState.STALLED)
        if self._process is not None and self._is_frozen and now >= self._thaw_at:
            self._thaw_at = now + _THAW_EVERY_S
            tell(Event.CAMERA_REOPENED, camera=self._order.id, reason="its pictures are frozen")
            self._dismiss(kill=False)
            self._start_at = now
        if self._process is None and self._leaver is None and self._start_at is not None and now >= self._start_at:
            self._start(now)

    def take(self) -> Frame | None:
        """Return the newest frame if it is worth looking at. Its pixels are valid until the next call."""
        self.has_frame = False
        if self._process is None:
            frame, self._last_frame = self._last_frame, None
            return frame
        try:
            frame = self._process.take()
        except CameraError as error:
            self._replace(self._clock(), str(error), CameraState.OFFLINE)
            return None
        if frame is None or not self._is_live:
            return frame
        condition = self._meter.note(frame.captured, frame.pixels)
        was_frozen = self._is_frozen
        self._signs = self._signs.seen(frame.captured, condition)
        if self._is_frozen and not was_frozen:
            self._thaw_at = frame.captured
        return frame if condition is Condition.CLEAR else None

    def _start(self, now: float) -> None:
        self._start_at = None
        try:
            self._process = self._hire(self._order)
        except OSError as error:
            reason = f"no capture process can be started for camera {self._order.id!r}: {error.strerror}"
            self._lose(now, reason, CameraState.OFFLINE)
        self._word_due = now + STARTING_WITHIN_S

    @property
    def _is_frozen(self) -> bool:
        return self._meter.condition is Condition.FROZEN

    def _hear(self, process: CaptureProcess, now: float) -> None:
        # Before the reports: who has ended has said its last word already.
        ended = process.ended
        last = None
        for report in process.reports():
            self._word_due = now + report.within
            match report.kind:
                case Kind.OPENED:
                    self._is_live = report.live
                case Kind.FRAME:
                    self.has_frame = True
                    self._signs = self._signs.seen(now, self._meter.condition)
                case Kind.ALIVE:
                    self._signs = self._signs.seen(now, self._meter.condition)
                case Kind.PAUSED:
                    self._signs = self._signs.quiet(self._word_due)
                case Kind.EVENT:
                    tell(Event[report.name], **report.fields)
                case kind if kind in LAST_WORDS:
                    last = report
        if last is not None:
            self._heed(last, now)
        elif ended is not None:
            self._replace(now, ended, CameraState.OFFLINE)

    def _heed(self, report: Report, now: float) -> None:
        """Take the process's last word."""
        last_frame = self.take() if self.has_frame else None
        match report.kind:
            case Kind.ENDED:
                self._signs = self._signs.finished(now)
            case Kind.FAILED:
                self._give_up(getattr(errors, report.name)(report.text), now)
            case Kind.FAULT:
                self._give_up(FaultError(f"the capture of camera {self._order.id!r} failed: {report.text}"), now)
            case Kind.SILENT:
                self._lose(now, report.text, CameraState.STALLED)
            case _:
                self._lose(now, report.text, CameraState.OFFLINE)
        self._dismiss(kill=False)
        self._last_frame, self.has_frame = last_frame, last_frame is not None

    def _replace(self, now: float, reason: str, state: CameraState) -> None:
        self._lose(now, f"the capture process of camera {self._order.id!r} was replaced: {reason}", state)
        self._dismiss(kill=True)

    def _lose(self, now: float, reason: str, state: CameraState) -> None:
        signs = self._signs
        steady = signs.live_since is not None and now - signs.live_since >= _STEADY_AFTER_S
        if signs.trouble is None and steady:
            self._backoff.reset()
        if signs.trouble is None or signs.trouble.reason != reason:
            tell(Event.CAMERA_LOST, camera=self._order.id, reason=reason)
        self._signs = signs.lost(now, reason, state)
        self._start_at = now + self._backoff.delay(self._chance())

    def _give_up(self, error: EdgedError, now: float) -> None:
        self._signs = self._signs.lost(now, str(error))
        self.failure = error

    def _dismiss(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        self.has_frame = False
        if process is None:
            return
        self._dropped_before += process.dropped
        if kill:
            process.kill()
        else:
            process.hang_up()
        process.close()
        self._leaver = _Leaver(process, self._clock() + _LEAVES_WITHIN_S, killed=kill)

    def _see_off(self, now: float) -> None:
        leaver = self._leaver
        if leaver is None:
            return
        if leaver.process.ended is not None:
            self._leaver = None
        elif now >= leaver.kill_at and not leaver.killed:
            leaver.process.kill()
            leaver.killed = True
