"""BlazeFace: boxes and six keypoints relative to anchors, as MediaPipe's face detectors give them.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", arXiv:1907.05047, and
MediaPipe's ssd_anchors_calculator and tensors_to_detections_calculator (Apache 2.0).

For the anchor with centre (a_x, a_y) in px of the canvas, and its row of the tensors:
    centre     = (a_x + row[0], a_y + row[1])
    size       = (row[2], row[3])
    keypoint k = (a_x + row[4 + 2k], a_y + row[5 + 2k])
    score      = sigmoid(logit)
Keypoints: left eye, right eye, nose tip, middle of the mouth, left ear, right ear, as the picture shows them.
A file may hold row[0:2], row[2:4] and row[4:16] as three tensors (xy, wh, keypoints), each with a scale of its own.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edged.vision.card import FaceCard
from edged.vision.faces import NO_FACES, Faces, candidates, suppress
from edged.vision.runtime import Tensor

ONE, HALF = np.float32(1), np.float32(0.5)
"""Plain 1 and 2 make a float64 of a float32 in the types of NumPy 2, though not in its arithmetic."""


def anchor_centres(width: int, height: int, grids: list[list[int]]) -> NDArray[np.float32]:
    """Return the anchors' centres in px, (n, 2) x, y: grid by grid, row by row, a cell as often as it has anchors."""
    centres: list[NDArray[np.float64]] = []
    for stride, per_cell in grids:
        rows, columns = np.mgrid[0 : -(-height // stride), 0 : -(-width // stride)]
        cells = np.stack((columns.ravel(), rows.ravel()), 1)
        centres.append(np.repeat((cells + 0.5) * stride, per_cell, axis=0))
    return np.concatenate(centres).astype(np.float32)


class BlazeFaceDecoder:
    """Decoder for layout "blazeface"."""

    __slots__ = ("_anchors", "_iou", "_threshold", "_weighted")

    def __init__(self, card: FaceCard, threshold: float) -> None:
        """Read with `threshold` in place of the card's."""
        self._anchors = anchor_centres(card.input.width, card.input.height, card.output.anchors)
        self._threshold = threshold
        self._iou = card.output.nms_iou
        self._weighted = card.output.nms_weighted

    def __call__(self, outputs: Mapping[str, Tensor]) -> Faces:
        """See :class:`edged.vision.faces.Decoder`."""
        scored = outputs.get("scores") or outputs["logits"]
        squashed = "scores" in outputs
        least = self._threshold if squashed else math.log(self._threshold / (1 - self._threshold))
        rows = candidates(scored, scored.least(least))
        if not len(rows):
            return NO_FACES
        scores = scored.real(scored.values.reshape(-1)[rows])
        if not squashed:
            scores = ONE / (ONE + np.exp(-scores))
        anchors = self._anchors[rows]
        centre, size, keypoints = _parts(outputs, rows)
        centre = centre + anchors
        half = size * HALF
        boxes = np.concatenate((centre - half, centre + half), 1)
        points = keypoints.reshape(len(rows), -1, 2) + anchors[:, None]
        return suppress(Faces(boxes, scores, points), self._iou, weighted=self._weighted)


def _parts(
    outputs: Mapping[str, Tensor], rows: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return (centre (n, 2), size (n, 2), keypoints (n, 12)) of `rows`, relative to the anchors."""
    if "boxes" in outputs:
        whole = _rows(outputs["boxes"], rows, 16)
        return whole[:, :2], whole[:, 2:4], whole[:, 4:]
    return _rows(outputs["xy"], rows, 2), _rows(outputs["wh"], rows, 2), _rows(outputs["keypoints"], rows, 12)


def _rows(tensor: Tensor, rows: NDArray[np.intp], width: int) -> NDArray[np.float32]:
    return tensor.real(tensor.values.reshape(-1, width)[rows])
