"""The states of a camera, driven by times alone."""

import pytest

from edged.camera.condition import Condition
from edged.camera.state import STALLED_AFTER_S, CameraState, Signs, Standing, judge


def test_opening_until_the_first_frame() -> None:
    """A camera that was only just asked for is opening."""
    assert judge(1007.9, Signs(began=1000.0)).state is CameraState.OPENING


def test_stalled_when_an_opening_hangs() -> None:
    """A driver that never returns from opening is reported, although its process can't say so."""
    standing = judge(1010.0, Signs(began=1000.0))
    assert (standing.state, standing.since) == (CameraState.STALLED, 1000.0 + STALLED_AFTER_S)


def test_a_stall_shows_within_ten_seconds() -> None:
    """With room for the loop that looks, and for the status that tells."""
    assert STALLED_AFTER_S <= 9.0


def test_live_since_the_first_frame() -> None:
    """Later frames don't move the time since when it is live."""
    signs = Signs(began=1000.0).seen(1001.0).seen(1002.0)
    assert judge(1003.0, signs) == Standing(CameraState.LIVE, 1001.0)


def test_stalled_without_frames_and_live_again_with_one() -> None:
    """No frame for a while is a stall; the next frame begins a new live time."""
    signs = Signs(began=1000.0).seen(1001.0)
    stalled = judge(1011.0, signs)
    assert (stalled.state, stalled.since) == (CameraState.STALLED, 1001.0 + STALLED_AFTER_S)
    assert stalled.reason is not None
    assert judge(1020.5, signs.seen(1020.0)) == Standing(CameraState.LIVE, 1020.0)


def test_offline_keeps_its_beginning_through_failed_attempts() -> None:
    """Since and reason tell when the trouble began and what it is now."""
    signs = Signs(began=1000.0).seen(1001.0).lost(1002.0, "gone").lost(1500.0, "no device")
    assert judge(1501.0, signs) == Standing(CameraState.OFFLINE, 1002.0, "no device")


def test_a_stall_that_was_seen_by_the_clock_keeps_its_beginning() -> None:
    """That the hanging process was killed later is no new stall."""
    signs = Signs(began=1000.0).seen(1001.0).lost(1030.0, "killed", CameraState.STALLED)
    assert judge(1031.0, signs) == Standing(CameraState.STALLED, 1001.0 + STALLED_AFTER_S, "killed")


def test_a_stalled_camera_that_then_is_away_is_offline_since_then() -> None:
    """It hung, and then somebody unplugged it."""
    signs = Signs(began=1000.0).lost(1002.0, "hangs", CameraState.STALLED).lost(1005.0, "no device")
    assert judge(1006.0, signs) == Standing(CameraState.OFFLINE, 1005.0, "no device")


def test_offline_ends_with_a_frame_not_with_an_opening() -> None:
    """Only pictures prove that a camera is back."""
    signs = Signs(began=1000.0).lost(1000.0, "no device").seen(1100.0)
    assert judge(1100.0, signs) == Standing(CameraState.LIVE, 1100.0)


@pytest.mark.parametrize(
    ("condition", "state"), [(Condition.DARK, CameraState.DARK), (Condition.FROZEN, CameraState.FROZEN)]
)
def test_a_blind_camera_is_not_live(condition: Condition, state: CameraState) -> None:
    """Pictures that show nothing are told as what they are, since they began, and a clear one ends it."""
    signs = Signs(began=1000.0).seen(1001.0).seen(1002.0, condition).seen(1003.0, condition)
    standing = judge(1004.0, signs)
    assert (standing.state, standing.since) == (state, 1002.0)
    assert standing.reason is not None
    assert judge(1005.0, signs.seen(1004.5)) == Standing(CameraState.LIVE, 1004.5)


def test_a_blind_camera_can_stall() -> None:
    """Without pictures it can't be said that they are dark."""
    assert judge(1020.0, Signs(began=1000.0).seen(1001.0, Condition.DARK)).state is CameraState.STALLED


def test_a_slow_recording_is_not_stalled() -> None:
    """A recording with a frame a minute is live between its frames."""
    signs = Signs(began=1000.0).seen(1000.0).quiet(1060.0)
    assert judge(1059.0, signs).state is CameraState.LIVE
    assert judge(1070.0, signs).state is CameraState.STALLED


def test_ended_is_final() -> None:
    """A recording that is over stays over."""
    standing = judge(9999.0, Signs(began=1000.0).seen(1001.0).finished(1002.0))
    assert (standing.state, standing.since) == (CameraState.ENDED, 1002.0)


def test_closed_comes_before_all_else() -> None:
    """Outside opening hours a camera that was away isn't an alarm."""
    standing = judge(9999.0, Signs(began=1000.0).lost(1001.0, "gone").let_go(1002.0))
    assert (standing.state, standing.since, standing.reason) == (CameraState.CLOSED, 1002.0, "outside opening hours")
