"""Coverage: a blind camera is not an empty shop."""

from edged.windows.coverage import CoverageMeter


def test_steady_frames_cover_the_whole_window() -> None:
    """A live camera covers its window from the first to the last moment."""
    meter = CoverageMeter(2.0, 0.0)
    for i in range(101):
        meter.frame(i / 10)
    assert meter.cut(10.0).live_share == 1.0


def test_no_frame_is_no_coverage() -> None:
    """A window without pictures says so."""
    assert CoverageMeter(2.0, 0.0).cut(10.0).live_share == 0.0


def test_long_gap_is_blind() -> None:
    """Five seconds without a picture are five seconds blind."""
    meter = CoverageMeter(2.0, 0.0)
    for i in range(51):
        meter.frame(i / 10)
    assert meter.cut(10.0).live_share == 0.5


def test_gap_over_the_boundary_belongs_to_both_windows() -> None:
    """What lies on either side of a boundary is given to its own window."""
    meter = CoverageMeter(2.0, 0.0)
    meter.frame(0.0)
    meter.frame(1.5)
    first = meter.cut(2.0)
    meter.frame(3.0)
    assert (first.live_s, meter.cut(4.0).live_s) == (2.0, 2.0)


def test_open_time_is_shared_out_at_the_boundary() -> None:
    """A shop that closes in the middle of a window was open for half of it, and not at all in the next."""
    meter = CoverageMeter(2.0, 0.0)
    meter.advance(5.0, is_open=True)
    meter.advance(10.5, is_open=False)
    assert (meter.cut(10.0).open_share, meter.cut(20.0).open_share) == (0.5, 0.0)


def test_dropped_frames_are_shared_coarsely() -> None:
    """Drops are told to 0.05: finer, the load of many faces would show."""
    meter = CoverageMeter(2.0, 0.0)
    for i in range(97):
        meter.frame(i / 10)
    meter.drop(3)
    assert meter.cut(10.0).dropped_share == 0.05
