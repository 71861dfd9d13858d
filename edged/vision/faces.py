"""What detectors have in common: the faces they give, and the form of a decoder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from edged.vision.nms import nms
from edged.vision.runtime import Tensor

MOST_CANDIDATES: Final = 1000
"""Of more candidates only the best go on to NMS: a picture of noise must not cost seconds."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Faces:
    """Detected faces, best first; coordinates in px."""

    boxes: NDArray[np.float32]
    """(n, 4): left, top, right, bottom."""
    scores: NDArray[np.float32]
    """(n,): 0 to 1."""
    points: NDArray[np.float32] | None
    """(n, k, 2): x and y of the landmarks, or None when the model gives none. In this order, left and right as the
    picture shows them: left eye, right eye, nose tip, then left and right corner of the mouth (k = 5), or the middle of
    the mouth, left ear, right ear (k = 6)."""

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        return "<Faces>"

    def moved(self, x: float, y: float) -> Self:
        """Return these faces, `x` px further right and `y` px further down."""
        if not (x or y):
            return self
        by = np.array((x, y), np.float32)
        points = None if self.points is None else self.points + by
        return type(self)(self.boxes + np.tile(by, 2), self.scores, points)

    def pick(self, which: NDArray[np.intp] | slice) -> Self:
        """Return some of these faces, in the order of `which`."""
        points = None if self.points is None else self.points[which]
        return type(self)(self.boxes[which], self.scores[which], points)


NO_FACES: Final = Faces(np.empty((0, 4), np.float32), np.empty(0, np.float32), None)


class Decoder(Protocol):
    """Reads a detector's output tensors."""

    def __call__(self, outputs: Mapping[str, Tensor]) -> Faces:
        """Return the faces in canvas coordinates, best first, duplicates removed. Keeps no view on the tensors."""


def candidates(scores: Tensor, least: int | float) -> NDArray[np.intp]:
    """Return the flat indices of the stored scores of at least `least`; of more than MOST_CANDIDATES only the best.

    This is the whole cost of an empty scene: one comparison of int8 values, no dequantisation.
    """
    flat = scores.values.reshape(-1)
    passing = np.flatnonzero(flat >= least)
    if len(passing) > MOST_CANDIDATES:
        passing = passing[np.argsort(-flat[passing].astype(np.float32), kind="stable")[:MOST_CANDIDATES]]
    return passing


def suppress(faces: Faces, iou: float, *, weighted: bool) -> Faces:
    """Return each face once, best first (see :mod:`edged.vision.nms`).

    With `weighted`, box and landmarks become the means of those that the face stands for, weighted by score.
    """
    if len(faces) < 2:
        return faces
    kept, weights = nms(faces.boxes, faces.scores, iou)
    if not weighted:
        return faces.pick(kept)
    points = None if faces.points is None else np.tensordot(weights, faces.points, 1)
    return Faces(weights @ faces.boxes, faces.scores[kept], points)
