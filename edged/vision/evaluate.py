"""Measuring a model on labelled pictures, through the very code that runs on a device. Used by tools/evaluate.

Rules:
  - Faces: average precision is taken over all detections down to LEAST_SCORE; everything else at the card's threshold.
  - Emotions: the label is the class with most votes among the eight, the first where two are level. A class that the
    model doesn't know is left out, and said to be.
"""

import math
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.vision import measure
from edged.vision.card import EmotionCard, FaceCard
from edged.vision.emotion import EmotionReader
from edged.vision.faces import Faces
from edged.vision.head import orientation
from edged.vision.labelled import open_faces, read_annotations, read_picture
from edged.vision.letterbox import Picture
from edged.vision.runtime import Model, Runtime
from edged.vision.vision import Detector
from edged.words import EMOTIONS

HEIGHTS_PX: Final = (20, 40, 80)
LEAST_SCORE: Final = 0.02


def faces(
    choose: Callable[[int, int], FaceCard], runtime: Runtime, annotations: Path, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Return the figures of a face model on `annotations`, laid out as data/README.md says; pictures lie beside it.

    `choose` names the card for a picture's width and height: always the same, or what a device would take for it.
    Raises MissingInputError or InputError when annotations or a picture are missing or aren't what they should be.
    """
    cv2.setNumThreads(1)  # as on a device: its time is measured
    entries = read_annotations(annotations)
    models: dict[str, Model] = {}
    used: Counter[str] = Counter()
    truths: list[measure.Truth] = []
    everything: list[measure.Found] = []
    confident: list[measure.Found] = []
    seconds: list[float] = []
    scales: list[float] = []
    for number, (path, truth) in enumerate(entries, 1):
        picture = read_picture(path)
        height, width = picture.shape[:2]
        card = choose(width, height)
        used[card.name] += 1
        model = models.get(card.name) or models.setdefault(card.name, Model(card, runtime))
        usual, lenient = Detector(card, model, width, height), Detector(card, model, width, height, LEAST_SCORE)
        began = time.perf_counter()
        usual.load(picture)
        model.invoke()
        sure = usual.faces()
        seconds.append(time.perf_counter() - began)
        scales.append(card.input.scale(width, height))
        truths.append(truth)
        confident.append(measure.Found(sure.boxes, sure.scores))
        all_of_them = lenient.faces()
        everything.append(measure.Found(all_of_them.boxes, all_of_them.scores))
        progress(number, len(entries))
    return {
        "ap": {str(height): measure.average_precision(truths, everything, height) for height in HEIGHTS_PX},
        "iou": measure.mean_iou(truths, confident, HEIGHTS_PX[0]),
        "n": len(entries),
        "ms_per_picture": float(np.median(seconds)) * 1000,
        "faces": {str(height): measure.count_faces(truths, height) for height in HEIGHTS_PX},
        "recall": {str(height): measure.recall(truths, confident, height) for height in HEIGHTS_PX},
        "reach": measure.reach(truths, confident, scales),
        "false_per_picture": measure.false_faces(truths, confident) / len(entries),
        "models": [
            {"name": name, "sha256": model.card.sha256, "pictures": used[name]} for name, model in models.items()
        ],
    }


def emotions(
    card: EmotionCard,
    runtime: Runtime,
    data: Path,
    progress: Callable[[int, int], None],
    detector: FaceCard | None = None,
) -> dict[str, Any]:
    """Return the figures of an emotion model on `data`: an .npz of images and votes, or a folder of class folders.

    Without `detector` a picture is the face, from edge to edge. With it, the best scored face found is cropped as on a
    device; pictures in which none is found are left out of the figures, and counted.
    """
    reader = EmotionReader(card, Model(card, runtime))
    finder = None if detector is None else _Finder(detector, Model(detector, runtime))
    known = [word in card.output.labels for word in EMOTIONS]
    shares: list[tuple[float, ...]] = []
    scores: list[tuple[float, ...]] = []
    left_out = not_found = 0
    labelled, total = open_faces(data)
    for number, face in enumerate(labelled, 1):
        progress(number, total)
        if not known[int(np.argmax(face.shares))]:
            left_out += 1
            continue
        crop = whole_crop(face.picture, card) if finder is None else finder.crop(face.picture, reader)
        if crop is None:
            not_found += 1
            continue
        reader.load(crop)
        reader.model.invoke()
        shares.append(face.shares)
        scores.append(reader.scores())
    figures = _emotion_figures(np.array(shares).reshape(-1, 8), np.array(scores).reshape(-1, 8))
    figures["classes"] = [word for word, is_known in zip(EMOTIONS, known, strict=True) if is_known]
    figures["left_out"] = left_out
    if finder is not None:
        figures["not_found"] = not_found
    return figures


def _emotion_figures(shares: NDArray[np.float64], scores: NDArray[np.float64]) -> dict[str, Any]:
    labels = shares.argmax(1)
    classes = measure.per_class(labels, scores)
    return {
        "accuracy": measure.accuracy(labels, scores),
        "macro_f1": measure.macro_f1(classes),
        "calibration": measure.calibration(shares, scores),
        "ece": measure.expected_calibration_error(labels, scores),
        "per_class": {
            word: {"precision": one.precision, "recall": one.recall, "f1": one.f1, "n": one.n}
            for word, one in zip(EMOTIONS, classes, strict=True)
        },
        "n": len(labels),
    }


def whole_crop(picture: Picture, card: EmotionCard) -> Picture:
    """Return a picture that is a face from edge to edge as the network's input wants it."""
    size = (card.input.width, card.input.height)
    smaller = picture.shape[1] > size[0] or picture.shape[0] > size[1]
    if picture.shape[1::-1] != size:
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        picture = cast(Picture, cv2.resize(picture, size, interpolation=method))
    codes = {"grey": cv2.COLOR_BGR2GRAY, "rgb": cv2.COLOR_BGR2RGB}
    code = codes.get(card.input.colour)
    return picture if code is None else cast(Picture, cv2.cvtColor(picture, code))


class _Finder:
    """Finds the face that a picture is about."""

    def __init__(self, card: FaceCard, model: Model) -> None:
        self._card = card
        self._model = model

    def crop(self, picture: Picture, reader: EmotionReader) -> Picture | None:
        """Return the best scored face, cropped; None when none is found."""
        # Pictures of data sets are often cut at chin and hair; a detector wants to see a little around a face.
        border = max(picture.shape[:2]) // 4
        picture = cast(Picture, cv2.copyMakeBorder(picture, border, border, border, border, cv2.BORDER_REPLICATE))
        detector = Detector(self._card, self._model, picture.shape[1], picture.shape[0])
        detector.load(picture)
        self._model.invoke()
        found: Faces = detector.faces()
        if not len(found):
            return None
        _, roll = (0.0, 0.0) if found.points is None else orientation(found.points[0])
        return reader.crop(picture, found.boxes[0], roll)


def without_nan(value: Any) -> Any:
    """Return `value` (dicts, lists, figures) with None for NaN, which JSON doesn't know."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
