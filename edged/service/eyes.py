"""Gives each picture size, and each region of it, the Vision that fits it.

Rules:
  - Models are loaded before any camera is opened, so that a damaged one is refused at once; the size is then a guess
    (what the configuration asks for), and corrected by the first picture.
  - A size no camera has any more is let go: a device that changes its mind doesn't grow.
"""

from collections.abc import Mapping, Sequence

from edged.camera.frame import Frame
from edged.config.model import Camera, Config, Region
from edged.events import Event, tell
from edged.messages.window import ModelUsed
from edged.service.line import Sees
from edged.vision.sighting import Sighting
from edged.vision.vision import Vision

GUESS = (1280, 720)
"""Picture size (width, height) that is assumed until the first picture comes."""


View = tuple[int, int, Region | None]
"""Width and height of a picture, and where in it faces are looked for."""


class Eyes:
    """The models of the sensing process, shared by its cameras."""

    def __init__(self, config: Config, cameras: Sequence[Camera]) -> None:
        self._settings = config.vision
        self._region_of = {camera.id: camera.region for camera in cameras}
        self._view_of: dict[str, View] = {}
        self._visions: dict[View, Vision] = {}
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
        region = self._region_of.get(camera)
        view: View = (*size, region)
        if self._view_of.get(camera) != view:
            self._view_of[camera] = view
            still_used = set(self._view_of.values())
            self._visions = {v: vision for v, vision in self._visions.items() if v in still_used}
            if view not in self._visions:
                vision = self._visions[view] = Vision(self._settings, *size, region=region)
                looks = ", ".join(name for _, name, _ in vision.models)
                tell(Event.MODELS_LOADED, reason=f"{looks} by {vision.runtime}: pictures of {size[0]}×{size[1]}")
        return self._visions[view]


def _sees(vision: Vision) -> Sees:
    models = tuple(ModelUsed(task=task, name=name, sha256=sha256) for task, name, sha256 in vision.models)
    return Sees(models, vision.runtime, vision.estimate)
