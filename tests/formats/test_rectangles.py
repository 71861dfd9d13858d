"""Rectangles that a caller gives: the ways to write them, and what is wrong with others in one sentence."""

import json

import pytest

from edged.errors import InputError
from edged.formats.rectangles import boxes_of, parse_rectangles
from tests.formats.documented import MICROSOFT_EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "68,97,64,97;1,2,30,40",
        " 68, 97, 64, 97 ;\n1,2,30,40\n",
        json.dumps(
            [{"left": 68, "top": 97, "width": 64, "height": 97}, {"left": 1, "top": 2, "width": 30, "height": 40}]
        ),
    ],
)
def test_several_ways_to_write_them(text: str) -> None:
    """With semicolons, a line each, or as JSON."""
    assert parse_rectangles(text, "it") == [(68, 97, 64, 97), (1, 2, 30, 40)]


def test_an_answer_of_the_emotion_api_can_be_given_back() -> None:
    """Its own faceRectangle is understood."""
    assert parse_rectangles(json.dumps(MICROSOFT_EXAMPLE), "it") == [(68, 97, 64, 97)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no face rectangle"),
        (";;", "holds no face rectangle"),
        ("1,2,3", "is not left,top,width,height"),
        ("1,2,3,x", "is not left,top,width,height"),
        ("1,2,0,4", "is no rectangle"),
        ("1,2,nan,4", "is no rectangle"),
        ("1,2,1e99,4", "is no rectangle"),
        ("[{]", "is no JSON"),
        ("[1]", "each face needs left"),
        ('[{"left": 1}]', "each face needs left"),
        ('[{"left": 1, "top": [], "width": 2, "height": 3}]', "is not left,top,width,height"),
        (";".join(["1,2,3,4"] * 65), "64 at the most"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, problem: str) -> None:
    """It names where it came from."""
    with pytest.raises(InputError, match=problem) as raised:
        parse_rectangles(text, "rectangles.txt")
    assert str(raised.value).startswith("rectangles.txt")
    assert "\n" not in str(raised.value)


def test_boxes_are_shares_of_the_picture() -> None:
    """Partly outside is cut later; wholly outside is a mistake."""
    (box,) = boxes_of([(-10, 50, 40, 20)], 200, 100, "it")
    assert (box.left, box.top, box.width, box.height) == pytest.approx((-0.05, 0.5, 0.2, 0.2))
    with pytest.raises(InputError, match="lies outside of it, which is 200×100 pixels"):
        boxes_of([(200, 0, 10, 10)], 200, 100, "it")
