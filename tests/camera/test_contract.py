"""What every implementation of FrameSource promises, each tried on the real thing where there is one here."""

from itertools import pairwise

import numpy as np

from edged.camera.frame import FrameSource
from tests.camera.clips import HEIGHT, WIDTH, is_red_then_blue
from tests.camera.conftest import ENDLESS


def test_a_frame_is_bgr_of_the_right_size_and_camera(source: FrameSource) -> None:
    """Whatever the source, pixels are (H, W, 3) uint8 in the order blue, green, red, and name their camera."""
    frame = source.read()
    assert frame is not None
    assert frame.camera == "door"
    assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert is_red_then_blue(frame.pixels)


def test_capture_times_only_grow(source: FrameSource, kind: str) -> None:
    """No two frames share a time and none goes back, also where a loop begins again."""
    times = [frame.captured for _ in range(25) if (frame := source.read()) is not None]
    assert len(times) == (25 if kind in ENDLESS else 10)
    assert all(earlier < later for earlier, later in pairwise(times))


def test_grabbing_goes_on_and_retrieving_does_not(source: FrameSource) -> None:
    """A frame that nobody retrieves is left behind; a retrieved one carries the time that its grab returned."""
    first, second = source.grab(), source.grab()
    assert first is not None
    assert second is not None
    frame = source.retrieve()
    assert frame is not None
    assert first < frame.captured == second


def test_the_end_stays_the_end(source: FrameSource, kind: str) -> None:
    """A recording that isn't looped says None after its last frame, however often it is asked."""
    if kind in ENDLESS:
        assert all(source.grab() is not None for _ in range(25))
    else:
        while source.read() is not None:
            pass
        assert source.grab() is None
        assert source.read() is None


def test_live_is_told_from_recorded(source: FrameSource, kind: str) -> None:
    """Only a camera is live: the worker paces all others."""
    assert source.live == (kind in {"rtsp", "http", "picamera2", "v4l2"})


def test_closing_twice_does_no_harm(source: FrameSource) -> None:
    """A source can be closed at any time, and again."""
    source.grab()
    source.close()
    source.close()


def test_a_retrieved_frame_outlives_the_next(source: FrameSource) -> None:
    """Pixels belong to their frame: later frames don't write over them."""
    frame = source.read()
    assert frame is not None
    before = frame.pixels.copy()
    source.read()
    source.close()
    assert np.array_equal(before, frame.pixels)
