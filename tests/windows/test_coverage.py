"""Coverage: a blind camera is not an empty shop."""

import pytest

from edged.windows.coverage import CoverageMeter


def test_steady_frames_cover_the_whole_window() -> None:
    """A live camera covers its window from the first to the last moment."""
    meter = CoverageMeter(2.0, 0.0)
    for i in range(101):
        meter.frame(i / 10)
    assert meter.cut(10.0, 0.0).live_share == 1.0


def test_no_frame_is_no_coverage() -> None:
    """A window without pictures says so."""
    assert CoverageMeter(2.0, 0.0).cut(10.0, 0.0).live_share == 0.0


def test_long_gap_is_blind() -> None:
    """Five seconds without a picture are five seconds blind."""
    meter = CoverageMeter(2.0, 0.0)
    for i in range(51):
        meter.frame(i / 10)
    assert meter.cut(10.0, 0.0).live_share == 0.5


def test_gap_over_the_boundary_belongs_to_both_windows() -> None:
    """What lies on either side of a boundary is given to its own window."""
    meter = CoverageMeter(2.0, 0.0)
    meter.frame(0.0)
    meter.frame(1.5)
    first = meter.cut(2.0, 0.0)
    meter.frame(3.0)
    assert (first.live_s, meter.cut(4.0, 0.0).live_s) == (2.0, 2.0)


def test_pictures_after_a_boundary_that_is_noticed_late_cover_the_next_window() -> None:
    """A window that is cut ten seconds ago leaves those to the next."""
    meter = CoverageMeter(2.0, 0.0)
    for i in range(201):
        meter.frame(i / 10)
    assert meter.cut(10.0, 0.0).live_s == pytest.approx(10.0)
    assert meter.cut(21.0, 0.0).live_s == pytest.approx(11.0)


def test_open_time_is_shared_out_at_the_boundary() -> None:
    """A shop that closes in the middle of a window was open for half of it, and not at all in the next."""
    meter = CoverageMeter(2.0, 0.0)
    meter.advance(5.0, is_open=True)
    meter.advance(10.5, is_open=False)
    assert (meter.cut(10.0, 0.0).open_share, meter.cut(20.0, 0.0).open_share) == (0.5, 0.0)


def dropping(dropped: int, chance: float) -> float:
    meter = CoverageMeter(2.0, 0.0)
    for i in range(100 - dropped):
        meter.frame(i / 10)
    meter.drop(dropped)
    return meter.cut(10.0, chance).dropped_share


def test_dropped_frames_are_told_in_quarters_and_rightly_on_the_average() -> None:
    """Finer, or with an edge that everybody knows, the load of one more face would show."""
    for dropped in range(101):
        told = [dropping(dropped, (chance + 0.5) / 100) for chance in range(100)]
        assert set(told) <= {0.0, 0.25, 0.5, 0.75, 1.0}
        assert max(told) - min(told) <= 0.25
        assert sum(told) / 100 == pytest.approx(dropped / 100, abs=1e-9)
    assert CoverageMeter(2.0, 0.0).cut(10.0, 0.99).dropped_share == 0.0
