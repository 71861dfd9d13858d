"""A picture's faces as JSON, in the words of the system that is asked for."""

import json
from collections.abc import Sequence
from typing import Literal

from edged.formats import microsoft, own, smartclick
from edged.vision.sighting import Sighting

Whose = Literal["edged", "smartclick", "microsoft"]


def picture_in_words_of(
    whose: Whose, name: str, sightings: Sequence[Sighting], width: int, height: int, threshold: float
) -> str:
    """Word the faces of the picture `name` of `width` × `height` px.

    Raises ValueError when a face has no scores, and it is not our words that are asked for.
    """
    match whose:
        case "smartclick":
            return smartclick.answer(sightings, width, height, threshold).model_dump_json()
        case "microsoft":
            return microsoft.answer(sightings, width, height).model_dump_json()
        case "edged":
            return own.picture(name, sightings, width, height, threshold).model_dump_json()


def named(name: str, answer: str) -> str:
    """Return another format's answer, as JSON, with the name of the picture it is about: a line among many."""
    return f'{{"file":{json.dumps(name, ensure_ascii=False)},"faces":{answer}}}'
