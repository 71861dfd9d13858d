"""The tracker keeps people apart and together by place and motion."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edged.config.model import Visits
from edged.vision.sighting import Box, Sighting
from edged.visits.tracker import Tracker
from tools.scenes import table
from tools.scenes.eye import Rhythm
from tools.scenes.recipes import HALL, HD
from tools.scenes.shop import Recipe


def at(x: float, y: float = 0.5, size: float = 0.08, score: float = 0.9) -> Sighting:
    """Return a sighting centred there; the picture is 4:3, so a face's box is `size` wide and 4/3 as high."""
    height = size * 4 / 3
    return Sighting(Box(x - size / 2, y - height / 2, size, height), score, 60, 0.0, 0.0, None)


def ids(tracker: Tracker, now: float, *sightings: Sighting) -> list[int]:
    tracker.drop_lost(now)
    return [track.id for track, _ in tracker.update(now, sightings)]


def watch(tracker: Tracker, start: float, end: float, x: float = 0.5, speed: float = 0.0) -> float:
    """Show a face at 10 frames a second, both ends included, and return where it is at the end."""
    for i in range(round((end - start) * 10) + 1):
        ids(tracker, start + i / 10, at(x + speed * i / 10))
    return x + speed * (end - start)


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


def test_walkers_hidden_from_each_other_keep_their_tracks() -> None:
    """Two who meet at one height, and of whom one is hidden for half a second, come out as they went in."""
    tracker = Tracker(lost_after=3)
    for i in range(41):
        x = 0.2 + 0.6 * i / 40
        both = ids(tracker, i / 10, *([at(x)] if 17 <= i <= 22 else [at(x), at(1 - x)]))
        assert both[0] == 1
    assert both == [1, 2]


def test_blink_of_the_detector_keeps_the_track() -> None:
    """A face missed for a second while it walks on is the same face."""
    tracker = Tracker(lost_after=1.5)
    watch(tracker, 0.0, 0.9, 0.2, 0.2)
    assert ids(tracker, 1.9, at(0.58)) == [1]


@pytest.mark.parametrize("away", [1.0, 2.0, 3.0])
def test_turned_head_keeps_the_track(away: float) -> None:
    """Who looks away for up to three seconds on the spot is the same visitor."""
    tracker = Tracker(lost_after=3.5)
    watch(tracker, 0.0, 2.0)
    assert ids(tracker, 2.0 + away, at(0.52)) == [1]


def test_walker_behind_a_pillar_keeps_the_track() -> None:
    """Who walks on behind a pillar comes out as the same visitor, a metre further on."""
    tracker = Tracker(lost_after=3)
    x = watch(tracker, 0.0, 2.0, 0.1, 0.15)
    assert ids(tracker, 3.5, at(x + 1.5 * 0.15)) == [1]


def test_false_face_does_not_lead_a_lost_track_away() -> None:
    """A false face beside one who has turned away doesn't become him: when he turns back he is still himself."""
    tracker = Tracker(lost_after=3.5)
    watch(tracker, 0.0, 2.0)
    (passing,) = ids(tracker, 3.2, at(0.65))
    assert passing == 1
    assert ids(tracker, 3.5, at(0.5)) == [1]


def test_false_face_does_not_lead_a_lost_track_away_for_good() -> None:
    """The same when he turns back only after the false face has been gone for a while."""
    tracker = Tracker(lost_after=3.5)
    watch(tracker, 0.0, 2.0)
    ids(tracker, 3.2, at(0.65))
    assert ids(tracker, 4.9, at(0.5)) == [1]
    assert tracker.drop_lost(9.0) == [1]


def test_unsure_sighting_does_not_find_a_lost_track() -> None:
    """What only might be a face isn't taken for somebody who was away for two seconds."""
    tracker = Tracker(lost_after=3.5)
    watch(tracker, 0.0, 2.0)
    assert ids(tracker, 4.0, at(0.5, score=0.45)) == [2]


def test_next_one_in_at_the_edge_is_somebody_else() -> None:
    """Who walks out at the left isn't continued by who walks in there two seconds later."""
    tracker = Tracker(lost_after=3.5)
    watch(tracker, 0.0, 2.0, 0.42, -0.2)
    assert ids(tracker, 4.0, at(0.02)) == [2]


def test_stranger_far_away_begins_a_new_track() -> None:
    """Nobody jumps across the room between two frames."""
    tracker = Tracker(lost_after=1.5)
    assert ids(tracker, 0.0, at(0.2)) == [1]
    assert ids(tracker, 0.1, at(0.8)) == [2]


def test_face_of_another_size_begins_a_new_track() -> None:
    """A face three times as near is another person, even in the same direction."""
    tracker = Tracker(lost_after=1.5)
    watch(tracker, 0.0, 0.4)
    assert ids(tracker, 0.5, at(0.5, size=0.24)) == [2]


def test_track_unseen_for_too_long_is_lost_once() -> None:
    """A lost track is told once and never comes back."""
    tracker = Tracker(lost_after=1.5)
    watch(tracker, 0.0, 0.4)
    assert tracker.drop_lost(1.8) == []
    assert tracker.drop_lost(2.0) == [1]
    assert tracker.drop_lost(3.0) == []
    assert ids(tracker, 3.1, at(0.5)) == [2]


def test_single_detection_is_forgotten_sooner() -> None:
    """A false detection doesn't linger to pick up the next false one."""
    tracker = Tracker(lost_after=1.5)
    ids(tracker, 0.0, at(0.5))
    assert tracker.drop_lost(0.7) == [1]


def test_flickering_texture_is_no_track_for_long() -> None:
    """A texture that flickers about the detector's threshold makes many short tracks, none of which is a visit."""
    tracker = Tracker(lost_after=3.5)
    seen = [ids(tracker, i * 0.7, at(0.5, score=0.45))[0] for i in range(10)]
    assert seen == list(range(1, 11))


Frames = list[tuple[float, list[Sighting]]]


@st.composite
def frames(draw: st.DrawFn) -> Frames:
    """Anything that a detector could say: faces anywhere, of any size, at any pace."""
    gaps = draw(st.lists(st.floats(0.02, 2.0), min_size=1, max_size=15))
    faces = st.builds(at, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.3), st.floats(0.4, 1))
    return [(sum(gaps[: i + 1]), draw(st.lists(faces, max_size=5))) for i in range(len(gaps))]


def follow(frames: Frames, tracker: Tracker | None = None) -> list[list[int]]:
    tracker = tracker or Tracker(lost_after=1.5)
    return [ids(tracker, now, *sightings) for now, sightings in frames]


@given(frames())
@settings(max_examples=60, deadline=None)
def test_each_sighting_has_one_track_and_no_id_comes_back(seen: Frames) -> None:
    """Sightings of a frame have as many different tracks, in their order; a lost id is never used again."""
    tracker, lost, known = Tracker(lost_after=1.5), set[int](), set[int]()
    for now, sightings in seen:
        gone = tracker.drop_lost(now)
        assert not lost & set(gone)
        lost |= set(gone)
        pairs = tracker.update(now, sightings)
        assert [sighting for _, sighting in pairs] == sightings
        given_ids = {track.id for track, _ in pairs}
        assert len(given_ids) == len(sightings)
        assert not lost & given_ids
        known |= given_ids
    assert sorted(tracker.drop_all()) == sorted(known - lost)
    assert tracker.drop_all() == []


@given(frames(), st.integers(0, 2**20))
@settings(max_examples=30, deadline=None)
def test_when_does_not_matter(seen: Frames, shift: int) -> None:
    """The same scene at another time of the machine's clock gives the same tracks."""
    seen = [(round(now * 64) / 64, sightings) for now, sightings in seen]  # so that the shift is exact
    assert follow([(now + shift, sightings) for now, sightings in seen]) == follow(seen)


def scene(fps: float = 15) -> table.Scene:
    """Return a quarter of a minute of a busy shop."""
    return table.make(Recipe("test", HD, HALL, Rhythm(fps), 15, 5, 8, {"through": 1, "browse": 1}), seed=7)


def test_left_and_right_are_alike() -> None:
    """The mirror image of a scene gives the same tracks."""
    seen = list(zip(scene().truth.times, scene().sightings, strict=True))
    mirrored = [(now, [mirror(sighting) for sighting in sightings]) for now, sightings in seen]
    assert follow(mirrored) == follow(seen)


def mirror(sighting: Sighting) -> Sighting:
    box = sighting.box
    other = Box(1 - box.left - box.width, box.top, box.width, box.height)
    return Sighting(other, sighting.score, sighting.height_px, sighting.yaw, sighting.roll, None)


def test_frame_rate_hardly_matters() -> None:
    """The same people at 5, 10 and 30 frames a second: the counts lie within a tenth of the truth."""
    crowds = [
        table.make(Recipe("rates", HD, HALL, Rhythm(fps), 40, 4, 6, {"through": 1}, turns_per_min=0), seed=3)
        for fps in (5, 10, 30)
    ]
    counts = [(len(one.truth.visits), table.count(one, Visits())) for one in crowds]
    assert len({true for true, _ in counts}) == 1, "the people don't depend on the camera"
    assert all(abs(counted - true) <= math.ceil(true / 10) for true, counted in counts), counts


def test_visits_of_a_busy_shop_are_counted() -> None:
    """Misses, false faces, crossings: the count over three scenes stays within a twentieth of the truth."""
    scenes = [
        table.make(Recipe("busy", HD, HALL, Rhythm(10), 60, 3, 6, {"through": 1}, turns_per_min=0), seed)
        for seed in (1, 2, 3)
    ]
    true = sum(len(one.truth.visits) for one in scenes)
    assert sum(table.count(one, Visits()) for one in scenes) == pytest.approx(true, rel=0.05)


def test_same_seed_same_scene() -> None:
    """Figures can be compared: a scene is the same each time it is made."""
    one, other = scene(), scene()
    assert one == other
    assert all(before < after for before, after in pairwise(one.truth.times))
