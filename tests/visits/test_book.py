"""The book of visits: each visit once, with the right sums."""

import pytest

from edged.config.model import Visits
from edged.vision.sighting import Box, Sighting
from edged.visits.book import VisitBook
from edged.visits.visit import Visit
from edged.words import EMOTIONS, Scores

HAPPY: Scores = (0.1, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SAD: Scores = (0.1, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0)


def face(
    scores: Scores | None = HAPPY,
    *,
    yaw: float | None = 0.0,
    height_px: float = 60.0,
    x: float = 0.5,
    score: float = 0.9,
) -> Sighting:
    return Sighting(Box(x - 0.05, 0.4, 0.1, 0.15), score, height_px, yaw, 0.0, scores)


def watch(book: VisitBook, start: float, end: float, *faces: Sighting, fps: int = 10) -> list[Visit]:
    """Show the same faces from `start` to `end`, both included."""
    visits = []
    for i in range(round((end - start) * fps) + 1):
        visits += book.observe(start + i / fps, faces)
    return visits


def test_visit_ends_when_the_face_is_lost() -> None:
    """A visit is told once, after the face has been away for lost_after_s, and dwells from first to last sighting."""
    book = VisitBook(Visits(lost_after_s=1.5))
    assert watch(book, 0.0, 4.0, face()) == []
    assert book.advance(5.4) == []
    (visit,) = book.advance(5.6)
    assert visit.dwell == pytest.approx(4.0)
    assert book.advance(60) == book.close() == []


def test_too_few_sightings_are_no_visit() -> None:
    """A false detection or two are nobody."""
    book = VisitBook(Visits(min_sightings=3, min_duration_s=0.0))
    watch(book, 0.0, 0.1, face())
    assert book.close() == []


def test_too_short_is_no_visit() -> None:
    """Three sightings within 0.2 s are nobody when half a second is asked for."""
    book = VisitBook(Visits(min_sightings=3, min_duration_s=0.5))
    watch(book, 0.0, 0.2, face())
    assert book.close() == []


@pytest.mark.parametrize("poor", [face(yaw=75), face(yaw=-75), face(score=0.4)])
def test_back_of_a_head_is_no_visit(poor: Sighting) -> None:
    """Who shows only an ear, or what only might be a face, is not counted; one who then turns round is."""
    book = VisitBook(Visits(max_yaw_deg=60, min_score=0.5))
    watch(book, 0.0, 3.0, poor)
    assert book.advance(10) == book.close() == []
    watch(book, 20.0, 23.0, poor)
    watch(book, 23.1, 24.0, face())
    assert len(book.close()) == 1


def test_longest_visit_is_counted_once() -> None:
    """Whoever stays longer than max_duration_s is counted at that length and not again on leaving."""
    book = VisitBook(Visits(max_duration_s=10))
    (visit,) = watch(book, 0.0, 30.0, face())
    assert visit.dwell == pytest.approx(10.0, abs=0.2)
    assert book.close() == []


def test_mean_scores_weigh_time_not_sightings() -> None:
    """A second at 10 frames weighs as much as a second at 2 frames."""
    book = VisitBook(Visits())
    watch(book, 0.0, 2.0, face(HAPPY), fps=10)
    watch(book, 2.5, 4.0, face(SAD), fps=2)
    (visit,) = book.close()
    assert visit.scores is not None
    assert visit.scores[EMOTIONS.index("happiness")] == pytest.approx(0.45, abs=0.01)
    assert visit.scores[EMOTIONS.index("sadness")] == pytest.approx(0.45, abs=0.01)
    assert sum(visit.scores) == pytest.approx(1.0)


def test_small_faces_weigh_less() -> None:
    """A face at a quarter of full size has a quarter of the say."""
    book = VisitBook(Visits())
    watch(book, 0.0, 2.0, face(HAPPY, height_px=48))
    watch(book, 2.1, 4.0, face(SAD, height_px=12))
    (visit,) = book.close()
    assert visit.scores is not None
    assert visit.scores[EMOTIONS.index("happiness")] == pytest.approx(0.9 * 0.8, abs=0.01)


def test_unreadable_face_is_a_visit_without_emotion() -> None:
    """A face too small to read counts for footfall and says nothing of emotion."""
    book = VisitBook(Visits())
    watch(book, 0.0, 2.0, face(None))
    (visit,) = book.close()
    assert visit.scores is None


def test_attention_counts_only_time_towards_the_camera() -> None:
    """Attention is the time with the head turned away no further than attention_yaw_deg; unknown is not attention."""
    book = VisitBook(Visits(attention_yaw_deg=20))
    watch(book, 0.0, 1.0, face(yaw=10))
    watch(book, 1.1, 2.0, face(yaw=-40))
    watch(book, 2.1, 3.0, face(yaw=None))
    (visit,) = book.close()
    assert visit.attention == pytest.approx(1.0, abs=0.11)
    assert visit.dwell == pytest.approx(3.0)


def test_two_people_are_two_visits() -> None:
    """Faces side by side don't merge."""
    book = VisitBook(Visits())
    watch(book, 0.0, 2.0, face(x=0.3), face(x=0.7))
    assert len(book.close()) == 2


def test_repr_tells_nothing() -> None:
    """A visit that slips into a log line says nothing of the visitor."""
    book = VisitBook(Visits())
    watch(book, 0.0, 2.0, face())
    assert repr(book.close()) == "[<Visit>]"
