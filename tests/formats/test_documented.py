"""Our models take the two systems' own examples, and what they word fits the schemas written from those examples."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from edged.formats import microsoft, microsoft_video, own, smartclick
from edged.vision.sighting import Box, Sighting
from edged.words import EMOTIONS, Scores
from tests.formats.documented import (
    AGGREGATE_EXAMPLE,
    MICROSOFT_EXAMPLE,
    SMARTCLICK_EXAMPLE,
    check_aggregate,
    check_microsoft,
    check_smartclick,
)


def scores(**shares: float) -> Scores:
    """Shares by name; what isn't named is zero."""
    a, b, c, d, e, f, g, h = (shares.get(name, 0.0) for name in EMOTIONS)
    return a, b, c, d, e, f, g, h


def face(box: Box | None = None, shares: Scores | None = None, score: float = 0.9) -> Sighting:
    """A face somewhere."""
    return Sighting(
        box=box or Box(0.25, 0.5, 0.1, 0.2),
        score=score,
        height_px=100,
        yaw=1.0,
        roll=2.0,
        scores=shares or scores(happiness=0.75, contempt=0.25),
    )


@pytest.mark.parametrize(
    ("example", "model", "check"),
    [
        (SMARTCLICK_EXAMPLE, smartclick.Answer, check_smartclick),
        (MICROSOFT_EXAMPLE, microsoft.Answer, check_microsoft),
        (AGGREGATE_EXAMPLE, microsoft_video.Answer, check_aggregate),
    ],
)
def test_documented_example_is_understood(example: Any, model: type[BaseModel], check: Any) -> None:
    """The example passes the check written from it, and comes out of our model as it went in."""
    check(example)
    assert model.model_validate(example).model_dump(mode="json") == example


boxes = st.builds(Box, st.floats(-0.1, 0.9), st.floats(-0.1, 0.9), st.floats(0.12, 0.6), st.floats(0.12, 0.6))
weights = st.lists(st.integers(0, 255), min_size=8, max_size=8).filter(any)


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    drawn = draw(weights)
    a, b, c, d, e, f, g, h = (weight / sum(drawn) for weight in drawn)
    return face(draw(boxes), (a, b, c, d, e, f, g, h), draw(st.floats(0.3, 1.0)))


@given(st.lists(sightings(), max_size=70), st.integers(100, 8000), st.integers(100, 8000))
def test_whatever_is_seen_fits_the_documented_shapes(seen: list[Sighting], width: int, height: int) -> None:
    """Any faces: names, types, order and sums of both systems; rectangles within the picture."""
    told = smartclick.answer(seen, width, height).model_dump(mode="json")
    check_smartclick(told)
    assert len(told) == len(seen)
    assert all(each["rectangle"]["right"] <= width and each["rectangle"]["bottom"] <= height for each in told)
    check_microsoft(microsoft.answer(seen, width, height).model_dump(mode="json"))


def test_contempt_is_left_out_and_the_rest_scaled_to_one() -> None:
    """Seven sentiments: what they would be if contempt were no choice; a face of pure contempt is neutral."""
    assert smartclick.seven(scores(happiness=0.3, anger=0.2, contempt=0.5)) == pytest.approx(
        {"angry": 0.4, "disgust": 0, "fear": 0, "happy": 0.6, "sad": 0, "surprise": 0, "neutral": 0}
    )
    assert smartclick.seven(scores(contempt=1.0))["neutral"] == 1


def test_rectangles_are_told_in_pixels_of_the_picture() -> None:
    """SmartClick names corners, Microsoft left, top and sizes in whole pixels."""
    (entry,) = smartclick.answer([face()], 400, 200).model_dump()
    assert entry["rectangle"] == {"left": 100, "top": 100, "right": 140, "bottom": 140}
    (entry,) = microsoft.answer([face()], 400, 200).model_dump()
    assert entry["faceRectangle"] == {"left": 100, "top": 100, "width": 40, "height": 40}


def test_below_the_threshold_an_emotion_is_undecided() -> None:
    """The shares are told all the same."""
    weak = face(shares=scores(happiness=0.4, neutral=0.35, sadness=0.25))
    (told,) = smartclick.answer([weak], 100, 100, threshold=0.5).model_dump()
    assert told["emotion"]["value"] == "undecided"
    assert told["emotion"]["probability"] == 0.4
    assert own.picture("it", [weak], 100, 100, threshold=0.5).faces[0].emotion == "undecided"
    assert own.picture("it", [weak], 100, 100, threshold=0.4).faces[0].emotion == "happiness"


def test_a_face_that_nobody_read_has_no_emotion() -> None:
    """Our words say null; the others have no word for it, and say so rather than make something up."""
    unread = Sighting(box=Box(0, 0, 0.1, 0.1), score=0.5, height_px=9, yaw=None, roll=None, scores=None)
    told = own.picture("it", [unread], 100, 100).model_dump(mode="json")["faces"][0]
    assert (told["emotion"], told["scores"], told["yaw_deg"]) == (None, None, None)
    with pytest.raises(ValueError, match="no scores"):
        smartclick.answer([unread], 100, 100)
    with pytest.raises(ValueError, match="no scores"):
        microsoft.answer([unread], 100, 100)
