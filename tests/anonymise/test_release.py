"""What the gate lets out, and what it doesn't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edged.anonymise.figures import Release
from edged.anonymise.release import Gate
from edged.anonymise.threshold import Threshold
from edged.visits.visit import Visit
from edged.windows.tally import Tally
from edged.words import EMOTIONS, Scores

HAPPY: Scores = (0.2, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def of_one_emotion(index: int) -> Scores:
    a, b, c, d, e, f, g, h = (float(i == index) for i in range(len(EMOTIONS)))
    return a, b, c, d, e, f, g, h


def visitors(count: int, scores: Scores | None = HAPPY, dwell: float = 10.0, *, fragment: bool = False) -> Tally:
    visit = Visit(0.0, dwell, dwell / 2, scores, fragment=fragment)
    return sum((Tally.of(visit) for _ in range(count)), Tally())


def gate(k: int = 10, grid: int = 5, carry: int = 0) -> Gate:
    return Gate(Threshold(k, grid), carry)


def told(tally: Tally, k: int = 10, grid: int = 5) -> Release:
    release = gate(k, grid).close(tally)
    assert release is not None
    return release


def test_fewer_than_k_say_nothing() -> None:
    """One visit short of k, they are withheld as an empty shop is."""
    assert gate().close(visitors(9)) is None
    assert gate().close(visitors(0)) is None


def test_exact_figures_on_a_grid_of_one() -> None:
    """For trials: k visits are told with the very figures they make."""
    release = told(visitors(10) + Tally(live_ms=1_000_000), grid=1)
    assert (release.visits, release.windows_covered) == (10, 1)
    assert release.dwell.mean_s == pytest.approx(10.0)
    assert release.dwell.histogram == (0, 10, 0, 0, 0)
    assert release.attention.mean_s == pytest.approx(5.0)
    assert release.attention_share == 0.5
    assert release.in_view_mean == 0.1
    assert release.emotion is not None
    assert release.emotion.face_distribution == (0, 1, 0, 0, 0, 0, 0, 0)
    assert release.emotion.mean_scores == (0.2, 0.8, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("visits", "said"), [(10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (101, 100)])
def test_counts_are_told_on_the_grid(visits: int, said: int) -> None:
    """Visits are told in fives when k is ten."""
    assert told(visitors(visits)).visits == said


@given(st.integers(10, 400), st.integers(0, 7))
def test_uniform_window_never_says_all(visits: int, emotion: int) -> None:
    """When all showed the same emotion for the same time, at least a grid's worth of them remains deniable."""
    release = told(visitors(visits, of_one_emotion(emotion)))
    deniable = (release.visits - 5) / release.visits
    assert release.emotion is not None
    assert max(release.emotion.face_distribution) <= deniable + 0.005
    assert max(release.emotion.mean_scores) <= deniable + 0.005
    assert max(release.dwell.histogram) <= release.visits - 5
    assert max(release.attention.histogram) <= release.visits - 5


@given(st.lists(st.integers(0, 30), min_size=8, max_size=8).filter(lambda counts: sum(counts) >= 10))
def test_figures_stay_near_the_truth(counts: list[int]) -> None:
    """Rounding costs at most half a step: a count is off by no more than 2, or what top-coding takes."""
    tally = sum((visitors(count, of_one_emotion(i)) for i, count in enumerate(counts)), Tally())
    release = told(tally)
    assert abs(release.visits - sum(counts)) <= 2
    assert release.emotion is not None
    for share, count in zip(release.emotion.face_distribution, counts, strict=True):
        expected = min(count, release.visits - 5)
        assert abs(share * release.visits - expected) <= 2.5 + 0.01 * release.visits


def test_few_visits_are_carried_until_k() -> None:
    """Visits of withheld windows count in the window that reaches k, once."""
    held = gate(carry=3)
    assert held.close(visitors(4)) is None
    assert held.close(visitors(4)) is None
    release = held.close(visitors(4))
    assert release is not None
    assert (release.visits, release.windows_covered) == (10, 3)
    assert held.close(visitors(9)) is None


def test_carried_too_long_is_dropped_unseen() -> None:
    """After `carry` windows what was held is forgotten: old visits don't help new ones over the threshold."""
    held = gate(carry=2)
    for _ in range(3):
        assert held.close(visitors(3)) is None
    assert held.close(visitors(9)) is None


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 4))
def test_empty_windows_age_what_is_carried_as_others_do(emptiness: list[bool], carry: int) -> None:
    """When something is dropped depends on how many windows passed, not on whether anyone was in them."""
    a, b = gate(50, 25, carry), gate(50, 25, carry)
    for empty in emptiness:
        assert a.close(visitors(0 if empty else 2)) is None
        assert b.close(visitors(0)) is None
    first, second = a.close(visitors(50)), b.close(visitors(50))
    assert first is not None
    assert second is not None
    assert first.windows_covered == second.windows_covered


def test_one_person_in_and_out_of_view_is_not_ten() -> None:
    """Visits that one fragmented track could explain count once towards k, though they are visits."""
    assert gate().close(visitors(1) + visitors(9, fragment=True)) is None
    assert told(visitors(10) + visitors(5, fragment=True)).visits == 15


def test_emotion_of_few_is_withheld() -> None:
    """Ten visits of which nine showed a readable face: visits are told, emotions are not."""
    assert told(visitors(9) + visitors(1, scores=None)).emotion is None


def test_lines_and_zones_are_told_in_their_order() -> None:
    """Every configured line and zone has its figures, those that nobody touched, too."""
    visit = Visit(0.0, 20.0, 0.0, None, crossings=frozenset({(1, True)}), zones=(0.0, 8.0))
    tally = sum((Tally.of(visit) for _ in range(20)), Tally())
    release = Gate(Threshold(10, 5), carry=0, lines=3, zones=2).close(tally)
    assert release is not None
    assert release.crossings == (0, 0, 15, 0, 0, 0)
    assert [zone.histogram for zone in release.zones] == [(0, 0, 0, 0, 0), (0, 15, 0, 0, 0)]
    assert release.zones[1].mean_s == pytest.approx(8.0, abs=1.0)


def test_most_in_view_is_rounded_up() -> None:
    """The most at a time is told as a bound: no more than so many."""
    assert told(visitors(10) + Tally(most=3)).in_view_most == 5
