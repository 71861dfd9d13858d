"""USB cameras: none is plugged in here, so the driver's side is a fake and the missing device is real."""

import logging
from pathlib import Path

import cv2
import pytest

from edged.camera.sources import open_source
from edged.camera.v4l2 import ask, device_path
from edged.config.model import Camera
from edged.errors import CameraError
from tests.camera.fakes import FakeCapture


@pytest.mark.parametrize(
    ("source", "path"), [(0, "/dev/video0"), ("2", "/dev/video2"), ("/dev/v4l/by-id/x", "/dev/v4l/by-id/x")]
)
def test_a_number_is_a_device(source: str | int, path: str) -> None:
    """Camera 2 is /dev/video2."""
    assert device_path(source) == Path(path)


@pytest.mark.parametrize("source", [97, "97", "/dev/video97"])
def test_a_device_that_is_not_there_is_tried_again(source: str | int) -> None:
    """It may be plugged in later: a CameraError, with the device's name."""
    with pytest.raises(CameraError, match=r"camera 'door': there is no device /dev/video97: is it plugged in\?"):
        open_source(Camera(id="door", source=source))


def test_a_device_that_is_no_camera_is_tried_again(capfd: pytest.CaptureFixture[str]) -> None:
    """Another program may hold it; the drivers' own complaints stay off standard error."""
    with pytest.raises(CameraError, match="/dev/null can't be opened as a camera"):
        open_source(Camera(id="door", source="/dev/null"))
    assert capfd.readouterr().err == ""


def test_size_rate_format_and_one_buffer_are_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    """The format comes first, for drivers list sizes by format; what is given is logged."""
    capture = FakeCapture()
    with caplog.at_level(logging.INFO):
        ask(capture, Camera(id="door", width=1280, height=720, fps=15, pixel_format="MJPG"))
    assert capture.asked == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
        cv2.CAP_PROP_BUFFERSIZE,
    ]
    assert capture.properties[cv2.CAP_PROP_BUFFERSIZE] == 1
    assert [record.message for record in caplog.records] == ["camera 'door' gives 1280×720 at 15 fps as MJPG"]


def test_nothing_is_asked_for_that_is_not_configured() -> None:
    """Without wishes the camera gives what it offers first."""
    capture = FakeCapture()
    ask(capture, Camera(id="door"))
    assert capture.asked == [cv2.CAP_PROP_BUFFERSIZE]


def test_what_the_driver_refuses_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A size that was silently rounded shows in the log, and the camera is used all the same."""
    refusing = FakeCapture(
        properties={cv2.CAP_PROP_FRAME_WIDTH: 640, cv2.CAP_PROP_FRAME_HEIGHT: 480, cv2.CAP_PROP_FPS: 30},
        refused=frozenset({cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT}),
    )
    ask(refusing, Camera(id="door", width=1000, height=700, fps=30))
    assert [record.message for record in caplog.records] == [
        "camera 'door' doesn't give what was asked for: width 1000, height 700"
    ]
