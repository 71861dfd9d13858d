"""What the formats have in common: their models' manners, and rectangles in pixels."""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from edged.vision.sighting import Box, Sighting
from edged.words import EMOTIONS, Scores

Share = Annotated[float, Field(ge=0, le=1)]

UNDECIDED: Final = "undecided"
"""Stands for the emotion when even the strongest is below the threshold."""
DIGITS: Final = 8
"""Decimals of shares: a sum of eight still differs from 1 by less than a millionth."""


class Part(BaseModel):
    """An object of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EmotionShares(Part):
    """One share for each of the eight emotions."""

    neutral: Share
    happiness: Share
    surprise: Share
    sadness: Share
    anger: Share
    disgust: Share
    fear: Share
    contempt: Share


class Corners(NamedTuple):
    """A rectangle in px of the picture, within the picture."""

    left: float
    top: float
    right: float
    bottom: float


def corners(box: Box, width: int, height: int) -> Corners:
    """Return a box as pixels of a picture of `width` × `height`; what reaches beyond the border is cut off."""
    return Corners(
        _within(box.left * width, width),
        _within(box.top * height, height),
        _within((box.left + box.width) * width, width),
        _within((box.top + box.height) * height, height),
    )


def strongest(scores: Sequence[float]) -> int:
    """Return the index of the strongest share; of equals the first."""
    return max(range(len(scores)), key=scores.__getitem__)


def read_scores(sighting: Sighting) -> Scores:
    """Return a face's scores. Raises ValueError when nobody has read them."""
    if sighting.scores is None:
        raise ValueError("a face has no scores: this format has no word for that, read all of them first")
    return sighting.scores


def by_name(scores: Sequence[float]) -> dict[str, float]:
    """Name the eight shares, rounded."""
    return {name: round(share, DIGITS) for name, share in zip(EMOTIONS, scores, strict=True)}


def _within(value: float, most: int) -> float:
    return min(max(value, 0.0), float(most))
