"""One live camera at its post: its worker during opening hours, its line always.

Rules:
  - Outside opening hours the worker is ended and the device let go: no picture is taken. The line goes on, because
    every window sends its message, in the night as well.
"""

import time
from collections.abc import Callable

from edged.anonymise.budget import Ledger
from edged.camera.desk import Desk
from edged.camera.worker import CameraWorker
from edged.config.model import Camera, Config
from edged.errors import EdgedError
from edged.messages.common import utc
from edged.messages.status import CameraStatus
from edged.outbox.row import Compose
from edged.service.clock import Reading
from edged.service.line import Line, Sees

STOP_WITHIN = 2.0
"""Seconds that a camera's thread has to end."""


class Post:
    """A camera of the sensing process."""

    def __init__(
        self,
        config: Config,
        camera: Camera,
        desk: Desk,
        sees: Sees,
        reading: Reading,
        hire: Callable[..., CameraWorker] = CameraWorker,
        ledger: Ledger | None = None,
    ) -> None:
        """Prepare; the worker is hired at the first `advance` within opening hours."""
        self._camera = camera
        self._desk = desk
        self._max_fps = config.vision.max_fps
        self._hire = hire
        self._worker: CameraWorker | None = None
        self._dropped = 0
        self._closed_since = reading.now
        self.line = Line(config, camera, sees, reading, ledger)

    @property
    def ended(self) -> bool:
        """True when the camera's recording has been played to its end."""
        return self._worker is not None and self._worker.state == "ended"

    @property
    def failure(self) -> EdgedError | None:
        """Why the camera can't go on without a person, if so."""
        return self._worker.failure if self._worker else None

    def advance(self, reading: Reading) -> list[Compose]:
        """Let time pass, open or close the camera; return the messages of the windows that ended."""
        messages = self.line.advance(reading, self._newly_dropped())
        if self.line.is_open and self._worker is None:
            self._worker = self._hire(self._camera, self._desk, max_fps=self._max_fps)
            self._worker.start()
        elif not self.line.is_open and self._worker is not None:
            self.leave(time.monotonic() + STOP_WITHIN)
            self._closed_since = reading.now
        return messages

    def leave(self, deadline: float) -> None:
        """End the worker, if there is one, by `deadline` (monotonic seconds)."""
        if self._worker is not None:
            self._worker.stop(deadline)
            self._worker, self._dropped = None, 0

    def status(self, reading: Reading) -> CameraStatus:
        """Say how the camera is."""
        worker = self._worker
        state, since, reason = (
            (worker.state.value, worker.since, worker.reason)
            if worker is not None
            else ("closed", self._closed_since, "outside opening hours")
        )
        began = utc(round(reading.wall - (reading.now - since)))
        return CameraStatus(id=self._camera.id, state=state, since=began, reason=reason)

    def _newly_dropped(self) -> int:
        if self._worker is None:
            return 0
        before, self._dropped = self._dropped, self._worker.dropped
        return self._dropped - before
