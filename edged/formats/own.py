"""Our own words for an analysed picture: all that is known of each face, and null for what can't be known."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from edged.formats.common import UNDECIDED, EmotionShares, Part, Share, strongest
from edged.vision.sighting import Sighting
from edged.words import EMOTIONS, Scores

Emotion = Literal[
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "undecided"
]  # fmt: skip


class PixelBox(Part):
    """Where the face is, px of the picture; may reach beyond its border."""

    left: int
    top: int
    width: int = Field(ge=0)
    height: int = Field(ge=0)


class Face(Part):
    """One face."""

    box: PixelBox
    score: Share = Field(description="How sure it is that this is a face; 1 for a rectangle that was given.")
    yaw_deg: float | None = Field(description="Turn of the head; 0 = to the camera, positive = to the picture's right.")
    roll_deg: float | None = Field(description="Tilt of the head, positive = clockwise as seen.")
    emotion: Emotion | None = Field(
        description="The strongest; undecided below the threshold that was asked for; null when the face is too small "
        "or too turned to say."
    )
    scores: EmotionShares | None


class Picture(Part):
    """One picture."""

    file: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    faces: tuple[Face, ...] = Field(description="The surest first.")


def picture(name: str, sightings: Sequence[Sighting], width: int, height: int, threshold: float = 0.0) -> Picture:
    """Word the faces of the picture `name` of `width` × `height` px."""
    faces = tuple(_face(sighting, width, height, threshold) for sighting in sightings)
    return Picture(file=name, width=width, height=height, faces=faces)


def strongest_emotion(scores: Scores, threshold: float) -> str:
    """Return the strongest emotion, or undecided when it is below the threshold."""
    index = strongest(scores)
    return EMOTIONS[index] if scores[index] >= threshold else UNDECIDED


def _face(sighting: Sighting, width: int, height: int, threshold: float) -> Face:
    box, scores = sighting.box, sighting.scores
    return Face.model_validate(
        {
            "box": {
                "left": round(box.left * width),
                "top": round(box.top * height),
                "width": round(box.width * width),
                "height": round(box.height * height),
            },
            "score": round(min(sighting.score, 1.0), 3),
            "yaw_deg": None if sighting.yaw is None else round(sighting.yaw, 1),
            "roll_deg": None if sighting.roll is None else round(sighting.roll, 1),
            "emotion": None if scores is None else strongest_emotion(scores, threshold),
            "scores": None if scores is None else dict(zip(EMOTIONS, (round(s, 3) for s in scores), strict=True)),
        }
    )
