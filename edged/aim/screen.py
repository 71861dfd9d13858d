"""A view as lines for a terminal of any size from 40×12 on: the sketch, and what it means in words below.

Rules:
  - Pure: the same view and size give the same lines. A line never wraps.
  - A colour never says what no word says.
"""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from edged.aim.look import View
from edged.aim.sketch import LOST, READABLE, SMALL, Needs, Sketch, draw
from edged.camera.sharpness import Quality
from edged.config.model import Camera

_WORDS: Final = 5
"""Lines below and above the sketch."""
_CELL: Final = 2.0
"""Height of a terminal's cell in its widths."""
DIM: Final = 40.0
BRIGHT: Final = 215.0
GLARING: Final = 0.25
_BAR: Final = 20


def lines(view: View, camera: Camera, width: int, height: int) -> list[Text]:
    """Draw a view."""
    drawn = [_head(view, camera)]
    room = max(height - _WORDS, 1)
    if view.needs is None or view.lights is None or view.quality is None:
        drawn += [Text(""), Text(view.standing.reason or "waiting for a picture", "yellow")]
        return [_cut(line, width) for line in drawn]
    columns, rows = fitted(view.size, width, room)
    drawn += _sketched(draw(columns, rows, camera, view.needs, view.sightings, view.lights))
    drawn += [*_faces(view, view.needs), _light(view.quality), _sharpness(view.quality, view.best_sharpness)]
    return [_cut(line, width) for line in drawn]


def fitted(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Return columns and rows of a sketch that has the picture's shape and fits."""
    shape = size[0] / size[1]
    rows = min(height, max(int(width / shape / _CELL), 1))
    return min(width, max(round(rows * _CELL * shape), 1)), rows


def _cut(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line


def _head(view: View, camera: Camera) -> Text:
    head = Text.assemble((camera.id, "bold"), " is ")
    head.append(str(view.standing.state), "green" if view.standing.state == "live" else "bold red")
    if view.size[0]:
        head.append(f"  {view.size[0]}×{view.size[1]}, {view.fps:.1f} looks a second")
    return head.append("  Ctrl-C ends", "dim")


def _sketched(sketch: Sketch) -> Iterator[Text]:
    for characters, styles, grounds in zip(sketch.characters, sketch.styles, sketch.grounds, strict=True):
        line = Text(no_wrap=True)
        for character, style, ground in zip(characters, styles, grounds, strict=True):
            line.append(character, f"{style} {ground}".strip())
        yield line


def _faces(view: View, needs: Needs) -> Iterator[Text]:
    heights = [sighting.height_px for sighting in view.sightings]
    readable = sum(height >= needs.emotion_px for height in heights)
    told = Text(f"faces  {len(heights)}", "bold")
    if heights:
        told.append(f", {min(heights):.0f} to {max(heights):.0f} px high; ")
        told.append(f"{readable} high enough for emotion", READABLE if readable == len(heights) else SMALL)
    yield told
    legend = Text("needed ", "bold")
    legend.append(f"{needs.emotion_px:.0f} px for emotion", READABLE)
    if needs.face_px is not None:
        legend.append(f", {needs.face_px:.0f} px to be found", SMALL).append(" (lower: often missed)", LOST)
    yield legend


def _light(seen: Quality) -> Text:
    if seen.light < DIM:
        words, style = "too dark", "bold red"
    elif seen.blown > GLARING or seen.light > BRIGHT:
        words, style = "too bright: a window or a lamp?", "bold red"
    else:
        words, style = "good", "green"
    told = Text("light  ", "bold").append(_bar(seen.light / 255), style).append(f" {seen.light:.0f} of 255, ")
    return told.append(f"{100 * seen.blown:.0f} % white, {100 * seen.black:.0f} % black: ").append(words, style)


def _sharpness(seen: Quality, best: float) -> Text:
    told = Text("sharp  ", "bold").append(_bar(seen.sharpness), "green" if seen.sharpness >= 0.9 * best else "yellow")
    told.append(f" {seen.sharpness:.2f}, best so far {best:.2f}")
    return told.append(": turn the focus until it is at its best" if seen.sharpness < 0.9 * best else "")


def _bar(share: float) -> str:
    full = round(min(max(share, 0.0), 1.0) * _BAR)
    return "█" * full + "░" * (_BAR - full)
