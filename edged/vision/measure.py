"""How good models are, in figures. What `edged bench` and tools/evaluate share; pure numpy, no pictures.

Rules:
  - A figure is what its docstring says and nothing else; where a field knows several definitions, it names the one.
  - Too little to measure gives NaN, never a flattering 0 or 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edged.vision.nms import ious

MATCH_IOU: Final = 0.5
"""A detection and a face are the same when they share at least this."""
CANVAS_PX: Final = (5.0, 7.0, 10.0, 14.0, 20.0, 28.0)
"""Lower edges of the classes of face height on the canvas; the last is open."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The faces that are really in a picture."""

    boxes: NDArray[np.float32]
    """(n, 4): left, top, right, bottom in px."""
    invalid: NDArray[np.bool_]
    """(n,): marked by the annotators as not to be judged."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a detector says is in it."""

    boxes: NDArray[np.float32]
    """(n, 4): left, top, right, bottom in px."""
    scores: NDArray[np.float32]
    """(n,)."""


def average_precision(truths: Sequence[Truth], found: Sequence[Found], least_height_px: float) -> float:
    """Return the average precision for faces of at least `least_height_px`, all pictures pooled; NaN without faces.

    It is the area under the precision-recall curve with precision made monotonous (PASCAL VOC 2010 and later, all
    points). Best score first, each detection takes the free face that it shares most with, at least MATCH_IOU; without
    one it is false. Faces that are lower or invalid are ignored: a detection that matches one, and no free face that
    counts, is neither right nor false. A second detection of one face is false.
    """
    scores: list[float] = []
    right: list[bool] = []
    faces = 0
    for truth, picture in zip(truths, found, strict=True):
        counts = _counts(truth, least_height_px)
        faces += int(counts.sum())
        for i, verdict in enumerate(_judge(truth.boxes, counts, picture)):
            if verdict is not None:
                scores.append(float(picture.scores[i]))
                right.append(verdict)
    if faces == 0:
        return math.nan
    order = np.argsort(-np.array(scores), kind="stable")
    hits = np.array(right, np.bool_)[order].cumsum()
    precision = hits / np.arange(1, len(hits) + 1)
    ceiling = np.maximum.accumulate(precision[::-1])[::-1]
    recall = hits / faces
    return float((ceiling * np.diff(recall, prepend=0)).sum())


def _judge(boxes: NDArray[np.float32], counts: NDArray[np.bool_], found: Found) -> list[bool | None]:
    """Return for each detection, in its order: right, false, or None (ignored)."""
    shared = ious(found.boxes, boxes)
    free = counts.copy()
    verdicts: list[bool | None] = [None] * len(found.scores)
    for i in np.argsort(-found.scores, kind="stable"):
        best = np.where(free, shared[i], 0).argmax() if len(boxes) else 0
        if len(boxes) and free[best] and shared[i, best] >= MATCH_IOU:
            free[best] = False
            verdicts[i] = True
        elif not np.any(shared[i, ~counts] >= MATCH_IOU):
            verdicts[i] = False
    return verdicts


def mean_iou(truths: Sequence[Truth], found: Sequence[Found], least_height_px: float) -> float:
    """Return the mean IoU of right detections with their faces; NaN when there are none."""
    values: list[float] = []
    for truth, picture in zip(truths, found, strict=True):
        counts = _counts(truth, least_height_px)
        shared = ious(picture.boxes, truth.boxes[counts])
        # Pair by pair, the closest first, so that each face and each detection is used once.
        while shared.size and shared.max() >= MATCH_IOU:
            row, column = np.unravel_index(shared.argmax(), shared.shape)
            values.append(float(shared[row, column]))
            shared[row] = 0
            shared[:, column] = 0
    return float(np.mean(values)) if values else math.nan


def recall(
    truths: Sequence[Truth], found: Sequence[Found], least_height_px: float, below_px: float = math.inf
) -> float:
    """Return the share of faces of at least `least_height_px`, and lower than `below_px`, that are found.

    NaN when there are none.
    """
    faces = right = 0
    for truth, picture in zip(truths, found, strict=True):
        counts = _counts(truth, least_height_px, below_px)
        faces += int(counts.sum())
        right += sum(verdict is True for verdict in _judge(truth.boxes, counts, picture))
    return right / faces if faces else math.nan


def reach(truths: Sequence[Truth], found: Sequence[Found], scales: Sequence[float]) -> dict[str, list[float]]:
    """Return a card's [reach]: `recall` of the faces of each class of height on the model's canvas, `canvas_px`.

    `scales` are canvas px per px of each picture. NaN for a class without faces.
    """
    on_canvas = [Truth(truth.boxes * np.float32(by), truth.invalid) for truth, by in zip(truths, scales, strict=True)]
    scaled = [Found(one.boxes * np.float32(by), one.scores) for one, by in zip(found, scales, strict=True)]
    shares = [recall(on_canvas, scaled, *edges) for edges in pairwise((*CANVAS_PX, math.inf))]
    return {"canvas_px": list(CANVAS_PX), "recall": [round(share, 3) for share in shares]}


def false_faces(truths: Sequence[Truth], found: Sequence[Found]) -> int:
    """Return how many detections match no face at all, of whatever size and mark."""
    return sum(
        int((ious(picture.boxes, truth.boxes) < MATCH_IOU).all(1).sum())
        for truth, picture in zip(truths, found, strict=True)
    )


def count_faces(truths: Sequence[Truth], least_height_px: float) -> int:
    """Return how many faces count at `least_height_px`."""
    return sum(int(_counts(truth, least_height_px).sum()) for truth in truths)


def _counts(truth: Truth, least_height_px: float, below_px: float = math.inf) -> NDArray[np.bool_]:
    """(n,): the faces that are to be found."""
    # A bottom less a top may lack the last bits of the height that was annotated: they must not decide.
    height = (truth.boxes[:, 3] - truth.boxes[:, 1]).round(3)
    counts: NDArray[np.bool_] = ~truth.invalid & (height >= least_height_px) & (height < below_px)
    return counts


def accuracy(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """Return the share of rows whose highest score is their label's. `scores` is (n, classes)."""
    return float((scores.argmax(1) == labels).mean()) if len(labels) else math.nan


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class, as the plurality label has it."""

    precision: float
    """Of those called so, the share that is; NaN when none is called so."""
    recall: float
    """Of those that are, the share called so; NaN when there are none."""
    f1: float
    """Harmonic mean, 2 right / (called + are); NaN when there are none to find."""
    n: int
    """How many there are."""


def per_class(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> list[ClassFigures]:
    """Return the figures of each class. `scores` is (n, classes)."""
    called = scores.argmax(1)
    figures = []
    for label in range(scores.shape[1]):
        right = int(((called == label) & (labels == label)).sum())
        claims, there = int((called == label).sum()), int((labels == label).sum())
        precision = right / claims if claims else math.nan
        recall = right / there if there else math.nan
        f1 = 2 * right / (claims + there) if there else math.nan
        figures.append(ClassFigures(precision, recall, f1, there))
    return figures


def macro_f1(figures: Sequence[ClassFigures]) -> float:
    """Return the plain mean of F1 over the classes that occur (Opitz and Burst 2019: mean of F1s, not F1 of means)."""
    values = [figure.f1 for figure in figures if figure.n]
    return float(np.mean(values)) if values else math.nan


def calibration(shares: NDArray[np.float64], scores: NDArray[np.float64], bins: int = 15) -> float:
    """Return how far the scores are from the raters' votes: what is averaged into a window must mean what it says.

    For each class, rows are put into `bins` equal ranges of score; in each bin |mean score - mean vote share| is taken,
    weighted by the bin's share of rows; the result is the mean over the classes that raters ever chose. Both arguments
    are (n, classes).
    """
    voted = np.flatnonzero(shares.sum(0) > 0)
    errors = [_binned_error(scores[:, k], scores[:, k], shares[:, k], bins) for k in voted]
    return float(np.mean(errors)) if errors else math.nan


def expected_calibration_error(labels: NDArray[np.int64], scores: NDArray[np.float64], bins: int = 15) -> float:
    """Return the usual ECE (Guo et al. 2017): |confidence - accuracy| of the highest score, equal bins, weighted."""
    confidence = scores.max(1)
    right = (scores.argmax(1) == labels).astype(np.float64)
    return _binned_error(confidence, confidence, right, bins)


def _binned_error(
    key: NDArray[np.float64], claimed: NDArray[np.float64], seen: NDArray[np.float64], bins: int
) -> float:
    if not len(key):
        return math.nan
    which = np.minimum((key * bins).astype(np.int64), bins - 1)
    difference = np.bincount(which, claimed - seen, bins)
    return float(np.abs(difference).sum() / len(key))
