"""A tally is a commutative monoid; that is what lets windows be carried and added in any order."""

from hypothesis import given
from hypothesis import strategies as st

from edged.visits.visit import Visit
from edged.windows.tally import BOUNDS_S, SCORE_STEPS, TIME_STEPS, Tally
from edged.words import EMOTIONS, Scores


def to_scores(weights: tuple[float, ...]) -> Scores:
    total = sum(weights)
    a, b, c, d, e, f, g, h = (w / total for w in weights)
    return a, b, c, d, e, f, g, h


scores = st.tuples(*[st.floats(0.001, 1)] * len(EMOTIONS)).map(to_scores)
visits = st.builds(
    lambda start, dwell, part, s, company, crossings, zones, fragment: Visit(
        start, start + dwell, dwell * part, s, company, crossings, tuple(dwell * zone for zone in zones), fragment
    ),
    st.floats(0, 1e6),
    st.floats(0, 1e4),
    st.floats(0, 1),
    st.none() | scores,
    st.integers(1, 9),
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
    known = int(visit.scores is not None)
    assert tally.visits == sum(tally.dwell.visits) == 1
    assert tally.people == int(not visit.fragment)
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
