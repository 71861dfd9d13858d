"""Cameras behind OpenCV: what a failed grab means."""

import pytest

from edged.camera.live import LiveCamera
from edged.errors import CameraError
from tests.camera.fakes import FakeCapture, FakeClock


def test_one_failed_grab_is_no_loss() -> None:
    """A corrupt packet is passed over."""
    camera = LiveCamera("door", "/dev/video0", FakeCapture(grabs=[False, False, True]))
    assert camera.read() is not None


def test_several_failed_grabs_are_a_loss() -> None:
    """An unplugged camera fails at once, each time."""
    camera = LiveCamera("door", "/dev/video0", FakeCapture(grabs=[False] * 100))
    with pytest.raises(CameraError, match=r"camera 'door' at /dev/video0 is gone: is it plugged in"):
        camera.read()


@pytest.mark.parametrize("brings_a_picture", [False, True])
def test_one_slow_grab_is_a_loss(brings_a_picture: bool) -> None:
    """A grab that ran into its time-out isn't tried again, and what it brought is an old picture."""
    clock, grabs = FakeClock(), []

    def hang() -> None:
        grabs.append(clock.now)
        clock.now += 5.0

    capture = FakeCapture(grabs=[brings_a_picture] * 100, on_grab=hang)
    camera = LiveCamera("door", "/dev/video0", capture, timeout_s=5.0, clock=clock)
    with pytest.raises(CameraError, match="sends no more pictures"):
        camera.read()
    assert len(grabs) == 1


def test_failed_grabs_together_take_no_longer_than_one_may() -> None:
    """Attempts that each take a while share one time-out: eight of them must not hide a stall for 40 s."""
    clock = FakeClock()

    def linger() -> None:
        clock.now += 2.0

    capture = FakeCapture(grabs=[False] * 100, on_grab=linger)
    camera = LiveCamera("door", "/dev/video0", capture, timeout_s=5.0, clock=clock)
    with pytest.raises(CameraError, match="sends no more pictures"):
        camera.read()
    assert clock.now <= 1000.0 + 2 * 5.0


def test_damaged_pictures_are_passed_over_and_many_are_a_loss() -> None:
    """A camera whose every picture is damaged is opened anew."""
    camera = LiveCamera("door", "/dev/video0", FakeCapture(picture=None))
    camera.grab()
    assert camera.retrieve() is None
    with pytest.raises(CameraError, match="only damaged pictures"):
        camera.read()


def test_the_time_is_when_the_frame_was_got() -> None:
    """Converting a frame doesn't make it younger."""
    clock = FakeClock()
    camera = LiveCamera("door", "/dev/video0", FakeCapture(), clock=clock)
    assert camera.grab() == 1000.0
    clock.now = 1000.5
    frame = camera.retrieve()
    assert frame is not None
    assert frame.captured == 1000.0


def test_closing_frees_the_device() -> None:
    """A device that isn't freed can't be opened again."""
    capture = FakeCapture()
    LiveCamera("door", "/dev/video0", capture).close()
    assert capture.closed
