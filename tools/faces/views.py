"""Which model, and how to look: whole picture, 2×2 tiles or a region of interest, by face height and time.

    python -m tools.faces.views [--data ../shared/data] [--models models] [--also FOLDER] [--json FILE]

Ways of looking:
- whole: one invocation on the whole picture, as the product does.
- tiles: the whole picture and 2×2 tiles of 5/9 of its sides, so that neighbours share a fifth; five invocations.
  A box that touches a tile's inner border is left to the neighbour or the whole picture; the rest go through one NMS.
- region: one invocation on a part half as wide and half as high around the middle of the faces, as `region` in the
  configuration cuts it. Judged on the faces inside, and compared with `whole` on those same faces.

Rules:
- AP and recall as `edged.vision.measure` defines them, int8 on LiteRT, one thread; ms is CPU time of invoke() alone.
- Pairs are one canvas for each shape of picture, chosen as face_model = "auto" does.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.vision import measure
from edged.vision.card import FaceCard, read_card
from edged.vision.evaluate import HEIGHTS_PX, LEAST_SCORE
from edged.vision.faces import Faces
from edged.vision.labelled import read_annotations, read_picture
from edged.vision.nms import nms
from edged.vision.runtime import Model, choose_runtime
from edged.vision.vision import Detector, fill

TILE = 5 / 9
BORDER_PX = 2.0
WAYS = ("whole", "tiles", "whole there", "region")
PAIRS = {
    "pair 320": ("centerface-320x192", "centerface-320x256"),
    "pair 480 (auto)": ("centerface-480x288", "centerface-480x352"),
    "pair 640": ("centerface-640x384", "centerface-640x480"),
}

Part = tuple[int, int, int, int]
"""left, top, right, bottom in px of the picture."""


@dataclass(slots=True)
class Seen:
    """What one model found one way on all pictures."""

    found: list[measure.Found] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)


def tiles(width: int, height: int) -> list[Part]:
    """Return the four tiles of a picture."""
    w, h = round(width * TILE), round(height * TILE)
    return [(x, y, x + w, y + h) for y in (0, height - h) for x in (0, width - w)]


def region(truth: measure.Truth, width: int, height: int) -> Part | None:
    """Return the part around the middle of the faces that count; None without any."""
    wanted = truth.boxes[~truth.invalid & (truth.boxes[:, 3] - truth.boxes[:, 1] >= HEIGHTS_PX[0])]
    if not len(wanted):
        return None
    x, y = np.median((wanted[:, :2] + wanted[:, 2:]) / 2, axis=0)
    w, h = width // 2, height // 2
    left, top = int(np.clip(x - w / 2, 0, width - w)), int(np.clip(y - h / 2, 0, height - h))
    return left, top, left + w, top + h


def inside(truth: measure.Truth, part: Part) -> measure.Truth:
    """Return the faces whose middle is in `part`; those that its border cuts don't count."""
    left, top, right, bottom = part
    x, y = (truth.boxes[:, 0] + truth.boxes[:, 2]) / 2, (truth.boxes[:, 1] + truth.boxes[:, 3]) / 2
    here = (x >= left) & (x < right) & (y >= top) & (y < bottom)
    boxes = truth.boxes[here]
    cut = (boxes[:, 0] < left) | (boxes[:, 1] < top) | (boxes[:, 2] > right) | (boxes[:, 3] > bottom)
    return measure.Truth(boxes, truth.invalid[here] | cut)


def within(found: measure.Found, part: Part) -> measure.Found:
    """Return the detections whose middle is in `part`."""
    left, top, right, bottom = part
    x, y = (found.boxes[:, 0] + found.boxes[:, 2]) / 2, (found.boxes[:, 1] + found.boxes[:, 3]) / 2
    here = (x >= left) & (x < right) & (y >= top) & (y < bottom)
    return measure.Found(found.boxes[here], found.scores[here])


class Looker:
    """One model."""

    def __init__(self, card: FaceCard) -> None:
        self.card = card
        self.model = Model(card, choose_runtime("litert"))

    def look(self, picture: NDArray[np.uint8], part: Part) -> tuple[measure.Found, float]:
        """Return what is found in a part of a picture, in px of the picture, and the CPU ms of invoke()."""
        left, top, right, bottom = part
        detector = Detector(self.card, self.model, right - left, bottom - top, LEAST_SCORE)
        detector.load(picture[top:bottom, left:right])
        before = self.model.cpu_s
        self.model.invoke()
        faces: Faces = detector.faces()
        shift = np.array([left, top, left, top], np.float32)
        return measure.Found(faces.boxes + shift, faces.scores), 1000 * (self.model.cpu_s - before)

    def tiled(self, picture: NDArray[np.uint8], whole: measure.Found) -> tuple[measure.Found, float]:
        """Return what the whole picture and its tiles together show, and what the tiles cost."""
        height, width = picture.shape[:2]
        boxes, scores, ms = [whole.boxes], [whole.scores], 0.0
        for part in tiles(width, height):
            found, cost = self.look(picture, part)
            ms += cost
            keep = _uncut(found.boxes, part, width, height)
            boxes.append(found.boxes[keep])
            scores.append(found.scores[keep])
        all_boxes, all_scores = np.concatenate(boxes), np.concatenate(scores)
        if not len(all_scores):
            return whole, ms
        kept, _ = nms(all_boxes, all_scores, self.card.output.nms_iou)
        return measure.Found(all_boxes[kept], all_scores[kept]), ms


def _uncut(boxes: NDArray[np.float32], part: Part, width: int, height: int) -> NDArray[np.bool_]:
    left, top, right, bottom = part
    cut = np.zeros(len(boxes), np.bool_)
    if left > 0:
        cut |= boxes[:, 0] < left + BORDER_PX
    if top > 0:
        cut |= boxes[:, 1] < top + BORDER_PX
    if right < width:
        cut |= boxes[:, 2] > right - BORDER_PX
    if bottom < height:
        cut |= boxes[:, 3] > bottom - BORDER_PX
    uncut: NDArray[np.bool_] = ~cut
    return uncut


def confident(found: measure.Found, threshold: float) -> measure.Found:
    """Return the detections of at least `threshold`."""
    sure = found.scores >= threshold
    return measure.Found(found.boxes[sure], found.scores[sure])


def ap(truths: Sequence[measure.Truth], found: Sequence[measure.Found]) -> list[float]:
    """Return AP for HEIGHTS_PX."""
    return [round(measure.average_precision(truths, found, height), 3) for height in HEIGHTS_PX]


def table(cards: Mapping[str, FaceCard], annotations: Path) -> dict[str, Any]:
    """Return the figures of each model and pair."""
    cv2.setNumThreads(1)
    lookers = {name: Looker(card) for name, card in cards.items()}
    ways = {name: {way: Seen() for way in WAYS} for name in cards}
    truths: list[measure.Truth] = []
    there: list[measure.Truth] = []
    sizes: list[tuple[int, int]] = []
    for path, truth in read_annotations(annotations):
        picture = read_picture(path)
        height, width = picture.shape[:2]
        part = region(truth, width, height)
        truths.append(truth)
        sizes.append((width, height))
        if part:
            there.append(inside(truth, part))
        for name, looker in lookers.items():
            whole, ms = looker.look(picture, (0, 0, width, height))
            tiled, more = looker.tiled(picture, whole)
            _note(ways[name]["whole"], whole, ms)
            _note(ways[name]["tiles"], tiled, ms + more)
            if part:
                _note(ways[name]["region"], *looker.look(picture, part))
                _note(ways[name]["whole there"], within(whole, part), ms)
    figures = {name: _figures(cards[name], ways[name], truths, there, sizes) for name in cards}
    for pair, names in PAIRS.items():
        if all(name in cards for name in names):
            figures[pair] = _pair([cards[name] for name in names], ways, truths, there, sizes)
    return figures


def _note(seen: Seen, found: measure.Found, ms: float) -> None:
    seen.found.append(found)
    seen.ms.append(ms)


def _figures(
    card: FaceCard,
    ways: Mapping[str, Seen],
    truths: Sequence[measure.Truth],
    there: Sequence[measure.Truth],
    sizes: Sequence[tuple[int, int]],
) -> dict[str, Any]:
    sure = [confident(found, card.output.threshold) for found in ways["whole"].found]
    return _aps(ways, truths, there) | {
        "ms": {way: round(float(np.median(ways[way].ms)), 1) for way in ("whole", "tiles")},
        "reach": measure.reach(truths, sure, [card.input.scale(*size) for size in sizes]),
    }


def _aps(
    ways: Mapping[str, Seen], truths: Sequence[measure.Truth], there: Sequence[measure.Truth]
) -> dict[str, list[float]]:
    return {way: ap(truths if way in {"whole", "tiles"} else there, ways[way].found) for way in WAYS}


def _pair(
    cards: Sequence[FaceCard],
    ways: Mapping[str, Mapping[str, Seen]],
    truths: Sequence[measure.Truth],
    there: Sequence[measure.Truth],
    sizes: Sequence[tuple[int, int]],
) -> dict[str, Any]:
    names = [max(cards, key=lambda card: (round(fill(card, *size), 2), card.input.height)).name for size in sizes]
    chosen = {way: Seen() for way in WAYS}
    for i, name in enumerate(names):
        for way in ("whole", "tiles"):
            _note(chosen[way], ways[name][way].found[i], ways[name][way].ms[i])
    with_region = [name for name, truth, size in zip(names, truths, sizes, strict=True) if region(truth, *size)]
    for inner, name in enumerate(with_region):
        for way in ("region", "whole there"):
            _note(chosen[way], ways[name][way].found[inner], ways[name][way].ms[inner])
    return _aps(chosen, truths, there) | {
        "ms": {way: round(float(np.median(chosen[way].ms)), 1) for way in ("whole", "tiles")}
    }


def main() -> None:
    """Parse the command line, look, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with faces/evaluation.json")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--also", type=Path, help="a folder with further cards and files, such as other canvases")
    parser.add_argument("--json", type=Path, help="write all figures there")
    given = parser.parse_args()
    cards: dict[str, FaceCard] = {}
    for folder in filter(None, (given.models, given.also)):
        for path in sorted(folder.glob("*.toml")):
            card = read_card(path)
            if isinstance(card, FaceCard) and card.name not in cards:
                cards[card.name] = card
    figures = table(cards, given.data / "faces" / "evaluation.json")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"{'model':26}{'ms':>6}  {'whole':21}{'ms':>6}  {'tiles':21}  {'whole there':21}{'region':21}")
    for name, row in figures.items():
        aps = [" / ".join(f"{value:.3f}".removeprefix("0") for value in row[way]) for way in WAYS]
        ms = row["ms"]
        print(f"{name:26}{ms['whole']:6.1f}  {aps[0]:21}{ms['tiles']:6.1f}  {aps[1]:21}  {aps[2]:21}{aps[3]:21}")


if __name__ == "__main__":
    main()
