"""Gives each picture size the Vision that fits it.

Rules:
  - Models are loaded before any camera is opened, so that a damaged one is refused at once; the size is then a guess
    (what the configuration asks for), and corrected by the first picture.
  - A size no camera has any more is let go: a device that changes its mind doesn't grow.
"""

from collections.abc import Mapping, Sequence

from edged.camera.frame import Frame
from edged.config.model import Camera, Config
from edged.messages.window import ModelUsed
from edged.service.line import Sees
from edged.vision.sighting import Sighting
from edged.vision.vision import Vision

GUESS = (1280, 720)
"""Picture size (width, height) that is assumed until the first picture comes."""


class Eyes:
    """The models of the sensing process, shared by its cameras."""

    def __init__(self, config: Config, cameras: Sequence[Camera]) -> None:
        self._settings = config.vision
        self._size_of: dict[str, tuple[int, int]] = {}
        self._visions: dict[tuple[int, int], Vision] = {}
        camera = cameras[0]
        guess = (camera.width, camera.height) if camera.width and camera.height else GUESS
        self._latest = self._vision(camera.id, guess)

    @property
    def sees(self) -> Sees:
        """Which models looked last, or will look first."""
        return _sees(self._latest)

    @property
    def invoke_cpu_s(self) -> float:
        """CPU seconds that the models which looked last have spent in invoke so far."""
        return self._latest.invoke_cpu_s

    @property
    def last_stages(self) -> Mapping[str, float]:
        """Wall seconds of each stage of the last frame."""
        return self._latest.stages.last_wall_s

    def look(self, frame: Frame) -> tuple[list[Sighting], Sees]:
        """Find the faces of a frame; say which models did."""
        height, width = frame.pixels.shape[:2]
        self._latest = self._vision(frame.camera, (width, height))
        return self._latest.look(frame), _sees(self._latest)

    def _vision(self, camera: str, size: tuple[int, int]) -> Vision:
        if self._size_of.get(camera) != size:
            self._size_of[camera] = size
            still_used = set(self._size_of.values())
            self._visions = {s: vision for s, vision in self._visions.items() if s in still_used}
            if size not in self._visions:
                self._visions[size] = Vision(self._settings, *size)
        return self._visions[size]


def _sees(vision: Vision) -> Sees:
    models = tuple(ModelUsed(task=task, name=name, sha256=sha256) for task, name, sha256 in vision.models)
    return Sees(models, vision.runtime, vision.estimate)
