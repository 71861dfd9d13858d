"""Where the frames of all cameras of the sensing process come in, and the models pick one up.

Rules:
  - Of each camera only the newest frame waits, in its own shared memory: a queue would only make frames old.
  - The camera whose turn was longest ago goes first, so a fast camera can't starve a slow one.
"""

import time

from edged.camera.frame import Frame
from edged.camera.process import wait_for_words
from edged.camera.worker import CameraWorker


class Desk:
    """Waits for the workers of all cameras."""

    def __init__(self) -> None:
        self._workers: list[CameraWorker] = []
        self._turns: dict[str, int] = {}
        self._turn = 0

    def add(self, worker: CameraWorker) -> None:
        """Wait for this one as well."""
        self._workers.append(worker)
        self._turns[worker.camera] = 0

    @property
    def empty(self) -> bool:
        """True when no frame waits."""
        return not any(worker.has_frame for worker in self._workers)

    def take(self, timeout: float) -> Frame | None:
        """Return a frame of the camera that has waited longest for its turn, or None after `timeout` seconds.

        Its pixels are valid until the next call.
        """
        deadline = time.monotonic() + timeout
        while True:
            for worker in self._workers:
                worker.attend()
            waiting = [worker for worker in self._workers if worker.has_frame]
            if waiting:
                first = min(waiting, key=lambda worker: self._turns[worker.camera])
                self._turn += 1
                self._turns[first.camera] = self._turn
                if (frame := first.take()) is not None:
                    return frame
                continue
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            wait_for_words([worker.process for worker in self._workers if worker.process], remaining)
