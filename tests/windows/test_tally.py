"""A tally is a commutative monoid; that is what lets windows be carried and added in any order."""

from hypothesis import given
from hypothesis import strategies as st

from edged.visits.visit import Visit
from edged.windows.tally import Tally
from edged.words import EMOTIONS, Scores


def to_scores(weights: tuple[float, ...]) -> Scores:
    total = sum(weights)
    a, b, c, d, e, f, g, h = (w / total for w in weights)
    return a, b, c, d, e, f, g, h


scores = st.tuples(*[st.floats(0.001, 1)] * len(EMOTIONS)).map(to_scores)
visits = st.builds(
    lambda start, dwell, part, s: Visit(start, start + dwell, dwell * part, s),
    st.floats(0, 1e6),
    st.floats(0, 1e4),
    st.floats(0, 1),
    st.none() | scores,
)
tallies = st.lists(visits, max_size=5).map(lambda each: sum(map(Tally.of, each), Tally()))


@given(tallies, tallies, tallies)
def test_tallies_merge_in_any_order(a: Tally, b: Tally, c: Tally) -> None:
    """Merging is associative and commutative, and the empty tally changes nothing: exactly, not nearly."""
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Tally() == a


@given(visits)
def test_visit_counts_once_everywhere(visit: Visit) -> None:
    """One visit is one visit, in one class of dwell and, if its emotion is known, of one emotion."""
    tally = Tally.of(visit)
    assert tally.visits == sum(tally.dwell_histogram) == 1
    assert tally.emotion_visits == sum(tally.dominant) == int(visit.scores is not None)
    assert abs(sum(tally.score_sums) - 1_000_000 * tally.emotion_visits) <= len(EMOTIONS)


def test_dwell_classes_begin_at_their_lower_bound() -> None:
    """5 s belongs to the class 5 to 15 s, 60 s to the open one."""
    dwells = [0, 4.999, 5, 15, 30, 59.999, 60, 5000]
    buckets = [Tally.of(Visit(0, dwell, 0, None)).dwell_histogram.index(1) for dwell in dwells]
    assert buckets == [0, 0, 1, 2, 3, 3, 4, 4]
