"""Each camera is looked at where its configuration says."""

from pathlib import Path

import numpy as np
import pytest

from edged.camera.frame import Frame
from edged.config.model import Camera, Config, Region, Vision
from edged.events import sent_to
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


def test_which_models_look_is_said_for_each_size_of_picture(tmp_path: Path) -> None:
    """Before the first picture, when the size is a guess, and when it has come: "auto" may choose anew then."""
    tiny_models.write_emotion(tmp_path, "feeling")
    vision = Vision(emotion_model="feeling", models_folder=tmp_path)
    said: list[tuple[str, str]] = []
    with sent_to(lambda event, fields: said.append((event, str(fields["reason"])))):
        eyes = Eyes(Config(vision=vision), (Camera(id="door"),))
        for at in range(2):
            eyes.look(Frame("door", float(at), np.zeros((480, 640, 3), np.uint8)))
    first, second = said
    assert {event for event, _ in said} == {"MODELS_LOADED"}
    assert first[1].startswith("centerface-480x288, feeling by ")
    assert first[1].endswith("1280×720")
    assert second[1].startswith("centerface-480x352, feeling by ")
    assert second[1].endswith("640×480")
