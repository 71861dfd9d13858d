"""One thread per camera: opens it, reads it, and lays its newest due frame on the desk.

    open_source ─grab→ pace (recordings) ─→ count ─→ due? ─retrieve→ desk
         ↑                                                     │
         └───────────── back-off ←──── CameraError ────────────┘

Rules:
  - The thread shares three things with the rest of the process: the desk, the signs (an immutable value, replaced
    whole), and counters that only it writes. Whoever asks for the state judges them at that moment.
  - A lost camera is opened again for ever. A fault that only a person can mend ends the thread and is left in
    `failure`; so is a fault of edged itself, so that no camera falls silent unseen.
  - `stop` returns in time even when a driver never does: the thread is a daemon and is left behind.
  - Frames of live cameras and of paced recordings carry the monotonic time at which they were got.
"""

import random
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edged.camera.desk import Desk
from edged.camera.frame import FrameSource
from edged.camera.pace import Backoff, Pacer, Thinning
from edged.camera.sources import open_source
from edged.camera.state import CameraState, Signs, Standing, judge
from edged.config.model import Camera
from edged.errors import CameraError, EdgedError, FaultError
from edged.events import Event, tell

_STEADY_AFTER_S = 10.0
"""A camera that held so long is tried again quickly; one that comes and goes is not."""


class CameraWorker:
    """Owns one camera or one recording that plays in real time."""

    def __init__(
        self,
        camera: Camera,
        desk: Desk,
        *,
        max_fps: float,
        opener: Callable[[Camera], FrameSource] = open_source,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """Prepare, without opening anything. `wait(seconds)` returns True as soon as the worker is to stop."""
        self._camera = camera
        self._desk = desk
        self._max_fps = max_fps
        self._opener = opener
        self._clock = clock
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._backoff = Backoff()
        self._signs = Signs(began=clock())
        self.captured = 0
        """Frames that came."""
        self.due = 0
        """Those of them that were to be looked at."""
        self.dropped = 0
        """Those of the due that a newer one replaced, or that arrived damaged."""
        self._failure: EdgedError | None = None
        self._thread = threading.Thread(target=self.run, name=f"camera-{camera.id}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, deadline: float) -> bool:
        """End the thread; return False if it still hangs in its driver at `deadline` (monotonic seconds)."""
        self._stopping.set()
        if self._thread.ident is None:
            return True
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            tell(Event.CAMERA_HANGS, camera=self._camera.id)
            return False
        return True

    @property
    def failure(self) -> EdgedError | None:
        """Why the thread gave up, if it did: a HumanError, or a FaultError for a fault of edged itself."""
        return self._failure

    @property
    def state(self) -> CameraState:
        """How the camera is now."""
        return self._standing.state

    @property
    def since(self) -> float:
        """When it came into this state, in monotonic seconds."""
        return self._standing.since

    @property
    def reason(self) -> str | None:
        """Why it isn't live, in words without passwords."""
        return self._standing.reason

    @property
    def _standing(self) -> Standing:
        return judge(self._clock(), self._signs)

    def run(self) -> None:
        """Do the thread's work, in the calling thread, until stopped, ended or failed."""
        try:
            self._keep_open()
        except EdgedError as error:
            self._give_up(error)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
            tell(Event.CAMERA_FAULT, camera=self._camera.id, reason=reason)
            self._give_up(FaultError(f"the worker of camera {self._camera.id!r} failed: {reason}"))

    def _keep_open(self) -> None:
        while not self._stopping.is_set():
            try:
                self._play()
            except CameraError as error:
                self._note_loss(str(error))
                if self._wait(self._backoff.delay(random.random())):  # noqa: S311 (jitter, no secret)
                    return
            else:
                return

    def _play(self) -> None:
        """Read one opening of the source until it ends, is lost, or the worker is stopped."""
        source = self._opener(self._camera)
        pacer, thinning, whole = Pacer(), Thinning(self._max_fps), False
        try:
            while not self._stopping.is_set():
                captured = source.grab()
                if captured is None:
                    self._signs = self._signs.finished(self._clock())
                    return
                if not source.live and self._hold(pacer.delay(captured, self._clock())):
                    return
                now = self._clock()
                self.captured += 1
                if thinning.is_due(now):
                    whole = self._hand_on(source, now)
                # Frames that can't be decoded are no sign of life.
                if whole:
                    self._note_frame(now)
        finally:
            source.close()

    def _hold(self, delay: float) -> bool:
        if delay <= 0:
            return False
        self._signs = self._signs.quiet(self._clock() + delay)
        return self._wait(delay)

    def _hand_on(self, source: FrameSource, now: float) -> bool:
        self.due += 1
        frame = source.retrieve()
        if frame is None:
            self.dropped += 1
            return False
        if self._desk.put(replace(frame, captured=now)):
            self.dropped += 1
        return True

    def _note_frame(self, now: float) -> None:
        self._signs = self._signs.seen(now)

    def _note_loss(self, reason: str) -> None:
        now, signs = self._clock(), self._signs
        if signs.error != reason:
            tell(Event.CAMERA_LOST, camera=self._camera.id, reason=reason)
        if signs.error is None and signs.live_since is not None and now - signs.live_since >= _STEADY_AFTER_S:
            self._backoff.reset()
        self._signs = signs.lost(now, reason)

    def _give_up(self, error: EdgedError) -> None:
        self._signs = self._signs.lost(self._clock(), str(error))
        self._failure = error
