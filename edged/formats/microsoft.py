"""The answer of Microsoft's Emotion API (Project Oxford) for a picture: a list of face rectangles with their scores.

Source: the API's reference, Emotion Recognition (operation 563b31ea778daf121cc3a5fa): example, order and limits.

Rules:
  - Faces are ranked by the size of their rectangle, the largest first; at most 64 are told.
  - The eight scores add up to one.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import Field, RootModel

from edged.formats.common import Part, Share, by_name, corners, read_scores
from edged.vision.sighting import Sighting

MOST_FACES: Final = 64


class FaceRectangle(Part):
    """Where the face is, px of the picture."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    width: int = Field(ge=0)
    height: int = Field(ge=0)


class Scores(Part):
    """One score for each of eight emotions; together one."""

    anger: Share
    contempt: Share
    disgust: Share
    fear: Share
    happiness: Share
    neutral: Share
    sadness: Share
    surprise: Share


class Entry(Part):
    """One face."""

    faceRectangle: FaceRectangle  # noqa: N815  (their name)
    scores: Scores


class Answer(RootModel[tuple[Entry, ...]]):
    """All faces of a picture, the largest first; empty when there is none."""


def answer(sightings: Sequence[Sighting], width: int, height: int) -> Answer:
    """Word the faces of a picture of `width` × `height` px. Raises ValueError when a face has no scores."""
    entries = [_entry(sighting, width, height) for sighting in sightings]
    entries.sort(key=lambda entry: entry.faceRectangle.width * entry.faceRectangle.height, reverse=True)
    return Answer(tuple(entries[:MOST_FACES]))


def _entry(sighting: Sighting, width: int, height: int) -> Entry:
    left, top, right, bottom = (round(px) for px in corners(sighting.box, width, height))
    rectangle = FaceRectangle(left=left, top=top, width=right - left, height=bottom - top)
    return Entry(faceRectangle=rectangle, scores=Scores(**by_name(read_scores(sighting))))
