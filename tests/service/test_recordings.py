"""Which frames of a recording are looked at."""

from pathlib import Path

import pytest

from edged.camera.frame import Frame
from edged.config.model import Camera, Config, Vision
from edged.service.analyse import Shown
from edged.service.handover import Handover
from edged.service.line import Sees
from edged.service.sense import sense_recording
from edged.service.signals import Stop
from edged.vision.sighting import Sighting
from tests.camera.clips import write_video


class Counting:
    """Eyes by hand, that note when they looked and find nobody."""

    sees = Sees((), "by hand")

    def __init__(self) -> None:
        self.looked: list[float] = []

    def look(self, frame: Frame) -> tuple[list[Sighting], Sees]:
        self.looked.append(frame.captured)
        return [], self.sees


@pytest.mark.parametrize(("fps", "most", "looks"), [(25.0, 10.0, 20), (25.0, 25.0, 50), (5.0, 10.0, 10)])
def test_no_more_frames_a_second_than_of_a_live_camera(fps: float, most: float, looks: int, tmp_path: Path) -> None:
    """By the recording's own clock, evenly, whatever its rate."""
    camera = Camera(source=str(write_video(tmp_path / "film.avi", frames=round(2 * fps), fps=fps)), pace="fast")
    config = Config(cameras=(camera,), vision=Vision(max_fps=most))
    eyes = Counting()
    sense_recording(config, camera, Handover(Shown("shop", lambda _: None)), Stop(), eyes=eyes)
    assert len(eyes.looked) == looks
    assert all(second - first >= 0.7 / most for first, second in zip(eyes.looked, eyes.looked[1:], strict=False))
