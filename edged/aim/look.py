"""One look through a camera: faces, light and sharpness, for a sketch or for JSON.

Rules:
  - Frame in, View out: what a View holds of the pixels is the map of light and the picture's figures.
  - Nothing is written, logged or sent.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edged.aim.sketch import Needs, light_map
from edged.camera.desk import Desk
from edged.camera.frame import Frame
from edged.camera.sharpness import Quality, quality
from edged.camera.state import Standing
from edged.camera.worker import CameraWorker
from edged.config.model import Camera
from edged.config.model import Vision as Settings
from edged.errors import CameraError
from edged.vision.sighting import Sighting
from edged.vision.vision import Vision

WAIT_S: Final = 0.25
FIRST_WITHIN_S: Final = 30.0
"""A camera that gives no picture for so long at the beginning is an error: somebody stands on a ladder."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class View:
    """What was seen at a moment."""

    standing: Standing
    size: tuple[int, int] = (0, 0)
    """Width and height of the picture in px."""
    needs: Needs | None = None
    """None before the first picture."""
    sightings: tuple[Sighting, ...] = ()
    lights: NDArray[np.uint8] | None = None
    quality: Quality | None = None
    best_sharpness: float = 0.0
    """The best so far."""
    fps: float = 0.0
    """Looks per second, lately."""

    def told(self) -> dict[str, Any]:
        """Return what `--json` prints: about single faces, but for their place no more than a height."""
        quality = self.quality
        return {
            "state": self.standing.state.value,
            "reason": self.standing.reason,
            "width": self.size[0],
            "height": self.size[1],
            "needed_px": None
            if self.needs is None
            else {
                "emotion": round(self.needs.emotion_px, 1),
                "face": None if self.needs.face_px is None else round(self.needs.face_px, 1),
            },
            "faces": [
                {
                    "height_px": round(sighting.height_px),
                    "x": round(sighting.box.centre[0], 2),
                    "y": round(sighting.box.centre[1], 2),
                    "emotion": sighting.scores is not None,
                }
                for sighting in self.sightings
            ],
            "light": None if quality is None else round(quality.light),
            "white_share": None if quality is None else round(quality.blown, 2),
            "black_share": None if quality is None else round(quality.black, 2),
            "sharpness": None if quality is None else round(quality.sharpness, 2),
        }


class Aim:
    """Keeps one camera open and looks through it."""

    def __init__(self, camera: Camera, settings: Settings) -> None:
        """Open the camera; the thread that looks must be the one that made it."""
        self._camera = camera
        self._settings = settings
        self._worker = CameraWorker(camera, max_fps=settings.max_fps)
        self._desk = Desk()
        self._desk.add(self._worker)
        self._vision: Vision | None = None
        self._size = (0, 0)
        self._best = 0.0
        self._looked: list[float] = []
        self._worker.open()

    def close(self) -> None:
        """Let the camera go."""
        self._worker.stop(time.monotonic() + 2.0)

    def views(self) -> Iterator[View]:
        """Yield what is seen, for ever, or until a recording is over; without a picture how the camera is.

        Raises CameraError when no first picture comes, and what a camera or a model needs a person for.
        """
        due: float | None = time.monotonic() + FIRST_WITHIN_S
        while True:
            frame = self._desk.take(WAIT_S)
            standing = self._worker.standing
            if self._worker.failure is not None:
                raise self._worker.failure
            if frame is not None:
                due = None
                yield self._view(frame)
            elif standing.state == "ended":
                return
            elif due is not None and time.monotonic() > due:
                raise CameraError(standing.reason or f"camera {self._camera.id!r} gives no picture")
            else:
                yield View(standing)

    def _view(self, frame: Frame) -> View:
        height, width = frame.pixels.shape[:2]
        if self._vision is None or self._size != (width, height):
            self._size, self._best = (width, height), 0.0
            self._vision = Vision(self._settings, width, height, region=self._camera.region)
        vision = self._vision
        seen = quality(frame.pixels)
        self._best = max(self._best, seen.sharpness)
        now = time.monotonic()
        self._looked = [moment for moment in self._looked if now - moment < 5.0] + [now]
        passed = now - self._looked[0]
        return View(
            self._worker.standing,
            self._size,
            Needs(vision.least_emotion_px, vision.least_face_px),
            tuple(vision.look(frame)),
            light_map(frame.pixels),
            seen,
            self._best,
            (len(self._looked) - 1) / passed if passed else 0.0,
        )
