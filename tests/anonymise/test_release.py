"""What the gate lets out, and what it doesn't."""

from hypothesis import given
from hypothesis import strategies as st

from edged.anonymise.release import Gate
from edged.visits.visit import Visit
from edged.windows.tally import Tally
from edged.words import Scores

HAPPY: Scores = (0.2, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def visitors(count: int, scores: Scores | None = HAPPY, dwell: float = 10.0) -> Tally:
    return sum((Tally.of(Visit(0.0, dwell, 0.0, scores)) for _ in range(count)), Tally())


def test_fewer_than_k_say_nothing() -> None:
    """One visit short of k, they are withheld as an empty shop is."""
    assert Gate(k=10, carry=0).close(visitors(9)) is None
    assert Gate(k=10, carry=0).close(visitors(0)) is None


def test_k_visits_are_released() -> None:
    """Visits are told from k on, with the figures they make."""
    release = Gate(k=10, carry=0).close(visitors(10) + Tally(live_ms=1_000_000))
    assert release is not None
    assert (release.visits, release.windows_covered, release.mean_dwell_s) == (10, 1, 10.0)
    assert release.dwell_histogram == (0, 10, 0, 0, 0)
    assert release.mean_in_view == 0.1
    assert release.emotion is not None
    assert release.emotion.face_distribution == (0, 1, 0, 0, 0, 0, 0, 0)
    assert release.emotion.mean_scores == (0.2, 0.8, 0, 0, 0, 0, 0, 0)


def test_few_visits_are_carried_until_k() -> None:
    """Visits of withheld windows count in the window that reaches k, once."""
    gate = Gate(k=10, carry=3)
    assert gate.close(visitors(4)) is None
    assert gate.close(visitors(4)) is None
    release = gate.close(visitors(4))
    assert release is not None
    assert (release.visits, release.windows_covered) == (12, 3)
    assert gate.close(visitors(9)) is None


def test_carried_too_long_is_dropped_unseen() -> None:
    """After `carry` windows what was held is forgotten: 9 old visits don't help 1 new one over the threshold."""
    gate = Gate(k=10, carry=2)
    for _ in range(3):
        assert gate.close(visitors(3)) is None
    assert gate.close(visitors(9)) is None


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 4))
def test_empty_windows_age_what_is_carried_as_others_do(emptiness: list[bool], carry: int) -> None:
    """When something is dropped depends on how many windows passed, not on whether anyone was in them."""
    a, b = Gate(k=50, carry=carry), Gate(k=50, carry=carry)
    for empty in emptiness:
        assert a.close(visitors(0 if empty else 2)) is None
        assert b.close(visitors(0)) is None
    first, second = a.close(visitors(50)), b.close(visitors(50))
    assert first is not None
    assert second is not None
    assert first.windows_covered == second.windows_covered


def test_emotion_of_few_is_withheld() -> None:
    """Ten visits of which nine showed a readable face: visits are told, emotions are not."""
    release = Gate(k=10, carry=0).close(visitors(9) + visitors(1, scores=None))
    assert release is not None
    assert release.emotion is None


@given(st.lists(st.integers(0, 30), min_size=8, max_size=8).filter(lambda counts: sum(counts) >= 10))
def test_shares_add_up_to_one(counts: list[int]) -> None:
    """Rounded shares still are shares of one whole."""
    tally = Tally()
    for emotion, count in enumerate(counts):
        a, b, c, d, e, f, g, h = (float(i == emotion) for i in range(8))
        tally += visitors(count, (a, b, c, d, e, f, g, h))
    release = Gate(k=10, carry=0).close(tally)
    assert release is not None
    assert release.emotion is not None
    assert round(sum(release.emotion.face_distribution), 9) == 1
    assert round(sum(release.emotion.mean_scores), 9) == 1
    for share, count in zip(release.emotion.face_distribution, counts, strict=True):
        assert abs(share - count / sum(counts)) <= 0.01
