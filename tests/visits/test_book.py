"""The book of visits: each visit once, with the right sums."""

from itertools import pairwise

import pytest

from edged.config.model import Camera, Line, Visits, Zone
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
    book = VisitBook(Visits(lost_after_s=1.5), Camera())
    assert watch(book, 0.0, 4.0, face()) == []
    assert book.advance(5.4) == []
    (visit,) = book.advance(5.6)
    assert visit.dwell == pytest.approx(4.0)
    assert book.advance(60) == book.close() == []


def test_too_few_sightings_are_no_visit() -> None:
    """A false detection or two are nobody."""
    book = VisitBook(Visits(min_sightings=3, min_duration_s=0.0), Camera())
    watch(book, 0.0, 0.1, face())
    assert book.close() == []


def test_too_short_is_no_visit() -> None:
    """Three sightings within 0.2 s are nobody when half a second is asked for."""
    book = VisitBook(Visits(min_sightings=3, min_duration_s=0.5), Camera())
    watch(book, 0.0, 0.2, face())
    assert book.close() == []


@pytest.mark.parametrize("poor", [face(yaw=75), face(yaw=-75), face(score=0.4)])
def test_back_of_a_head_is_no_visit(poor: Sighting) -> None:
    """Who shows only an ear, or what only might be a face, is not counted; one who then turns round is."""
    book = VisitBook(Visits(max_yaw_deg=60, min_score=0.5), Camera())
    watch(book, 0.0, 3.0, poor)
    assert book.advance(10) == book.close() == []
    watch(book, 20.0, 23.0, poor)
    watch(book, 23.1, 24.0, face())
    assert len(book.close()) == 1


def test_longest_visit_is_counted_once() -> None:
    """Whoever stays longer than max_duration_s is counted at that length and not again on leaving."""
    book = VisitBook(Visits(max_duration_s=10), Camera())
    (visit,) = watch(book, 0.0, 30.0, face())
    assert visit.dwell == pytest.approx(10.0, abs=0.2)
    assert book.close() == []


def test_mean_scores_weigh_time_not_sightings() -> None:
    """A second at 10 frames weighs as much as a second at 2 frames."""
    book = VisitBook(Visits(), Camera())
    watch(book, 0.0, 2.0, face(HAPPY), fps=10)
    watch(book, 2.5, 4.0, face(SAD), fps=2)
    (visit,) = book.close()
    assert visit.scores is not None
    assert visit.scores[EMOTIONS.index("happiness")] == pytest.approx(0.45, abs=0.01)
    assert visit.scores[EMOTIONS.index("sadness")] == pytest.approx(0.45, abs=0.01)
    assert sum(visit.scores) == pytest.approx(1.0)


def test_small_faces_weigh_less() -> None:
    """A face at a quarter of full size has a quarter of the say."""
    book = VisitBook(Visits(), Camera())
    watch(book, 0.0, 2.0, face(HAPPY, height_px=48))
    watch(book, 2.1, 4.0, face(SAD, height_px=12))
    (visit,) = book.close()
    assert visit.scores is not None
    assert visit.scores[EMOTIONS.index("happiness")] == pytest.approx(0.9 * 0.8, abs=0.01)


def test_unreadable_face_is_a_visit_without_emotion() -> None:
    """A face too small to read counts for footfall and says nothing of emotion."""
    book = VisitBook(Visits(), Camera())
    watch(book, 0.0, 2.0, face(None))
    (visit,) = book.close()
    assert visit.scores is None


def test_attention_counts_only_time_towards_the_camera() -> None:
    """Attention is the time with the head turned away no further than attention_yaw_deg; unknown is not attention."""
    book = VisitBook(Visits(attention_yaw_deg=20), Camera())
    watch(book, 0.0, 1.0, face(yaw=10))
    watch(book, 1.1, 2.0, face(yaw=-40))
    watch(book, 2.1, 3.0, face(yaw=None))
    (visit,) = book.close()
    assert visit.attention == pytest.approx(1.0, abs=0.11)
    assert visit.dwell == pytest.approx(3.0)


def test_two_people_are_two_visits() -> None:
    """Faces side by side don't merge."""
    book = VisitBook(Visits(), Camera())
    watch(book, 0.0, 2.0, face(x=0.3), face(x=0.7))
    assert len(book.close()) == 2


def walk(book: VisitBook, start: float, *way: float, y: float = 0.475, fps: int = 10) -> list[Visit]:
    """Let one face walk along x, from stop to stop, a tenth of the picture in half a second."""
    visits, now = [], start
    for a, b in pairwise(way):
        steps = max(round(abs(b - a) * 5 * fps), 1)
        for i in range(steps):
            x = a + (b - a) * i / steps
            visits += book.observe(now, [face(x=x)])
            now += 1 / fps
    return visits


DOOR = Line(id="door", start=(0.5, 0.9), end=(0.5, 0.1))
"""An upright line; looking along it, from the bottom to the top of the picture, its right is the picture's right."""


@pytest.mark.parametrize(
    ("way", "crossed"), [((0.2, 0.8), {(0, True)}), ((0.8, 0.2), {(0, False)}), ((0.2, 0.45), set())]
)
def test_crossing_a_line_is_told_by_direction(way: tuple[float, ...], crossed: set[tuple[int, bool]]) -> None:
    """From left to right is in, back is out, and standing before the line is neither."""
    book = VisitBook(Visits(), Camera(lines=(DOOR,)))
    walk(book, 0.0, *way)
    (visit,) = book.close()
    assert visit.crossings == crossed


def test_hovering_on_a_line_is_one_crossing_each_way() -> None:
    """Who walks to and fro across a line is counted once in and once out, however often; trembling on it is nothing."""
    book = VisitBook(Visits(), Camera(lines=(DOOR,)))
    walk(book, 0.0, 0.3, 0.7, 0.3, 0.7, 0.3)
    (visit,) = book.close()
    assert visit.crossings == {(0, True), (0, False)}
    book = VisitBook(Visits(), Camera(lines=(DOOR,)))
    walk(book, 0.0, *[0.49, 0.51] * 10)
    (visit,) = book.close()
    assert visit.crossings == set()


def test_passing_beyond_the_end_of_a_line_is_no_crossing() -> None:
    """A line counts between its two points only."""
    short = Line(id="door", start=(0.5, 0.2), end=(0.5, 0.1))
    book = VisitBook(Visits(), Camera(lines=(short,)))
    walk(book, 0.0, 0.2, 0.8)
    (visit,) = book.close()
    assert visit.crossings == set()


def test_time_in_a_zone_is_time_inside() -> None:
    """Two seconds inside a zone and two outside are two seconds in it."""
    left = Zone(id="shelf", polygon=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
    book = VisitBook(Visits(), Camera(zones=(left,)))
    walk(book, 0.0, 0.1, 0.9)
    (visit,) = book.close()
    assert visit.zones[0] == pytest.approx(visit.dwell / 2, abs=0.15)


def test_face_in_a_mask_is_not_looked_at() -> None:
    """Staff behind the counter are nobody's visits."""
    counter = Zone(id="counter", polygon=((0.4, 0), (1, 0), (1, 1), (0.4, 1)))
    book = VisitBook(Visits(), Camera(masks=(counter,)))
    watch(book, 0.0, 3.0, face(x=0.2), face(x=0.7))
    assert len(book.close()) == 1


def test_poster_is_furniture() -> None:
    """A face that never moves is nobody, neither at first nor when it comes back after being covered."""
    book = VisitBook(Visits(furniture_after_s=30), Camera())
    assert watch(book, 0.0, 40.0, face()) == []
    assert book.advance(50) == []
    assert watch(book, 60.0, 70.0, face()) == []
    assert book.close() == []


def test_visitor_before_a_poster_is_counted() -> None:
    """Who walks up to where a poster hangs is a visitor: he came from somewhere."""
    book = VisitBook(Visits(furniture_after_s=30), Camera())
    watch(book, 0.0, 40.0, face())
    book.advance(50)
    walk(book, 60.0, 0.2, 0.5)
    assert len(book.close()) == 1


def test_coming_back_at_once_is_a_fragment() -> None:
    """Who turns away for five seconds and back is two visits, of which the second adds no person."""
    book = VisitBook(Visits(same_person_s=15, lost_after_s=1.5), Camera())
    watch(book, 0.0, 3.0, face())
    (first,) = book.advance(5.0)
    watch(book, 8.0, 11.0, face())
    (second,) = book.close()
    assert (first.fragment, second.fragment) == (False, True)


@pytest.mark.parametrize(("start", "x"), [(25.0, 0.5), (5.0, 0.02)])
def test_somebody_later_or_elsewhere_is_no_fragment(start: float, x: float) -> None:
    """Who appears long after, or where nobody could have got to, is another person."""
    book = VisitBook(Visits(same_person_s=15, lost_after_s=1.5), Camera())
    watch(book, 0.0, 3.0, face(x=0.9))
    watch(book, start, start + 3, face(x=x))
    assert [visit.fragment for visit in book.close()] == [False]


def test_one_end_explains_one_fragment() -> None:
    """One person left and two appear: at most one of them is the same."""
    book = VisitBook(Visits(same_person_s=15, lost_after_s=1.5), Camera())
    watch(book, 0.0, 3.0, face())
    book.advance(5.0)
    watch(book, 6.0, 9.0, face(x=0.45), face(x=0.7))
    assert sorted(visit.fragment for visit in book.close()) == [False, True]


def test_repr_tells_nothing() -> None:
    """A visit that slips into a log line says nothing of the visitor."""
    book = VisitBook(Visits(), Camera())
    watch(book, 0.0, 2.0, face())
    assert repr(book.close()) == "[<Visit>]"
