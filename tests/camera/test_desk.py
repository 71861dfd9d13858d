"""Only the newest frame waits, and every camera gets its turn."""

import threading

import numpy as np
import pytest

from edged.camera.desk import Desk
from edged.camera.frame import Frame


def frame(camera: str, captured: float = 0.0) -> Frame:
    return Frame(camera, captured, np.zeros((2, 2, 3), np.uint8))


def test_a_newer_frame_replaces_one_that_nobody_took() -> None:
    """The older one is gone, and the one who laid down the newer knows it."""
    desk = Desk()
    assert not desk.put(frame("door", 1.0))
    assert desk.put(frame("door", 2.0))
    taken = desk.take(0)
    assert taken is not None
    assert taken.captured == 2.0
    assert desk.take(0) is None


def test_a_taken_frame_is_not_dropped() -> None:
    """After a frame was taken the next one replaces nothing."""
    desk = Desk()
    desk.put(frame("door", 1.0))
    desk.take(0)
    assert not desk.put(frame("door", 2.0))


def test_cameras_take_turns_although_one_is_faster() -> None:
    """A camera that lays down ten frames for one of another gets no more turns."""
    desk, turns = Desk(), []
    for _ in range(6):
        for _ in range(10):
            desk.put(frame("fast"))
        desk.put(frame("slow"))
        for _ in range(2):
            taken = desk.take(0)
            assert taken is not None
            turns.append(taken.camera)
    assert turns == ["fast", "slow"] * 6


def test_the_longest_ago_goes_first() -> None:
    """Turns count, not arrival: who was just served waits behind who came later."""
    desk = Desk()
    for camera in ("a", "b", "c"):
        desk.put(frame(camera))
        desk.take(0)
    for camera in ("c", "b", "a"):
        desk.put(frame(camera))
    order = [taken.camera for _ in range(3) if (taken := desk.take(0)) is not None]
    assert order == ["a", "b", "c"]


def test_empty_tells_whether_a_frame_waits() -> None:
    """The last frame of a recording is not lost by asking too early."""
    desk = Desk()
    assert desk.empty
    desk.put(frame("door"))
    assert not desk.empty
    desk.take(0)
    assert desk.empty


@pytest.mark.parametrize("timeout", [0.0, -1.0, 0.01])
def test_nothing_comes_within_the_time(timeout: float) -> None:
    """Waiting has an end."""
    assert Desk().take(timeout) is None


def test_a_waiting_taker_is_woken() -> None:
    """A frame reaches one who already waits, long before the time is out."""
    desk, taken = Desk(), []
    taker = threading.Thread(target=lambda: taken.append(desk.take(60.0)))
    taker.start()
    desk.put(frame("door", 3.0))
    taker.join(30.0)
    assert not taker.is_alive()
    assert taken[0] is not None
    assert taken[0].captured == 3.0
