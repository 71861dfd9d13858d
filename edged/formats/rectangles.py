"""Face rectangles that a caller gives, so that faces needn't be looked for (the Emotion API's "basic" mode).

Rules:
  - As text: left,top,width,height in px, several separated by semicolons or line ends, as that API's parameter.
  - As JSON: a list of {left, top, width, height}, bare or as `faceRectangle` in an answer of that API.
  - A rectangle that doesn't touch the picture is refused, as is one without an area: it is a mistake somewhere.
"""

import json
import re
from typing import Any, Final

from edged.errors import InputError
from edged.formats.microsoft import MOST_FACES
from edged.vision.sighting import Box

_NAMES: Final = ("left", "top", "width", "height")

Rectangle = tuple[float, float, float, float]
"""Left, top, width, height in px of the picture."""


def parse_rectangles(text: str, name: str) -> list[Rectangle]:
    """Read rectangles; `name` says in errors where they came from. Raises InputError."""
    stripped = text.strip()
    rectangles = _from_json(stripped, name) if stripped.startswith(("[", "{")) else _from_text(stripped, name)
    if not rectangles:
        raise InputError(f"{name} holds no face rectangle: write left,top,width,height in pixels")
    if len(rectangles) > MOST_FACES:
        raise InputError(f"{name} holds {len(rectangles)} face rectangles: {MOST_FACES} at the most, please")
    return rectangles


def boxes_of(rectangles: list[Rectangle], width: int, height: int, name: str) -> list[Box]:
    """Return rectangles as boxes of a picture of `width` × `height` px. Raises InputError for one that lies outside."""
    for left, top, wide, high in rectangles:
        if left >= width or top >= height or left + wide <= 0 or top + high <= 0:
            raise InputError(
                f"the face rectangle {left:g},{top:g},{wide:g},{high:g} lies outside of {name}, "
                f"which is {width}×{height} pixels large"
            )
    return [Box(left / width, top / height, wide / width, high / height) for left, top, wide, high in rectangles]


def _from_text(text: str, name: str) -> list[Rectangle]:
    return [_rectangle(part.split(","), part.strip(), name) for part in re.split(r"[;\n]", text) if part.strip()]


def _from_json(text: str, name: str) -> list[Rectangle]:
    try:
        listed = json.loads(text)
    except ValueError:
        raise InputError(f"{name} is no JSON that can be read: write [{{left, top, width, height}}, …]") from None
    rectangles = []
    for entry in listed if isinstance(listed, list) else [listed]:
        named: Any = entry.get("faceRectangle", entry) if isinstance(entry, dict) else None
        if not isinstance(named, dict) or not named.keys() >= set(_NAMES):
            raise InputError(f"{name}: each face needs left, top, width and height, and {json.dumps(entry)} has not")
        rectangles.append(_rectangle([named[key] for key in _NAMES], json.dumps(entry), name))
    return rectangles


def _rectangle(parts: list[Any], said: str, name: str) -> Rectangle:
    try:
        left, top, width, height = (float(part) for part in parts)
    except (TypeError, ValueError):
        raise InputError(f"{name}: {said} is not left,top,width,height: four numbers, in pixels") from None
    if not (abs(left) < 1e6 and abs(top) < 1e6 and 1 <= width < 1e6 and 1 <= height < 1e6):
        raise InputError(f"{name}: {said} is no rectangle: it needs a width and a height of at least one pixel")
    return left, top, width, height
