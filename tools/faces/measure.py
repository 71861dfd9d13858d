"""Measure an int8 face model beside the float network it was made from, through the product's own code.

Rules:
- Letterbox, decoder, suppression, runtimes and the definition of average precision are those of `edged.vision`; what
  is added here is only how close the int8 file stays to its float original.
- Closeness is judged on the faces that the original finds at the card's threshold: how many of them the int8 file
  finds too (IoU at least 0.5, score at least the threshold), the mean IoU of those pairs, and how many faces it finds
  that the original doesn't, as a share of the original's.
- Time is CPU time of the invoking thread, the median over all pictures: other load on the machine counts less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edged.vision import measure
from edged.vision.card import FaceCard
from edged.vision.evaluate import HEIGHTS_PX, LEAST_SCORE
from edged.vision.faces import Faces
from edged.vision.labelled import read_annotations, read_picture
from edged.vision.nms import ious
from edged.vision.runtime import Model, choose_runtime
from edged.vision.vision import Detector


@dataclass(slots=True)
class Run:
    """What one file found on all pictures."""

    everything: list[measure.Found] = field(default_factory=list)
    confident: list[measure.Found] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    """Canvas px per px of each picture."""

    def ap(self, truths: Sequence[measure.Truth]) -> list[float]:
        return [round(measure.average_precision(truths, self.everything, height), 4) for height in HEIGHTS_PX]

    @property
    def ms(self) -> float:
        return round(1000 * float(np.median(self.seconds)), 2)


def run(card: FaceCard, runtime: str, annotations: Path) -> Run:
    """Return what `card`'s file finds on the pictures of `annotations` under `runtime`, one thread."""
    cv2.setNumThreads(1)
    model = Model(card, choose_runtime(runtime))  # type: ignore[arg-type]
    result = Run()
    for path, _ in read_annotations(annotations):
        picture = read_picture(path)
        detector = Detector(card, model, picture.shape[1], picture.shape[0], LEAST_SCORE)
        detector.load(picture)
        before = model.cpu_s
        model.invoke()
        result.seconds.append(model.cpu_s - before)
        result.everything.append(_found(detector.faces()))
        result.scales.append(card.input.scale(picture.shape[1], picture.shape[0]))
        usual = Detector(card, model, picture.shape[1], picture.shape[0])
        result.confident.append(_found(usual.faces()))
    return result


def closeness(ours: Sequence[measure.Found], theirs: Sequence[measure.Found]) -> dict[str, float]:
    """Return iou, kept and extra as the module's rules say."""
    overlaps: list[float] = []
    wanted = extra = 0
    for mine, other in zip(ours, theirs, strict=True):
        table = ious(other.boxes, mine.boxes)
        wanted, extra = wanted + len(other.scores), extra + len(mine.scores)
        while table.size and table.max() >= measure.MATCH_IOU:
            row, column = np.unravel_index(table.argmax(), table.shape)
            overlaps.append(float(table[row, column]))
            extra -= 1
            table[row], table[:, column] = 0, 0
    if not wanted:
        return {"iou": math.nan, "kept": math.nan, "extra": math.nan}
    return {
        "iou": round(float(np.mean(overlaps)), 4) if overlaps else math.nan,
        "kept": round(len(overlaps) / wanted, 4),
        "extra": round(extra / wanted, 4),
    }


def compare(card: FaceCard, original: FaceCard, annotations: Path, older: bool = True) -> dict[str, Any]:
    """Return the figures for [measured]: int8 on LiteRT and, if `older`, on tflite-runtime, float on LiteRT.

    `reach` is the card's table of that name.
    """
    truths = [truth for _, truth in read_annotations(annotations)]
    int8, floating = run(card, "litert", annotations), run(original, "litert", annotations)
    near = closeness(int8.confident, floating.confident)
    figures = {
        "reach": measure.reach(truths, int8.confident, int8.scales),
        "pictures": len(truths),
        "heights_px": list(HEIGHTS_PX),
        "ap": int8.ap(truths),
        "ap_float": floating.ap(truths),
        "iou_with_float": near["iou"],
        "faces_of_float_kept": near["kept"],
        "faces_beyond_float": near["extra"],
        "recall_at_threshold": [round(measure.recall(truths, int8.confident, height), 4) for height in HEIGHTS_PX],
        "false_per_picture_at_threshold": round(measure.false_faces(truths, int8.confident) / len(truths), 3),
        "ms_litert": int8.ms,
        "ms_litert_float": floating.ms,
    }
    if older:
        second = run(card, "tflite-runtime", annotations)
        both = closeness(second.confident, int8.confident)
        figures["ap_tflite_runtime"] = second.ap(truths)
        figures["ms_tflite_runtime"] = second.ms
        figures["runtimes_agree"] = {name: both[name] for name in ("iou", "kept", "extra")}
    return figures


def _found(faces: Faces) -> measure.Found:
    return measure.Found(faces.boxes, faces.scores)
