"""What the gate lets out, and what it doesn't."""

from collections.abc import Callable
from random import Random

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


def half_way(below: int) -> int:
    """Round as one does in everyday life; a device draws its edges."""
    return below // 2


def gate(k: int = 10, grid: int = 5, carry: int = 0, below: Callable[[int], int] = half_way) -> Gate:
    return Gate(Threshold(k, grid, below), carry)


def told(tally: Tally, k: int = 10, grid: int = 5) -> Release:
    release = gate(k, grid).close(tally)
    assert release is not None
    return release


@given(st.integers(0, 9), st.sampled_from([1, 2, 4, 5, 7, 10]), st.integers())
def test_fewer_than_k_say_nothing(visits: int, grid: int, chance: int) -> None:
    """Whatever is drawn, they are withheld as an empty shop is."""
    assert gate(10, grid, below=Random(chance).randrange).close(visitors(visits)) is None


@pytest.mark.parametrize(("k", "grid"), [(10, 1), (10, 4), (10, 5), (10, 10), (20, 20)])
def test_threshold_lies_within_a_grid_above_k(k: int, grid: int) -> None:
    """With the lowest draw it is a step higher than with the highest, and never more than that above k."""
    highest, lowest = (
        min(n for n in range(100) if gate(k, grid, below=below).close(visitors(n)))
        for below in (lambda below: 0, lambda below: below - 1)
    )
    assert k <= lowest
    assert highest == lowest + grid - 1 <= k + 2 * grid - 2 + (grid == 1)


def test_exact_figures_on_a_grid_of_one() -> None:
    """For trials: k visits are told with the very figures they make."""
    release = told(visitors(10) + Tally(live_ms=1_000_000, most=3), grid=1)
    assert (release.visits, release.windows_covered) == (10, 1)
    assert release.dwell.mean_s == pytest.approx(10.0)
    assert release.dwell.histogram == (0, 10, 0, 0, 0)
    assert release.attention.mean_s == pytest.approx(5.0)
    assert release.attention_share == 0.5
    assert (release.in_view_mean, release.in_view_most) == (0.1, 3)
    assert release.emotion is not None
    assert release.emotion.face_distribution == (0, 1, 0, 0, 0, 0, 0, 0)
    assert release.emotion.mean_scores == (0.2, 0.8, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("visits", "said"), [(13, 15), (17, 15), (18, 20), (101, 100)])
def test_counts_are_told_on_the_grid(visits: int, said: int) -> None:
    """Visits are told in multiples of it."""
    assert told(visitors(visits)).visits == said


@given(st.integers(15, 400), st.integers(0, 7))
def test_uniform_window_never_says_all(visits: int, emotion: int) -> None:
    """When all showed the same emotion for the same time, at least a grid's worth of them remains deniable."""
    release = told(visitors(visits, of_one_emotion(emotion)))
    deniable = (release.visits - 5) / release.visits
    assert release.emotion is not None
    assert max(release.emotion.face_distribution) <= deniable + 0.005
    assert max(release.emotion.mean_scores) <= deniable + 0.005
    assert max(release.dwell.histogram) <= release.visits - 5
    assert max(release.attention.histogram) <= release.visits - 5


@given(st.integers(20, 120), st.integers(0, 10_000))
def test_uniform_window_counts_one_who_differs_among_the_others(visits: int, chance: int) -> None:
    """All looked happy, or all but one: with the same draws all counts are the same. Only mean scores can differ."""

    def counts(tally: Tally) -> tuple[object, ...]:
        release = gate(10, 10, below=Random(chance).randrange).close(tally)
        if release is None:
            return ()
        return release.visits, release.dwell, release.emotion and release.emotion.face_distribution

    others = visitors(visits - 1, of_one_emotion(1))
    assert counts(others + visitors(1, of_one_emotion(1))) == counts(others + visitors(1, of_one_emotion(4)))


@given(st.integers(0, 8), st.integers(20, 60), st.integers(0, 10_000))
def test_what_fewer_than_k_do_is_in_no_count(plants: int, others: int, chance: int) -> None:
    """A class that the target shares with k − 2 of the adversary's and nobody else reads 0, with and without him."""
    for together in (plants, plants + 1):
        window = visitors(others) + visitors(together, of_one_emotion(6), dwell=100.0)
        release = gate(10, 10, below=Random(chance).randrange).close(window)
        if release is not None:
            assert (release.dwell.histogram[4], release.attention.histogram[3]) == (0, 0)
            assert release.emotion is None or release.emotion.face_distribution[6] == 0


@given(st.lists(st.integers(0, 60), min_size=8, max_size=8).filter(lambda counts: sum(counts) >= 15))
def test_figures_stay_near_the_truth(counts: list[int]) -> None:
    """A count is off by no more than half a step, or what the codings take: few are none, and all are not quite all."""
    tally = sum((visitors(count, of_one_emotion(i)) for i, count in enumerate(counts)), Tally())
    release = told(tally)
    assert abs(release.visits - sum(counts)) <= 2
    assert release.emotion is not None
    for share, count in zip(release.emotion.face_distribution, counts, strict=True):
        expected = min(count, release.visits - 5)
        few = share == 0 and count < 15
        assert few or abs(share * release.visits - expected) <= 2.5 + 0.01 * release.visits


@given(st.integers(20, 200))
def test_rounding_is_true_on_the_average(visits: int) -> None:
    """The mean over all draws is the truth: sums over many windows come out right."""

    def drawing(up: int) -> Gate:
        return gate(10, 10, below=lambda below: up * below // 10)

    releases = [drawing(up).close(visitors(visits)) for up in range(10)]
    assert sum(release.visits for release in releases if release) == 10 * visits


def test_means_spread_what_is_not_told_over_the_other_classes() -> None:
    """Forty stayed for 10 s, five for 20 s: these can't be told, and are taken for visits of other lengths."""
    release = told(visitors(40, dwell=10.0) + visitors(5, dwell=20.0), grid=10, k=10)
    assert release.visits == 50
    assert release.dwell.histogram == (0, 40, 0, 0, 0)
    others = (12 * 2.5 + 4 * 22.5 + 2 * 45 + 1 * 90) / 19
    assert release.dwell.mean_s == pytest.approx((40 * 10 + 10 * others) / 50, abs=0.05)


def test_too_few_in_every_class_have_no_mean() -> None:
    """Twenty visits on a grid of 10: how many is all that can be told of times."""
    release = told(visitors(20), grid=10)
    assert release.visits == 20
    assert release.dwell.histogram == (0, 0, 0, 0, 0)
    assert (release.dwell.mean_s, release.attention_share, release.in_view_mean) == (None, None, None)


def test_few_visits_are_carried_until_k() -> None:
    """Visits of withheld windows count in the window that reaches k, once."""
    held = gate(carry=3)
    assert held.close(visitors(4)) is None
    assert held.close(visitors(4)) is None
    release = held.close(visitors(5))
    assert release is not None
    assert (release.visits, release.windows_covered) == (15, 3)
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
    first, second = a.close(visitors(75)), b.close(visitors(75))
    assert first is not None
    assert second is not None
    assert first.windows_covered == second.windows_covered


def test_one_person_in_and_out_of_view_is_not_ten() -> None:
    """Visits that one fragmented track could explain count once towards k, though they are visits."""
    assert gate().close(visitors(1) + visitors(19, fragment=True)) is None
    release = told(visitors(30) + visitors(5, fragment=True))
    assert release.visits == 35
    assert sum(release.dwell.histogram) == 25


def test_emotion_of_few_is_withheld() -> None:
    """Fifteen visits of which nine showed a readable face: visits are told, emotions are not."""
    assert told(visitors(9) + visitors(6, scores=None)).emotion is None


def test_lines_and_zones_are_told_in_their_order() -> None:
    """Every configured line and zone has its figures, those that nobody touched, too."""
    visit = Visit(0.0, 20.0, 0.0, None, crossings=frozenset({(1, True)}), zones=(0.0, 8.0))
    tally = sum((Tally.of(visit) for _ in range(60)), Tally())
    release = Gate(Threshold(10, 5, half_way), carry=0, lines=3, zones=2).close(tally)
    assert release is not None
    assert release.crossings == (0, 0, 60, 0, 0, 0)
    assert [zone.histogram for zone in release.zones] == [(0, 0, 0, 0, 0), (0, 55, 0, 0, 0)]
    assert release.zones[0].mean_s is None
    assert release.zones[1].mean_s == pytest.approx(10.0, abs=5.0)


def test_lines_share_the_grid_of_one() -> None:
    """With three lines a crossing is told in multiples of three grids: crossing all three shows no more than one."""
    visit = Visit(0.0, 20.0, 0.0, None, crossings=frozenset({(2, False)}))
    tally = sum((Tally.of(visit) for _ in range(50)), Tally())
    release = Gate(Threshold(10, 5, half_way), carry=0, lines=3).close(tally)
    assert release is not None
    assert release.crossings == (0, 0, 0, 0, 0, 45)


def test_most_in_view_is_rounded_up() -> None:
    """The most at a time is told as a bound: no more than so many."""
    assert told(visitors(15) + Tally(most=3)).in_view_most == 5
