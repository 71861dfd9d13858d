"""The tracker keeps people apart and together by place and motion."""

import pytest

from edged.vision.sighting import Box, Sighting
from edged.visits.tracker import Tracker


def at(x: float, y: float = 0.5, size: float = 0.08) -> Sighting:
    """Return a sighting centred there; the picture is 4:3, so a face's box is `size` wide and 4/3 as high."""
    height = size * 4 / 3
    return Sighting(Box(x - size / 2, y - height / 2, size, height), 0.9, 60, 0.0, 0.0, None)


def ids(tracker: Tracker, now: float, *sightings: Sighting) -> list[int]:
    return [track.id for track, _ in tracker.update(now, sightings)]


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_walker_keeps_one_track(fps: int) -> None:
    """A face crossing the picture in three seconds is one track at any usual rate."""
    tracker = Tracker(lost_after=1.5)
    seen = {ids(tracker, i / fps, at(0.1 + 0.8 * i / (3 * fps)))[0] for i in range(3 * fps)}
    assert seen == {1}


def test_two_crossing_walkers_keep_their_tracks() -> None:
    """Who walks left to right is not swapped with who walks right to left, though they meet."""
    tracker = Tracker(lost_after=1.5)
    first = ids(tracker, 0.0, at(0.2, 0.45), at(0.8, 0.55))
    for i in range(1, 41):
        x = 0.2 + 0.6 * i / 40
        last = ids(tracker, i / 10, at(x, 0.45), at(1 - x, 0.55))
        assert last == first


def test_blink_of_the_detector_keeps_the_track() -> None:
    """A face missed for a second while it walks on is the same face."""
    tracker = Tracker(lost_after=1.5)
    for i in range(10):
        ids(tracker, i / 10, at(0.2 + 0.02 * i))
    assert ids(tracker, 1.9, at(0.58)) == [1]


def test_stranger_far_away_begins_a_new_track() -> None:
    """Nobody jumps across the room between two frames."""
    tracker = Tracker(lost_after=1.5)
    assert ids(tracker, 0.0, at(0.2)) == [1]
    assert ids(tracker, 0.1, at(0.8)) == [2]


def test_face_of_another_size_begins_a_new_track() -> None:
    """A face three times as near is another person, even in the same direction."""
    tracker = Tracker(lost_after=1.5)
    for i in range(5):
        ids(tracker, i / 10, at(0.5))
    assert ids(tracker, 0.5, at(0.5, size=0.24)) == [2]


def test_track_unseen_for_too_long_is_lost_once() -> None:
    """A lost track is told once and never comes back."""
    tracker = Tracker(lost_after=1.5)
    for i in range(5):
        ids(tracker, i / 10, at(0.5))
    assert tracker.drop_lost(1.8) == []
    assert tracker.drop_lost(2.0) == [1]
    assert tracker.drop_lost(3.0) == []
    assert ids(tracker, 3.1, at(0.5)) == [2]


def test_single_detection_is_forgotten_sooner() -> None:
    """A false detection doesn't linger to pick up the next false one."""
    tracker = Tracker(lost_after=1.5)
    ids(tracker, 0.0, at(0.5))
    assert tracker.drop_lost(0.7) == [1]
