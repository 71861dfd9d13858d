"""Pictures and videos looked at once, for the person who asked: the rooms of the daemon, without its outbox.

Rules:
  - What is said of a single face stays with whoever runs the command: nothing here can reach outbox or broker.
  - A video goes through the very line that `edged sense` uses, so its windows are the ones the daemon would send.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edged.camera.pictures import SUFFIXES
from edged.camera.sources import open_source
from edged.config.model import Camera, Config
from edged.errors import InputError
from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.messages.window import WindowMessage
from edged.service.eyes import Eyes
from edged.service.handover import Handover
from edged.service.sense import sense_recording
from edged.service.signals import Stop
from edged.vision.sighting import Sighting
from edged.words import EMOTIONS

EPOCH = "00000000"
"""Stands where a store's epoch would: these messages were never in one."""


class Shown:
    """Stands where the outbox would: numbers the messages and shows them at once."""

    def __init__(self, device: str, show: Callable[[WindowMessage], None]) -> None:
        self._device = device
        self._show = show
        self._sequence = 0

    def append(self, compose: Callable[[Stamp], WindowMessage]) -> Stamp:
        """Show a message."""
        self._sequence += 1
        stamp = Stamp(self._device, EPOCH, self._sequence)
        self._show(compose(stamp))
        return stamp

    def forgo(self, count: int) -> None:
        """Count what was lost on the way: nothing ever is."""
        self._sequence += count

    def report(self, report: SenseReport) -> None:
        """Nobody asks how it goes."""


def is_picture(path: Path) -> bool:
    """Say by its name whether a file is a single picture."""
    return path.suffix.lower() in SUFFIXES


def video(config: Config, path: Path, show: Callable[[WindowMessage], None], stop: Stop) -> None:
    """Show the windows of a video as the daemon would send them. Raises what open_source and Vision raise."""
    camera = config.cameras[0].model_copy(update={"source": str(path), "pace": "fast", "loop": False})
    sense_recording(config, camera, Handover(Shown(config.device.id, show)), stop)


class PictureReader:
    """Finds the faces of single pictures; loads the models once."""

    def __init__(self, config: Config) -> None:
        """Load the models. Raises what Vision raises."""
        self._eyes = Eyes(config, config.cameras)

    def faces(self, path: Path) -> dict[str, Any]:
        """Return a picture's file, size and faces. Raises what open_source raises."""
        source = open_source(Camera(id="picture", source=str(path), pace="fast"))
        frame = source.read()
        source.close()
        if frame is None:
            raise InputError(f"{path}: holds no picture")
        sightings, _ = self._eyes.look(frame)
        height, width = frame.pixels.shape[:2]
        return {
            "file": str(path),
            "width": width,
            "height": height,
            "faces": [_face(sighting, width, height) for sighting in sightings],
        }


def _face(sighting: Sighting, width: int, height: int) -> dict[str, Any]:
    box, scores = sighting.box, sighting.scores
    return {
        "box": {
            "left": round(box.left * width),
            "top": round(box.top * height),
            "width": round(box.width * width),
            "height": round(box.height * height),
        },
        "score": round(sighting.score, 3),
        "yaw_deg": None if sighting.yaw is None else round(sighting.yaw, 1),
        "roll_deg": None if sighting.roll is None else round(sighting.roll, 1),
        "emotion": None if scores is None else EMOTIONS[max(range(len(EMOTIONS)), key=scores.__getitem__)],
        "scores": None if scores is None else {e: round(s, 3) for e, s in zip(EMOTIONS, scores, strict=True)},
    }
