"""What holds for any visits whatever, by hypothesis."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edged.anonymise.release import Gate
from edged.anonymise.threshold import Threshold
from edged.config.model import Camera, Config
from edged.config.privacy import Privacy
from edged.messages.common import Stamp
from edged.messages.window import ModelUsed, WindowMessage
from edged.service.clock import Reading
from edged.service.line import Line, Sees
from edged.service.protection import gate_of
from edged.vision.sighting import Box, Sighting
from edged.visits.book import VisitBook
from edged.visits.visit import Visit
from edged.windows.schedule import Clock
from edged.windows.tally import SCORE_STEPS, Tally, padded
from tests.attacks.people import showing, together

NOON = 1_795_348_800.0
K, GRID = Privacy().k, Privacy().rounding
SEES = Sees((ModelUsed(task="face", name="tiny", sha256="0" * 12),), "litert 2.3.0 on cpu")

visits = st.builds(
    lambda dwell, share, feels, fragment: Visit(
        0.0, dwell, share * dwell, None if feels is None else showing(feels, 0.8), fragment=fragment
    ),
    st.floats(0.5, 2000),
    st.floats(0, 1),
    st.none() | st.integers(1, 7),
    st.booleans(),
)
windows = st.lists(st.lists(visits, max_size=18), min_size=1, max_size=10)


def gate() -> Gate:
    return gate_of(Privacy(), Camera(), None, lambda below: below // 2)


def tallied(window: list[Visit]) -> Tally:
    return together(map(Tally.of, window)) + Tally(live_ms=900_000)


class Face:
    """Somebody who comes, stays, and goes."""

    def __init__(self, come: float, stay: float, place: float) -> None:
        self.come, self.go = come, come + stay
        self.sighting = Sighting(Box(place, 0.4, 0.05, 0.08), 0.9, 60.0, 0.0, 0.0, showing(1, 0.8))


faces = st.lists(
    st.builds(Face, st.floats(0, 50), st.floats(0.1, 15), st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9])), max_size=K - 1
)


def filmed(scene: list[Face], seconds: int = 60, length_s: int = 20) -> list[WindowMessage]:
    """Messages of a line that sees the scene at four pictures a second."""
    config = Config.model_validate({"windows": {"length_s": length_s}})
    line = Line(config, config.cameras[0], SEES, Reading(0.0, NOON, Clock.SYNCHRONISED))
    composed = []
    for i in range(4 * seconds + 1):
        now = i / 4
        composed += line.advance(Reading(now, NOON + now, Clock.SYNCHRONISED))
        line.see(now, [face.sighting for face in scene if face.come <= now <= face.go], SEES)
    return [compose(Stamp("shop", "0a1b2c3d", i)) for i, compose in enumerate(composed, start=1)]


@settings(max_examples=25, deadline=None)
@given(faces)
def test_withheld_window_is_the_same_bytes_as_an_empty_one(scene: list[Face]) -> None:
    """Whatever fewer than k visitors do, the messages are those of a shop in which nobody was."""
    assert [m.model_dump_json() for m in filmed(scene)] == [m.model_dump_json() for m in filmed([])]


@settings(max_examples=25, deadline=None)
@given(faces)
def test_every_window_sends_one_message(scene: list[Face]) -> None:
    """A minute in windows of twenty seconds is three messages, each beginning where the one before it ended."""
    messages = filmed(scene)
    assert len(messages) == 3
    assert [m.window.start for m in messages[1:]] == [m.window.end for m in messages[:-1]]


@given(windows)
def test_no_two_releases_share_a_visit(days: list[list[Visit]]) -> None:
    """The windows that releases cover never overlap, and none reaches back beyond its own carry."""
    device, end_of_last = gate(), 0
    for number, window in enumerate(days, start=1):
        release = device.close(tallied(window))
        if release is not None:
            assert release.windows_covered <= Privacy().carry_windows + 1
            assert number - release.windows_covered >= end_of_last
            end_of_last = number


@given(windows)
def test_releases_tell_of_no_more_visits_than_there_were(days: list[list[Visit]]) -> None:
    """With exact figures each visit is told once at the most; with ours, each release adds half a step at the most."""
    exact, device = Gate(Threshold(K, 1, lambda _: 0), Privacy().carry_windows), gate()
    told = [exact.close(tallied(window)) for window in days]
    assert sum(release.visits for release in told if release) <= sum(map(len, days))
    rounded = [device.close(tallied(window)) for window in days]
    released = [release for release in rounded if release]
    assert sum(release.visits for release in released) <= sum(map(len, days)) + GRID * len(released)


@given(st.lists(visits, max_size=40))
def test_nothing_is_said_of_fewer_than_k_people(window: list[Visit]) -> None:
    """Fragments are visits, and no people."""
    people = sum(not visit.fragment for visit in window)
    if people < K:
        assert gate().close(tallied(window)) is None


@given(st.lists(visits, min_size=K, max_size=40))
def test_released_figures_contain_no_part_that_is_the_whole(window: list[Visit]) -> None:
    """Of every whole, a grid's worth remains unsaid, whatever the visits were."""
    release = gate().close(tallied([replace(visit, fragment=False) for visit in window]))
    if release is not None:
        assert max(release.dwell.histogram) <= max(release.visits - GRID, 0)
        if release.emotion is not None:
            assert max(release.emotion.face_distribution) <= (release.emotion.visits - GRID) / release.emotion.visits


@given(windows, windows)
def test_restarted_device_knows_nothing_of_the_visits_before(
    before: list[list[Visit]], after: list[list[Visit]]
) -> None:
    """What a restart releases depends on nothing that was there before it: no visit can be replayed or subtracted."""
    first, second = gate(), gate()
    for window in before:
        first.close(tallied(window))
    restarted = gate()
    assert [restarted.close(tallied(w)) for w in after] == [second.close(tallied(w)) for w in after]


class Stay:
    """Somebody who stands at one of three places, alone there, from coming to going."""

    def __init__(self, place: int, after: float, length: float, feels: int | None) -> None:
        self.place, self.after, self.length = place, after, length
        scores = None if feels is None else showing(feels, 0.8)
        self.sighting = Sighting(Box(0.1 + 0.35 * place, 0.4, 0.05, 0.08), 0.9, 60.0, 0.0, 0.0, scores)


stays = st.lists(
    st.builds(Stay, st.integers(0, 2), st.floats(1.5, 12), st.floats(1, 8), st.none() | st.integers(0, 7)),
    min_size=1,
    max_size=12,
)


def booked(scene: list[Stay], left_out: int | None = None) -> Tally:
    """The tally of a scene by the very book of visits, one of its people left out if asked for."""
    book = VisitBook(Config().visits.model_copy(update={"lost_after_s": 0.5}), Camera())
    free, there = [0.0] * 3, []
    for stay in scene:
        come = free[stay.place] + stay.after
        free[stay.place] = come + stay.length
        there.append((come, come + stay.length, stay.sighting))
    if left_out is not None:
        del there[left_out]
    visits = []
    for tick in range(int(5 * max(free)) + 5):
        now = tick / 5
        visits += book.observe(now, [seen for come, go, seen in there if come <= now < go])
    return together(map(Tally.of, [*visits, *book.close()]))


@settings(max_examples=60, deadline=None)
@given(stays, st.integers(0, 11))
def test_one_visitor_moves_no_figure_by_more_than_one(scene: list[Stay], left_out: int) -> None:
    """Neither by his own visit nor by making somebody else's look like his return: rounding reckons with one."""
    present, absent = booked(scene), booked(scene, left_out % len(scene))
    assert present.visits == absent.visits + 1
    for one, other in (
        ((present.people, present.emotion_visits), (absent.people, absent.emotion_visits)),
        (padded(present.dwell.visits, 5), padded(absent.dwell.visits, 5)),
        (padded(present.attention.visits, 5), padded(absent.attention.visits, 5)),
        (padded(present.dominant, 8), padded(absent.dominant, 8)),
    ):
        assert all(abs(a - b) <= 1 for a, b in zip(one, other, strict=True))
    scores = zip(padded(present.scores, 8), padded(absent.scores, 8), strict=True)
    assert all(abs(a - b) <= SCORE_STEPS for a, b in scores)
