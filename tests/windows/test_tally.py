"""A tally is a commutative monoid; that is what lets windows be carried and added in any order."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edged.visits.visit import Visit
from edged.windows.tally import BOUNDS_S, SCORE_STEPS, TIME_STEPS, Tally, most_at_once
from edged.words import EMOTIONS, Scores


def to_scores(weights: tuple[float, ...]) -> Scores:
    total = sum(weights)
    a, b, c, d, e, f, g, h = (w / total for w in weights)
    return a, b, c, d, e, f, g, h


scores = st.tuples(*[st.floats(0.001, 1)] * len(EMOTIONS)).map(to_scores)
visits = st.builds(
    lambda start, dwell, part, s, crossings, zones, fragment: Visit(
        start, start + dwell, dwell * part, s, crossings, tuple(dwell * zone for zone in zones), fragment
    ),
    st.floats(0, 1e6),
    st.floats(0, 1e4),
    st.floats(0, 1),
    st.none() | scores,
    st.frozensets(st.tuples(st.integers(0, 2), st.booleans())),
    st.lists(st.floats(0, 1), max_size=2),
    st.booleans(),
)
tallies = st.lists(visits, max_size=5).map(lambda each: sum(map(Tally.of, each), Tally()))


@given(tallies, tallies, tallies)
def test_tallies_merge_in_any_order(a: Tally, b: Tally, c: Tally) -> None:
    """Merging is associative and commutative, and the empty tally changes nothing: exactly, not nearly."""
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Tally() == a


@given(visits)
def test_visit_adds_a_bounded_amount_to_every_sum(visit: Visit) -> None:
    """What one visitor can move is what anonymise hides: one in a count, a class's steps in a time, 100 in scores."""
    tally = Tally.of(visit)
    known = int(visit.scores is not None and not visit.fragment)
    assert tally.visits == 1
    assert tally.people == sum(tally.dwell.visits) == int(not visit.fragment)
    assert tally.emotion_visits == sum(tally.dominant) == known
    assert sum(tally.scores) == known * SCORE_STEPS
    assert all(count in {0, 1} for count in (*tally.crossings, *tally.zones.visits, *tally.attention.visits))
    for times in (tally.dwell, tally.attention, tally.zones):
        assert all(0 <= step <= TIME_STEPS for step in times.steps)


def test_dwell_classes_begin_at_their_lower_bound() -> None:
    """5 s belongs to the class 5 to 15 s, 60 s to the open one."""
    dwells = [0, 4.999, 5, 15, 30, 59.999, 60, 5000]
    classes = [Tally.of(Visit(0, dwell, 0, None)).dwell.visits.index(1) for dwell in dwells]
    assert classes == [0, 0, 1, 2, 3, 3, 4, 4]


def test_zones_stand_one_after_the_other() -> None:
    """Ten seconds in the second zone and none in the first are one visit in the second zone's second class."""
    tally = Tally.of(Visit(0, 20, 0, None, zones=(0.0, 10.0)))
    assert tally.zones.visits.index(1) == len(BOUNDS_S) + 1
    assert sum(tally.zones.visits) == 1


def test_crossings_stand_line_by_line() -> None:
    """Out over the second line is the fourth place."""
    assert Tally.of(Visit(0, 20, 0, None, crossings=frozenset({(1, False)}))).crossings == (0, 0, 0, 1)


def test_who_comes_back_counts_once_in_what_is_told_of_people() -> None:
    """Ten fragments of one person are ten visits and ten crossings, but one dwell, one attention, one emotion."""
    happy = to_scores((1, 9, 1, 1, 1, 1, 1, 1))
    once = Visit(0, 8, 4, happy, frozenset({(0, True)}), (3.0,))
    tally = sum((Tally.of(replace(once, fragment=True)) for _ in range(9)), Tally.of(once))
    assert (tally.visits, tally.people, tally.crossings) == (10, 1, (10,))
    assert sum(tally.dwell.visits) == sum(tally.attention.visits) == sum(tally.zones.visits) == 1
    assert (tally.emotion_visits, sum(tally.scores)) == (1, SCORE_STEPS)


def test_most_at_once_counts_overlaps() -> None:
    """Who leaves at the moment at which another comes was there with him; who left before was not."""
    assert most_at_once([]) == 0
    assert most_at_once([(0, 5), (5, 9), (6, 7), (20, 30)]) == 2
    assert most_at_once([(0, 10), (1, 9), (2, 8)]) == 3


stays = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda stay: (float(min(stay)), float(max(stay))))


@given(st.lists(stays, max_size=12), stays)
def test_one_more_visit_adds_one_at_the_most(others: list[tuple[float, float]], one: tuple[float, float]) -> None:
    """The maximum is rounded to the grid; a visit that could move it by more would show."""
    assert 0 <= most_at_once([*others, one]) - most_at_once(others) <= 1
