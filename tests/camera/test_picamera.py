"""Camera modules, against a fake with picamera2's real signatures."""

import sys

import pytest

from edged.camera.sources import open_source
from edged.config.model import Camera
from edged.errors import CameraError, ConfigError, UnavailableError
from tests.camera.fakes import FakePicamera2

CAMERA = Camera(id="door", source="picamera2:0", width=640, height=480, fps=10)


def test_size_rate_and_format_are_configured_before_the_start(fake_picamera2: list[FakePicamera2]) -> None:
    """Frames of the size asked for, at the rate asked for, with blue first in memory."""
    open_source(CAMERA)
    (device,) = fake_picamera2
    assert device.configuration["main"] == {"format": "RGB888", "size": (640, 480)}
    assert device.configuration["controls"] == {"FrameDurationLimits": (100_000, 100_000)}
    assert device.calls == ["configure", "start"]


def test_without_wishes_picamera2_chooses(fake_picamera2: list[FakePicamera2]) -> None:
    """Size and rate are picamera2's defaults."""
    open_source(Camera(id="door", source="picamera2:0"))
    assert fake_picamera2[0].configuration["main"]["size"] == (1280, 720)
    assert fake_picamera2[0].configuration["controls"] == {"FrameDurationLimits": (33333, 33333)}


def test_every_request_is_given_back(fake_picamera2: list[FakePicamera2]) -> None:
    """A request that is kept starves the camera of buffers: the fake refuses a second one while one is held."""
    source = open_source(CAMERA)
    for index in range(10):
        source.grab()
        if index % 3 == 0:
            source.retrieve()
    source.close()
    assert all(request.released for request in fake_picamera2[0].requests)
    assert fake_picamera2[0].calls[-2:] == ["stop", "close"]


@pytest.mark.parametrize("fault", [TimeoutError(), RuntimeError("device gone"), OSError("device gone")])
def test_a_camera_that_fails_is_lost(fake_picamera2: list[FakePicamera2], fault: Exception) -> None:
    """A module that stops sending, or is torn off, is a CameraError; closing it then still works."""
    source = open_source(CAMERA)
    source.read()
    fake_picamera2[0].fault = fault
    with pytest.raises(CameraError, match="ribbon cable"):
        source.read()
    source.close()


def test_a_module_that_is_not_there_is_tried_again(fake_picamera2: list[FakePicamera2]) -> None:
    """Picamera2 raises IndexError for a number it hasn't got; that is no fault of edged."""
    with pytest.raises(CameraError, match="camera module 3 can't be started"):
        open_source(Camera(id="door", source="picamera2:3"))


def test_a_configuration_that_is_refused_frees_the_camera(
    fake_picamera2: list[FakePicamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt must find the camera free."""

    def refuse(self: FakePicamera2, camera_config: object) -> None:
        raise RuntimeError("Invalid camera configuration")

    monkeypatch.setattr(FakePicamera2, "configure", refuse)
    with pytest.raises(CameraError, match="Invalid camera configuration"):
        open_source(CAMERA)
    assert fake_picamera2[0].calls == ["close"]


def test_without_the_package_a_person_must_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says how."""
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(UnavailableError, match="sudo apt install python3-picamera2"):
        open_source(CAMERA)


@pytest.mark.parametrize("source", ["picamera2:", "picamera2:front", "picamera2:-1"])
def test_a_camera_without_a_number_is_refused(source: str) -> None:
    """picamera2:N needs its N."""
    with pytest.raises(ConfigError, match="picamera2:N"):
        open_source(Camera(id="door", source=source))
