"""Times of a recording only grow, whatever its stamps."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edged.camera.stamps import Stamps


def test_good_stamps_are_kept_as_they_are() -> None:
    """A variable frame rate stays as it was filmed."""
    stamps = Stamps(base=100.0, period=0.04)
    assert [stamps.place(stamp) for stamp in (0.0, 0.04, 0.5, 0.51)] == [100.0, 100.04, 100.5, 100.51]


def test_a_recording_that_begins_late_or_below_zero() -> None:
    """A first stamp above zero is kept; one below zero, as B-frames leave it, is zero."""
    assert Stamps(base=5.0, period=0.04).place(0.2) == 5.2
    assert Stamps(base=5.0, period=0.04).place(-0.08) == 5.0
    assert Stamps(base=5.0, period=0.04).place(math.nan) == 5.0


def test_without_stamps_frames_follow_at_the_frame_rate() -> None:
    """Raw H.264 has no stamps: all are zero."""
    stamps = Stamps(base=0.0, period=0.25)
    assert [stamps.place(0.0) for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]


def test_after_a_stamp_that_goes_back_the_frame_rate_counts() -> None:
    """A damaged file's stamps are not trusted again in this round."""
    stamps = Stamps(base=0.0, period=0.25)
    assert [stamps.place(stamp) for stamp in (0.0, 0.1, 0.05, 7.0)] == [0.0, 0.1, 0.35, 0.6]


def test_a_leap_of_hours_is_no_stamp() -> None:
    """One broken stamp can't stop a real-time player for a day."""
    stamps = Stamps(base=0.0, period=0.25)
    assert [stamps.place(stamp) for stamp in (0.0, 86400.0)] == [0.0, 0.25]


def test_the_next_round_goes_on_one_period_later() -> None:
    """A loop has no seam: its rounds follow each other at the frame rate."""
    stamps = Stamps(base=10.0, period=0.5)
    first = [stamps.place(stamp) for stamp in (0.0, 0.5)]
    stamps.begin_again()
    assert first + [stamps.place(stamp) for stamp in (0.0, 0.5)] == [10.0, 10.5, 11.0, 11.5]


@given(
    st.lists(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20), min_size=1, max_size=4)
)
def test_any_stamps_give_growing_times(rounds: list[list[float]]) -> None:
    """Invariant: finite and strictly increasing, within a round and across rounds."""
    stamps, times = Stamps(base=1000.0, period=0.04), []
    for stamps_of_round in rounds:
        times += [stamps.place(stamp) for stamp in stamps_of_round]
        stamps.begin_again()
    assert all(math.isfinite(time) for time in times)
    assert all(earlier < later for earlier, later in pairwise(times))
