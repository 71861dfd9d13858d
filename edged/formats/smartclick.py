"""The answer of SmartClick's Emotion Detection API: a list with, for each face, where it is and what it shows.

Source: the API's page at RapidAPI, smartclick-smartclick-default/emotion-detection2: the example and its fields.

Rules:
  - Seven sentiments. Contempt, which that API doesn't know, is folded in by leaving it out and scaling the others to
    one: what they would be if it were no choice. Where next to nothing is left of them, the face is neutral: of the
    raters of FER+ who didn't see contempt where another did, half saw nothing.
"""

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field, RootModel

from edged.formats.common import DIGITS, UNDECIDED, Part, Share, corners, read_scores, strongest
from edged.vision.sighting import Sighting
from edged.words import EMOTIONS, Scores

Sentiment = Literal["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]

_NAMES: Final[dict[Sentiment, str]] = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}
_NOTHING_LEFT: Final = 1e-3


class Rectangle(Part):
    """Top left and bottom right corner of the face, px of the picture."""

    left: float = Field(ge=0)
    top: float = Field(ge=0)
    right: float = Field(ge=0)
    bottom: float = Field(ge=0)


class Sentiments(Part):
    """One share for each of seven sentiments; together one."""

    angry: Share
    disgust: Share
    fear: Share
    happy: Share
    sad: Share
    surprise: Share
    neutral: Share


class Emotion(Part):
    """What the face shows."""

    value: Sentiment | Literal["undecided"] = Field(
        description="The strongest sentiment; undecided when it is below the threshold that was asked for."
    )
    probability: Share = Field(description="Of the strongest sentiment.")
    sentiments: Sentiments


class Face(Part):
    """One face."""

    probability: Share = Field(description="That it is a face; 1 for a rectangle that was given.")
    rectangle: Rectangle
    emotion: Emotion


class Answer(RootModel[tuple[Face, ...]]):
    """All faces of a picture, the surest first."""


def answer(sightings: Sequence[Sighting], width: int, height: int, threshold: float = 0.0) -> Answer:
    """Word the faces of a picture of `width` × `height` px. Raises ValueError when a face has no scores."""
    return Answer(tuple(_face(sighting, width, height, threshold) for sighting in sightings))


def seven(scores: Scores) -> dict[Sentiment, float]:
    """Fold eight shares into seven."""
    share = dict(zip(EMOTIONS, scores, strict=True))
    rest = 1 - share["contempt"]
    if rest < _NOTHING_LEFT:
        return {sentiment: float(sentiment == "neutral") for sentiment in _NAMES}
    return {sentiment: min(share[name] / rest, 1.0) for sentiment, name in _NAMES.items()}


def _face(sighting: Sighting, width: int, height: int, threshold: float) -> Face:
    shares = seven(read_scores(sighting))
    names = list(shares)
    value = names[strongest(list(shares.values()))]
    probability = round(shares[value], DIGITS)
    place = corners(sighting.box, width, height)
    return Face(
        probability=round(min(sighting.score, 1.0), DIGITS),
        rectangle=Rectangle(**{name: round(px, 2) for name, px in place._asdict().items()}),
        emotion=Emotion(
            value=value if probability >= threshold else UNDECIDED,
            probability=probability,
            sentiments=Sentiments(**{name: round(share, DIGITS) for name, share in shares.items()}),
        ),
    )
