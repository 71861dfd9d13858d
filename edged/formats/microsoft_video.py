"""The answer of Microsoft's Emotion API for Video: time cut into fragments, fragments into events.

Source: "How to Call Emotion API for Video" (azure-docs, articles/cognitive-services/Emotion) for fields and smoothing;
"Detect Face and Emotion with Azure Media Analytics" (azure-docs, articles/media-services) for the examples, the limits
of window and interval, and the rectangles of single faces.

Rules:
  - Times are whole ticks, `timescale` of them a second. A fragment covers [start, start + duration); its i-th event
    covers the `interval` ticks from start + i × interval.
  - An answer can be written piece by piece, a fragment at a time, so that its length costs no memory.
"""

from typing import Final, Literal

from pydantic import Field

from edged.formats.common import EmotionShares, Part, Share

Mode = Literal["aggregate", "perFace"]

TIMESCALE: Final = 30_000
"""Ticks per second, as in the documented example: a frame at 24, 25, 29.97, 30, 50 or 60 per second is whole ticks."""


class AggregateEvent(Part):
    """All faces of a stretch of time; the figures add up to one, or are all zero when there is no face."""

    windowFaceDistribution: EmotionShares = Field(  # noqa: N815  (their name)
        description="Share of the faces whose strongest emotion this is."
    )
    windowMeanScores: EmotionShares = Field(description="Mean scores of the faces.")  # noqa: N815


class FaceEvent(Part):
    """One face at one moment. x, y, width and height are shares of the picture's width and height."""

    id: int = Field(ge=0, description="Of the face within the clip; a new one after it was lost.")
    x: Share
    y: Share
    width: Share
    height: Share
    scores: EmotionShares


class Fragment(Part):
    """A stretch of the clip."""

    start: int = Field(ge=0)
    duration: int = Field(gt=0)
    interval: int = Field(gt=0)
    events: tuple[tuple[AggregateEvent, ...], ...] | tuple[tuple[FaceEvent, ...], ...]


class Head(Part):
    """What stands before the fragments."""

    version: Literal[1] = 1
    timescale: int = Field(default=TIMESCALE, gt=0)
    offset: Literal[0] = 0
    framerate: float = Field(gt=0)
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class Answer(Head):
    """A whole clip."""

    fragments: tuple[Fragment, ...]


def opening(head: Head) -> str:
    """Return the text up to the first fragment."""
    return head.model_dump_json()[:-1] + ',"fragments":['


def closing() -> str:
    """Return the text after the last fragment."""
    return "]}"
