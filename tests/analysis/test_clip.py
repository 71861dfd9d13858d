"""Which frames of a clip are looked at, how its faces are numbered, and what a chart and an overlay make of them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edged.analysis.chart import MOST_BINS, Chart, require_chart, write_chart
from edged.analysis.clip import Cut, Due, Follower, Fragments, interval_of_looks
from edged.analysis.drawing import Overlay, drawn, mark, write_picture
from edged.camera.frame import Frame
from edged.config.model import Camera, Visits
from edged.errors import OutputError
from edged.vision.sighting import Box, Sighting
from edged.words import Scores

HAPPY: Scores = (0.25, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def face(left: float, scores: Scores | None = HAPPY) -> Sighting:
    """A face at some height, `left` of the picture's width from the left."""
    return Sighting(box=Box(left, 0.4, 0.1, 0.2), score=0.9, height_px=96, yaw=0.0, roll=0.0, scores=scores)


@pytest.mark.parametrize(
    ("fps", "most", "ticks"),
    [
        (25, 10, 3600),
        (30, 10, 3000),
        (30000 / 1001, 10, 3003),
        (10, 10, 3000),
        (5, 10, 6000),
        (25, 25, 1200),
        (24, 100, 1250),
    ],
)
def test_looks_are_whole_frames_apart(fps: float, most: float, ticks: int) -> None:
    """No more looks a second than may be, and each on a frame."""
    assert interval_of_looks(fps, most) == ticks


@pytest.mark.parametrize("error", [0.0, 0.0005, -0.0005])
@pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 50.0])
def test_every_nth_frame_is_due_however_stamps_are_rounded(fps: float, error: float) -> None:
    """A container that rounds to milliseconds doesn't make the looks stumble."""
    due = Due(interval_of_looks(fps, 10), fps)
    chosen = [i for i in range(500) if due(max(0.0, round(i / fps, 3) + error))]
    step = -int(-fps // 10)
    assert chosen == list(range(0, 500, step))


def test_events_are_in_time_where_pictures_are_few_on_the_average() -> None:
    """A rate that varies has a low mean; a picture still belongs to the half second in which it was filmed."""
    said: list[str] = []
    fragments = Fragments(Cut("aggregate", 15_000, 15_000, smoothing=False), 1.1, said.append)
    fragments.see(Frame("it", 0.0, grey()), [])
    fragments.see(Frame("it", 0.6, grey()), [(0, face(0.3))])
    fragments.close(1.0)
    assert all(piece.endswith("\n") for piece in said)
    (fragment,) = json.loads("".join(said))["fragments"]
    assert [sum(event["windowMeanScores"].values()) > 0 for (event,) in fragment["events"]] == [False, True]


def test_faces_are_numbered_from_zero_as_they_appear() -> None:
    """A face keeps its number while it is followed; who comes later gets the next."""
    follower = Follower(1.0)
    assert [n for n, _ in follower.follow(0.0, [face(0.1)])] == [0]
    for i in range(1, 20):
        numbers = {round(s.box.left, 3): n for n, s in follower.follow(i / 10, [face(0.8), face(0.1 + i / 500)])}
        assert numbers == {round(0.1 + i / 500, 3): 0, 0.8: 1}


@settings(max_examples=20)
@given(st.floats(1.0, 5000.0), st.integers(1, 3))
def test_a_chart_of_any_length_has_a_bounded_number_of_bins(seconds: float, faces: int) -> None:
    """However long the clip: nothing is lost when bins become longer."""
    chart = Chart(Visits(), Camera())
    looks = 150
    for i in range(looks):
        chart.see(i * seconds / looks, [face(0.1 + 0.3 * n) for n in range(faces)])
    assert len(chart.bins) <= MOST_BINS
    assert sum(each.looks for each in chart.bins) == looks
    assert sum(each.faces for each in chart.bins) == looks * faces
    assert sum(sum(each.scores) for each in chart.bins) == pytest.approx(looks * faces)


def test_a_chart_shows_visits_where_they_were() -> None:
    """One visit from 2 s to 5 s: it begins once, and is present in each bin between."""
    chart = Chart(Visits(), Camera())
    for i in range(120):
        at = i / 10
        chart.see(at, [face(0.2 + at / 100)] if 2.0 <= at <= 5.0 else [])
    chart.close()
    assert [i * chart.bin_s for i, each in enumerate(chart.bins) if each.begun] == [2.0]
    assert {i * chart.bin_s for i, each in enumerate(chart.bins) if each.present} == {2.0 + i / 2 for i in range(7)}


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_clip_gives_the_same_chart(suffix: str, tmp_path: Path) -> None:
    """No date and no chance in the file."""
    for name in ("a", "b"):
        chart = Chart(Visits(), Camera())
        for i in range(50):
            chart.see(i / 10, [face(0.2 + i / 500)])
        chart.close()
        write_chart(chart, tmp_path / (name + suffix), "film.mp4")
    first = (tmp_path / ("a" + suffix)).read_bytes()
    assert first == (tmp_path / ("b" + suffix)).read_bytes()
    assert (b"happiness" in first) == (suffix == ".svg")


@pytest.mark.parametrize("path", ["film.pdf", "nowhere/film.svg"])
def test_a_chart_that_can_t_be_written_is_refused_first(path: str, tmp_path: Path) -> None:
    """Before an hour of video has been looked at."""
    with pytest.raises(OutputError, match="film"):
        require_chart(tmp_path / path)


def grey(height: int = 120, width: int = 160) -> NDArray[np.uint8]:
    """A dull picture."""
    return np.full((height, width, 3), 90, np.uint8)


@pytest.mark.parametrize("left", [-0.05, 0.3, 0.95])
def test_faces_are_drawn_wherever_they_are(left: float) -> None:
    """Also at the border, also unread; the picture itself stays as it was."""
    picture = grey()
    marked = drawn(picture, [mark(face(left), number=7), mark(face(left, None))])
    assert marked.shape == picture.shape
    assert (marked != picture).any()
    assert (picture == 90).all()


def test_a_drawing_is_written_as_its_name_says(tmp_path: Path) -> None:
    """By the ending; another one is refused."""
    write_picture(tmp_path / "a.png", grey())
    assert (cv2.imread(str(tmp_path / "a.png")) == 90).all()
    for name in ("a.txt", "nowhere/a.png"):
        with pytest.raises(OutputError, match=name):
            write_picture(tmp_path / name, grey())


@pytest.mark.parametrize(
    "times", [[i / 10 for i in range(20)], [0.0, 0.1, 1.0, 1.02, 1.04, 1.9], [0.5, 1.9]], ids=["even", "uneven", "late"]
)
def test_an_overlay_has_the_length_of_its_clip(times: list[float], tmp_path: Path) -> None:
    """Pictures stand until the next comes, whatever their times; what is there can be played after close."""
    overlay = Overlay(tmp_path / "o.mp4", 10.0)
    for at in times:
        overlay.add(at, grey(), [mark(face(0.3))])
    overlay.close()
    reader = cv2.VideoCapture(str(tmp_path / "o.mp4"))
    assert int(reader.get(cv2.CAP_PROP_FRAME_COUNT)) == 20
    assert reader.read()[0]
