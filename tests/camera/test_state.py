"""The states of a camera, driven by times alone."""

from edged.camera.state import STALLED_AFTER_S, CameraState, Signs, Standing, judge


def test_opening_until_the_first_frame() -> None:
    """A camera that was only just asked for is opening."""
    assert judge(1009.9, Signs(began=1000.0)).state is CameraState.OPENING


def test_stalled_when_an_opening_hangs() -> None:
    """A driver that never returns from opening is reported after ten seconds, although its thread can't say so."""
    standing = judge(1010.0, Signs(began=1000.0))
    assert (standing.state, standing.since) == (CameraState.STALLED, 1000.0 + STALLED_AFTER_S)


def test_live_since_the_first_frame() -> None:
    """Later frames don't move the time since when it is live."""
    signs = Signs(began=1000.0).seen(1001.0).seen(1002.0)
    assert judge(1003.0, signs) == Standing(CameraState.LIVE, 1001.0)


def test_stalled_without_frames_and_live_again_with_one() -> None:
    """Ten seconds without a frame are a stall; the next frame begins a new live time."""
    signs = Signs(began=1000.0).seen(1001.0)
    stalled = judge(1011.0, signs)
    assert (stalled.state, stalled.since) == (CameraState.STALLED, 1011.0)
    assert stalled.reason is not None
    assert judge(1020.5, signs.seen(1020.0)) == Standing(CameraState.LIVE, 1020.0)


def test_offline_keeps_its_beginning_through_failed_attempts() -> None:
    """Since and reason tell when the trouble began and what it is now."""
    signs = Signs(began=1000.0).seen(1001.0).lost(1002.0, "gone").lost(1500.0, "no device")
    assert judge(1501.0, signs) == Standing(CameraState.OFFLINE, 1002.0, "no device")


def test_offline_ends_with_a_frame_not_with_an_opening() -> None:
    """Only pictures prove that a camera is back."""
    signs = Signs(began=1000.0).lost(1000.0, "no device").seen(1100.0)
    assert judge(1100.0, signs) == Standing(CameraState.LIVE, 1100.0)


def test_a_slow_recording_is_not_stalled() -> None:
    """A recording with a frame a minute is live between its frames."""
    signs = Signs(began=1000.0).seen(1000.0).quiet(1060.0)
    assert judge(1059.0, signs).state is CameraState.LIVE
    assert judge(1070.0, signs).state is CameraState.STALLED


def test_ended_is_final() -> None:
    """A recording that is over stays over."""
    signs = Signs(began=1000.0).seen(1001.0).finished(1002.0)
    assert judge(9999.0, signs).state is CameraState.ENDED
    assert judge(9999.0, signs).since == 1002.0
