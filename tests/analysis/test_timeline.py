"""Fragments and events: where the timescale says, whole, and true to what was seen."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edged.analysis.timeline import Seen, Smoother, Timeline
from edged.formats.microsoft_video import TIMESCALE, Head, Mode, closing, opening
from edged.vision.sighting import Box
from edged.words import EMOTIONS, Scores
from tests.formats.documented import check_aggregate, check_per_face, check_times

HALF_S = TIMESCALE // 2
BOX = Box(0.25, 0.5, 0.125, 0.25)


def showing(emotion: str, share: float = 1.0) -> Scores:
    """All of one emotion, or some of it and the rest neutral."""
    a, b, c, d, e, f, g, h = (
        share if name == emotion else (1 - share if name == "neutral" else 0.0) for name in EMOTIONS
    )
    return a, b, c, d, e, f, g, h


HAPPY, SAD = showing("happiness"), showing("sadness")

Looks = Iterable[tuple[float, list[Seen]]]


def told(timeline: Timeline, looks: Looks, end: float) -> dict[str, Any]:
    """The answer that comes of these looks, as a reader of its text sees it."""
    fragments = [fragment for at, faces in looks for fragment in timeline.see(at, faces)]
    fragments += timeline.close(end)
    text = opening(Head(framerate=25.0, width=640, height=480)) + ",".join(f.model_dump_json() for f in fragments)
    answer: dict[str, Any] = json.loads(text + closing())
    return answer


def cut(mode: Mode = "aggregate", interval: int = HALF_S, window: int = HALF_S, *, smoothing: bool = False) -> Timeline:
    """A timeline, not smoothed unless asked for."""
    return Timeline(mode, interval, window, smoothing=smoothing)


def at_fps(seconds: float, fps: float, faces: dict[tuple[float, float], Scores]) -> Looks:
    """Looks in which faces with these scores are seen in these stretches of time."""
    for i in range(round(seconds * fps)):
        at = i / fps
        yield at, [Seen(n, BOX, s) for n, ((begin, end), s) in enumerate(faces.items()) if begin <= at < end]


def distribution(answer: dict[str, Any], name: str = "windowFaceDistribution") -> list[dict[str, float]]:
    """What each event says, with its zeros left out."""
    events = [event for fragment in answer["fragments"] for (event,) in fragment["events"]]
    return [{emotion: share for emotion, share in event[name].items() if share} for event in events]


def test_events_tell_of_their_own_half_second() -> None:
    """A face from 1.0 s to 1.5 s is in the event from 1.0 s to 1.5 s, and in no other."""
    answer = told(cut(), at_fps(3, 10, {(1.0, 1.5): HAPPY}), 3.0)
    check_aggregate(answer)
    check_times(answer)
    assert [(f["start"], f["duration"], len(f["events"])) for f in answer["fragments"]] == [
        (0, 60000, 4),
        (60000, 30000, 2),
    ]
    assert distribution(answer) == [{}, {}, {"happiness": 1}, {}, {}, {}]


def test_a_face_counts_as_often_as_it_is_seen() -> None:
    """Two faces at a time, one of them half as long: two thirds and one third."""
    answer = told(cut(), at_fps(1, 20, {(0.0, 0.5): HAPPY, (0.25, 0.5): showing("sadness", 0.8)}), 1.0)
    assert distribution(answer) == [pytest.approx({"happiness": 2 / 3, "sadness": 1 / 3}), {}]
    means = distribution(answer, "windowMeanScores")[0]
    assert means == pytest.approx({"happiness": 2 / 3, "sadness": 0.8 / 3, "neutral": 0.2 / 3})


def test_a_window_longer_than_the_interval_looks_back() -> None:
    """An event every half second tells of the two seconds before its end."""
    answer = told(cut(window=4 * HALF_S), at_fps(4, 10, {(0.0, 0.5): HAPPY, (1.0, 1.5): SAD}), 4.0)
    both = {"happiness": 0.5, "sadness": 0.5}
    happy, sad = {"happiness": 1.0}, {"sadness": 1.0}
    assert distribution(answer) == [happy, happy, both, both, sad, sad, {}, {}]


def test_a_picture_that_stands_is_seen_until_the_next() -> None:
    """A video of one picture a second has no event without a picture."""
    answer = told(cut(), [(0.0, [Seen(0, BOX, HAPPY)]), (1.0, [Seen(0, BOX, SAD)]), (2.0, [])], 3.0)
    happy, sad = {"happiness": 1.0}, {"sadness": 1.0}
    assert distribution(answer) == [happy, happy, sad, sad, {}, {}]


def test_per_face_tells_of_each_look() -> None:
    """Faces with their numbers, where they are; an empty list when there is nobody."""
    looks = [
        (0.0, [Seen(0, BOX, HAPPY)]),
        (0.1, [Seen(0, BOX, HAPPY), Seen(3, Box(-0.1, 0.9, 0.2, 0.2), SAD)]),
        (0.2, []),
    ]
    answer = told(cut("perFace", 3000, 3000), looks, 0.3)
    check_per_face(answer)
    check_times(answer)
    first, second, third = answer["fragments"][0]["events"]
    assert [(f["id"], f["x"], f["y"], f["width"], f["height"]) for f in first] == [(0, 0.25, 0.5, 0.125, 0.25)]
    assert [(f["id"], f["x"], f["y"], f["width"], f["height"]) for f in second[1:]] == [(3, 0, 0.9, 0.1, 0.1)]
    assert third == []


@pytest.mark.parametrize("fps", [10, 25, 30])
def test_smoothing_lags_by_a_quarter_of_a_second(fps: int) -> None:
    """A face that changes at 2 s is half changed in what is told for 2.25 s."""
    smoother, sad = Smoother(), {}
    for i in range(4 * fps):
        at = i / fps
        (face,) = smoother.smooth(at, [Seen(0, BOX, HAPPY if at < 2.0 else SAD)])
        assert sum(face.scores) == pytest.approx(1)
        sad[at] = face.scores[EMOTIONS.index("sadness")]
    half = min(at for at, share in sad.items() if share > 0.499)
    assert half == pytest.approx(2.25, abs=1 / fps)
    assert max(at for at, share in sad.items() if share == 0) == pytest.approx(2.0, abs=1.01 / fps)
    assert min(at for at, share in sad.items() if share == 1) == pytest.approx(2.5, abs=1.01 / fps)


def test_smoothing_keeps_faces_apart() -> None:
    """One face's scores don't colour another's, nor those of who comes later under a new number."""
    smoother = Smoother()
    for i in range(20):
        one, other = smoother.smooth(i / 10, [Seen(0, BOX, HAPPY), Seen(1, BOX, SAD)])
        assert one.scores == pytest.approx(HAPPY)
        assert other.scores == pytest.approx(SAD)


@given(
    st.lists(st.tuples(st.floats(0.005, 3.0), st.integers(0, 3)), max_size=60),
    st.sampled_from(["aggregate", "perFace"]),
    st.integers(7500, 30000),
    st.integers(0, 30000),
    st.booleans(),
)
def test_any_clip_is_covered_without_gap(
    steps: list[tuple[float, int]], mode: Mode, interval: int, more: int, smoothing: bool
) -> None:
    """Pictures at any times: fragments follow each other to the clip's end, every sum is one or nothing."""
    at, looks = 0.0, []
    for step, faces in steps:
        looks.append((at, [Seen(n, BOX, HAPPY) for n in range(faces)]))
        at += step
    answer = told(cut(mode, interval, interval + more, smoothing=smoothing), looks, at + 0.04)
    check_times(answer)
    (check_aggregate if mode == "aggregate" else check_per_face)(answer)
    assert sum(fragment["duration"] for fragment in answer["fragments"]) == round((at + 0.04) * TIMESCALE)
