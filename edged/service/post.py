"""One live camera at its post: its worker during opening hours, its line always.

Rules:
  - Outside opening hours the worker is ended and the device let go: no picture is taken. The line goes on, because
    every window sends its message, in the night as well.
"""

from collections.abc import Callable

from edged.anonymise.budget import Ledger
from edged.camera.desk import Desk
from edged.camera.state import CameraState
from edged.camera.worker import CameraWorker
from edged.config.model import Camera, Config
from edged.errors import EdgedError
from edged.messages.common import utc
from edged.messages.status import CameraStatus
from edged.outbox.row import Compose
from edged.service.clock import Reading
from edged.service.line import Line, Sees

STOP_WITHIN = 2.0
"""Seconds that a camera's process has to end."""


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
        """Prepare; the camera is opened at the first `advance` within opening hours."""
        self._worker = hire(camera, max_fps=config.vision.max_fps)
        self._dropped = 0
        desk.add(self._worker)
        self.line = Line(config, camera, sees, reading, ledger)

    @property
    def ended(self) -> bool:
        """True when the camera's recording has been played to its end."""
        return self._worker.standing.state is CameraState.ENDED

    @property
    def failure(self) -> EdgedError | None:
        """Why the camera can't go on without a person, if so."""
        return self._worker.failure

    def advance(self, reading: Reading) -> list[Compose]:
        """Let time pass, open or close the camera; return the messages of the windows that ended."""
        before, self._dropped = self._dropped, self._worker.dropped
        messages = self.line.advance(reading, self._dropped - before)
        if self.line.is_open and not self._worker.is_open:
            self._worker.open()
        elif not self.line.is_open and self._worker.is_open:
            self._worker.close()
        return messages

    @property
    def dropped(self) -> int:
        """Pictures so far that came too fast to be looked at, or damaged."""
        return self._worker.dropped

    def pace(self, fps: float) -> None:
        """Want at most so many pictures per second from now on."""
        self._worker.pace(fps)

    def leave(self, deadline: float) -> None:
        """Let the camera go by `deadline` (monotonic seconds)."""
        self._worker.stop(deadline)

    def status(self, reading: Reading) -> CameraStatus:
        """Say how the camera is."""
        standing = self._worker.standing
        began = utc(round(reading.wall - (reading.now - standing.since)))
        return CameraStatus(id=self._worker.camera, state=standing.state.value, since=began, reason=standing.reason)
