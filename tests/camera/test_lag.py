"""A stream that the device can't keep up with is found by its own time stamps."""

import cv2
import pytest

from edged.camera.lag import FOR_S, LATE_S, Lag
from edged.camera.live import LiveCamera
from edged.errors import CameraError
from tests.camera.fakes import FakeCapture, FakeClock

PERIOD_S = 0.04


def late_after(speed: float, seconds: float, drift: float = 0.0) -> float | None:
    """When a device is found late that decodes `speed` times as fast as the pictures come; None: never."""
    lag, stamp, now = Lag(), 0.0, 1000.0
    while now < 1000.0 + seconds:
        stamp += PERIOD_S
        # The picture is there at its stamp, as the camera's clock has it, at the earliest.
        now = max(now + PERIOD_S / speed, 1000.0 + stamp * (1 + drift))
        if lag.is_late(now, stamp):
            return now - 1000.0
    return None


@pytest.mark.parametrize("speed", [1.01, 2.0, 10.0])
def test_a_device_that_keeps_up_is_never_late(speed: float) -> None:
    """For half an hour."""
    assert late_after(speed, 1800) is None


@pytest.mark.parametrize("speed", [0.99, 0.9, 0.5])
def test_a_device_that_does_not_is_found(speed: float) -> None:
    """Soon after its pictures have become late."""
    found = late_after(speed, 1800)
    assert found is not None
    assert found == pytest.approx(LATE_S / (1 - speed) + FOR_S, rel=0.2, abs=2.0)


@pytest.mark.parametrize("drift", [-0.0002, 0.0002])
def test_a_clock_that_drifts_is_no_lag(drift: float) -> None:
    """Seventeen seconds a day, either way, for four hours."""
    assert late_after(10.0, 4 * 3600, drift) is None


def test_a_burst_after_a_pause_is_no_lag() -> None:
    """The network held pictures back for five seconds and sends them in one go."""
    lag = Lag()
    assert not any(lag.is_late(1000.0 + index / 10, index / 10) for index in range(600))
    assert not any(lag.is_late(1065.0 + index / 1000, 60.0 + index / 10) for index in range(50))
    assert not any(lag.is_late(1065.0 + index / 10, 65.0 + index / 10) for index in range(600))


def test_a_late_camera_is_opened_anew() -> None:
    """That drops what waits; the reason says what to do."""
    clock = FakeClock()
    capture = FakeCapture()

    def arrive() -> None:
        clock.now += 0.1
        capture.properties[cv2.CAP_PROP_POS_MSEC] = capture.properties.get(cv2.CAP_PROP_POS_MSEC, 0.0) + 50.0

    capture.on_grab = arrive
    camera = LiveCamera("door", "rtsp://camera/…", capture, clock=clock, lag=Lag())
    with pytest.raises(CameraError, match="smaller picture or a lower rate"):
        for _ in range(1000):
            camera.grab()
    assert clock.now < 1030.0
