"""USB cameras: none is plugged in here, so the driver's side is a fake and the missing device is real."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from edged.camera.modes import Mode
from edged.camera.sources import open_source
from edged.camera.v4l2 import ask, device_path, halved, wants_half
from edged.config.model import Camera
from edged.errors import CameraError
from tests.camera.clips import is_red_then_blue, jpeg, picture
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
        ask(capture, Camera(id="door", width=1280, height=720, fps=15, pixel_format="MJPG"), None)
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
    ask(capture, Camera(id="door"), None)
    assert capture.asked == [cv2.CAP_PROP_BUFFERSIZE]


def test_a_mode_that_the_camera_lists_is_asked_for() -> None:
    """Format, size and rate as it has them, and nothing else: exposure and focus are the camera's own."""
    capture = FakeCapture()
    ask(capture, Camera(id="door"), Mode("YUYV", 1280, 720, 10.0))
    assert (capture.properties[cv2.CAP_PROP_FRAME_WIDTH], capture.properties[cv2.CAP_PROP_FPS]) == (1280, 10.0)
    assert capture.asked == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
        cv2.CAP_PROP_BUFFERSIZE,
    ]


def large(pixel_format: str, width: int = 3840, height: int = 2160) -> FakeCapture:
    return FakeCapture(
        properties={
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*pixel_format),
        }
    )


def test_only_very_large_jpegs_are_halved() -> None:
    """In a smaller picture a face needs every pixel; an uncompressed one has nothing to save."""
    assert wants_half(large("MJPG"))
    assert not wants_half(large("YUYV"))
    assert not wants_half(large("MJPG", 2560, 1440))


@pytest.mark.parametrize("shape", [(1, -1), (-1, 1), (-1,)])
def test_a_jpeg_is_decoded_at_half_its_size(shape: tuple[int, ...]) -> None:
    """From the bytes as the driver gives them, in whatever shape; the colours stay what they were."""
    encoded = np.frombuffer(jpeg(picture(width=192, height=128)), np.uint8).reshape(shape)
    pixels = halved(encoded)
    assert pixels is not None
    assert pixels.shape == (64, 96, 3)
    assert is_red_then_blue(pixels)


def test_a_damaged_jpeg_is_no_picture() -> None:
    """Torn, empty or missing."""
    for encoded in (None, np.empty(0, np.uint8), np.zeros(100, np.uint8)):
        assert halved(encoded) is None


def test_what_the_driver_refuses_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A size that was silently rounded shows in the log, and the camera is used all the same."""
    refusing = FakeCapture(
        properties={cv2.CAP_PROP_FRAME_WIDTH: 640, cv2.CAP_PROP_FRAME_HEIGHT: 480, cv2.CAP_PROP_FPS: 30},
        refused=frozenset({cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT}),
    )
    ask(refusing, Camera(id="door", width=1000, height=700, fps=30), None)
    assert [record.message for record in caplog.records] == [
        "camera 'door' doesn't give what was asked for: width 1000, height 700"
    ]
