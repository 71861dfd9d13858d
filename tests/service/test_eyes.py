"""Each camera is looked at where its configuration says."""

from pathlib import Path

import numpy as np
import pytest

from edged.camera.frame import Frame
from edged.config.model import Camera, Config, Region, Vision
from edged.service.eyes import Eyes
from tests.vision import tiny_models


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """A folder with the face stand-in "face" and the emotion stand-in "feeling"."""
    tiny_models.write_face(tmp_path)
    tiny_models.write_emotion(tmp_path, "feeling")
    return tmp_path


def test_two_cameras_of_one_size_have_each_their_region(stand_ins: Path) -> None:
    """What lies outside of one camera's region is seen by the other, though both pictures have the same size."""
    cameras = (Camera(id="door", region=Region(left=0.5)), Camera(id="till"))
    vision = Vision(face_model="face", emotion_model="feeling", models_folder=stand_ins)
    eyes = Eyes(Config(cameras=cameras, vision=vision), cameras)
    picture = np.zeros((96, 128, 3), np.uint8)
    picture[16:24, 16:24] = 255
    assert eyes.look(Frame("door", 0.0, picture))[0] == []
    assert len(eyes.look(Frame("till", 0.0, picture))[0]) == 1
    assert eyes.look(Frame("door", 0.1, picture))[0] == []
