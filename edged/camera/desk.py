"""Where the cameras of a process lay down their newest frame and the models pick one up.

Rules:
  - One place per camera. A newer frame replaces one that nobody took: a queue would only make frames old.
  - The camera whose turn was longest ago goes first, so a fast camera can't starve a slow one.
"""

import threading
import time

from edged.camera.frame import Frame


class Desk:
    """Shared by all camera workers and by the one that takes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, Frame] = {}
        self._turns: dict[str, int] = {}
        self._turn = 0

    def put(self, frame: Frame) -> bool:
        """Lay down a camera's newest frame; return True if it replaced one that nobody took."""
        with self._changed:
            replaced = frame.camera in self._waiting
            self._waiting[frame.camera] = frame
            self._changed.notify()
            return replaced

    @property
    def empty(self) -> bool:
        """True when no frame waits."""
        return not self._waiting

    def take(self, timeout: float) -> Frame | None:
        """Return a frame of the camera that has waited longest for its turn, or None after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not self._waiting:
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    break
            if not self._waiting:
                return None
            camera = min(self._waiting, key=lambda name: self._turns.get(name, 0))
            self._turn += 1
            self._turns[camera] = self._turn
            return self._waiting.pop(camera)
