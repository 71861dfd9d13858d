"""One camera's line: the same sightings at the same times give the same bytes, and each window one message."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from edged.config.hours import Hours
from edged.config.model import Camera, Config, Privacy, Visits, Windows
from edged.messages.common import Stamp
from edged.messages.window import ModelUsed, WindowMessage
from edged.service.clock import Reading
from edged.service.line import Line, Sees
from edged.vision.sighting import Box, Sighting
from edged.windows.schedule import Clock
from edged.words import Scores

NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z."""
CAMERA = Camera(id="door")
SEES = Sees((ModelUsed(task="face", name="tiny", sha256="0" * 12),), "litert 2.3.0 on cpu")
HAPPY: Scores = (0.1, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def face(x: float) -> Sighting:
    return Sighting(Box(x - 0.05, 0.4, 0.1, 0.15), 0.9, 60, 0.0, 0.0, HAPPY)


def one_after_the_other(visits: int) -> Iterator[tuple[float, list[Sighting]]]:
    """Let one person after the other stand there for 2 s, 3 s apart, at ten frames a second."""
    for i in range(visits * 50):
        yield i / 10, [face(0.5)] if i % 50 < 20 else []


def play(config: Config, scene: Iterator[tuple[float, list[Sighting]]]) -> list[WindowMessage]:
    line = Line(config, CAMERA, SEES, Reading(0.0, NOON, Clock.RECORDING))
    composed, last = [], 0.0
    for now, sightings in scene:
        composed += line.advance(Reading(now, NOON + now, Clock.RECORDING))
        line.see(now, sightings, SEES)
        last = now
    composed.append(line.close(last))
    return [compose(Stamp("shop", "0a1b2c3d", i + 1)) for i, compose in enumerate(composed)]


def config(k: int = 3, length_s: int = 20, grid: int | None = 1) -> Config:
    visits = Visits(same_person_s=0, lost_after_s=1.5)  # one place, and yet different people
    return Config(windows=Windows(length_s=length_s), privacy=Privacy(k=k, grid=grid), visits=visits)


def test_every_window_gives_one_message() -> None:
    """A minute in windows of 20 s is three messages, one after the other, whoever was there."""
    messages = play(config(), one_after_the_other(12))
    assert [m.window.duration_s for m in messages] == [20.0, 20.0, pytest.approx(19.9)]
    assert [m.window.start for m in messages[1:]] == [m.window.end for m in messages[:-1]]
    assert [m.window.partial for m in messages] == [False, False, True]


def test_every_visit_is_in_exactly_one_window() -> None:
    """The visits of all released windows add up to the visits there were."""
    messages = play(config(k=2), one_after_the_other(12))
    assert sum(m.visits or 0 for m in messages) == 12


def test_what_was_carried_is_told_from_its_begin_on() -> None:
    """A subscriber needs no older message to know which time the figures are of."""
    messages = play(config(k=6), one_after_the_other(40))
    told = [(i, m.privacy) for i, m in enumerate(messages) if m.state == "released"]
    assert max(privacy.windows_covered for _, privacy in told) > 1
    for i, privacy in told:
        assert privacy.covered_from == messages[i + 1 - privacy.windows_covered].window.start
    assert all(m.privacy.covered_from is None for m in messages if m.state == "withheld")


def test_released_window_tells_the_figures() -> None:
    """Visits, dwell, number in view and emotions are what the scene held."""
    message = play(config(k=3), one_after_the_other(12))[1]
    assert message.state == "released"
    assert message.visits == 4
    assert message.dwell is not None
    assert message.dwell.mean_s == pytest.approx(1.9, abs=0.11)
    assert message.in_view is not None
    assert message.in_view.mean == pytest.approx(4 * 1.9 / 20, abs=0.03)
    assert message.emotion is not None
    assert message.emotion.face_distribution.happiness == 1.0
    assert message.emotion.mean_scores.happiness == pytest.approx(0.9)
    assert message.coverage.live_share == 1.0


def test_withheld_and_empty_window_are_the_same_bytes() -> None:
    """Two visitors below k leave no other trace than nobody does."""
    two = play(config(k=10), one_after_the_other(2))
    nobody = play(config(k=10), ((i / 10, []) for i in range(100)))
    assert [m.model_dump_json() for m in two] == [m.model_dump_json() for m in nobody]


def test_same_recording_gives_the_same_bytes() -> None:
    """Nothing but the sightings and their times is in a message."""
    first = play(config(), one_after_the_other(12))
    second = play(config(), one_after_the_other(12))
    assert [m.model_dump_json() for m in first] == [m.model_dump_json() for m in second]


def test_edges_of_a_recording_cannot_be_foreseen() -> None:
    """Fifteen visitors are told as 20 or not at all, by an edge that hangs on what no message says of them."""

    def seen(score: float) -> str:
        scores: Scores = (score, 1 - score, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        shown = replace(face(0.5), scores=scores)
        scene = ((now, [shown] * len(faces)) for now, faces in one_after_the_other(15))
        return play(config(k=10, length_s=120, grid=None), scene)[0].state

    states = [seen(0.1 + i * 1e-12) for i in range(12)]
    assert set(states) == {"released", "withheld"}
    assert seen(0.1) == states[0]


def test_closed_shop_is_said_and_nothing_is_seen() -> None:
    """Outside opening hours a window says so, and a recording's pictures aren't looked at."""
    closed = config().model_copy(update={"hours": Hours(monday="08:00-09:00")})
    line = Line(closed, CAMERA, SEES, Reading(0.0, NOON, Clock.SYNCHRONISED))
    (compose,) = line.advance(Reading(20.0, NOON + 20, Clock.SYNCHRONISED))
    assert not line.is_open
    assert compose(Stamp("shop", "0a1b2c3d", 1)).coverage.open_share == 0.0


def test_blind_camera_is_not_an_empty_shop() -> None:
    """Without frames a window says that it saw nothing of its time."""
    line = Line(config(), CAMERA, SEES, Reading(0.0, NOON, Clock.SYNCHRONISED))
    (compose,) = line.advance(Reading(20.0, NOON + 20, Clock.SYNCHRONISED))
    message = compose(Stamp("shop", "0a1b2c3d", 1))
    assert message.state == "withheld"
    assert (message.coverage.open_share, message.coverage.live_share) == (1.0, 0.0)
