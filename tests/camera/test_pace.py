"""Which frames are due, when recorded ones are shown, when a lost camera is tried again."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edged.camera.pace import Backoff, Pacer, Thinning


def due(times: list[float], max_fps: float) -> list[float]:
    thinning = Thinning(max_fps)
    return [time for time in times if thinning.is_due(time)]


@pytest.mark.parametrize(("fps", "max_fps", "expected"), [(30, 10, 100), (25, 10, 100), (10, 10, 100), (5, 10, 50)])
def test_at_most_max_fps_and_no_fewer_than_can_be(fps: int, max_fps: float, expected: int) -> None:
    """In ten seconds a camera gives as many due frames as asked for, or all it has."""
    times = [index / fps for index in range(10 * fps)]
    assert abs(len(due(times, max_fps)) - expected) <= 1


def test_a_jittering_camera_at_just_the_rate_loses_no_frame() -> None:
    """A camera of ten frames a second, each up to 20 ms early or late, isn't halved."""
    chance = random.Random(1)
    times = [index / 10 + chance.uniform(-0.02, 0.02) for index in range(300)]
    assert len(due(times, 10.0)) >= 297


def test_missed_turns_are_not_made_up_for() -> None:
    """After a pause frames don't come in a burst."""
    times = [0.0] + [60.0 + index / 100 for index in range(100)]
    assert len(due(times, 10.0)) <= 12


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=300), st.floats(0.5, 60.0))
def test_never_more_than_max_fps(steps: list[float], max_fps: float) -> None:
    """Invariant: over any stretch no more frames are due than the rate allows, and what its two ends add.

    A turn may be taken a quarter of a period early or a whole one late, so a stretch holds 1.25 turns more.
    """
    times, now = [], 0.0
    for step in steps:
        now += step
        times.append(now)
    shown = due(times, max_fps)
    for first in range(len(shown)):
        for last in range(first, len(shown)):
            assert last - first + 1 <= (shown[last] - shown[first]) * max_fps + 2.25 + 1e-6


def test_a_recording_is_shown_as_it_was_filmed() -> None:
    """Frames wait for their distance from the first, whenever that one was shown."""
    pacer = Pacer()
    assert pacer.delay(captured=5.0, now=1000.0) == 0.0
    assert pacer.delay(captured=5.25, now=1000.0) == 0.25
    assert pacer.delay(captured=5.5, now=1000.25) == 0.25


def test_a_short_hold_up_is_caught_up_with() -> None:
    """A frame that is a little late is shown at once, and the next at its own time."""
    pacer = Pacer()
    pacer.delay(0.0, 1000.0)
    assert pacer.delay(0.5, 1000.75) == 0.0
    assert pacer.delay(1.0, 1000.75) == 0.25


def test_after_a_long_hold_up_the_speed_stays() -> None:
    """A minute of standstill is not run through in fast motion."""
    pacer = Pacer()
    pacer.delay(0.0, 1000.0)
    assert pacer.delay(0.5, 1060.0) == 0.0
    assert pacer.delay(1.0, 1060.0) == 0.5


def test_retries_double_up_to_four_seconds() -> None:
    """Half a second at first, never more than four, for ever."""
    backoff = Backoff()
    assert [backoff.delay(chance=0.0) for _ in range(7)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0]
    backoff.reset()
    assert backoff.delay(chance=0.0) == 0.5


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=30))
def test_chance_only_shortens(chances: list[float]) -> None:
    """Invariant: jitter keeps every wait within three quarters of its bound, so that a camera is back in time."""
    plain, jittered = Backoff(), Backoff()
    for chance in chances:
        bound = plain.delay(0.0)
        assert 0.75 * bound <= jittered.delay(chance) <= bound <= 10.0


def test_times_shown_never_go_back() -> None:
    """The order of a recording is the order in which it is shown, also around hold-ups."""
    pacer, now, shown = Pacer(), 0.0, []
    chance = random.Random(2)
    for index in range(500):
        now += chance.choice([0.0, 0.01, 0.2, 3.0])
        now += pacer.delay(index / 25, now)
        shown.append(now)
    assert all(earlier <= later for earlier, later in pairwise(shown))
