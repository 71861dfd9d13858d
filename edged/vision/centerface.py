"""CenterFace: a map of face centres with size, offset and landmarks for each cell.

Source: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", arXiv:1911.03599, and the
decoding of its reference implementation (github.com/Star-Clouds/CenterFace, MIT).

For the cell in row r and column c of the grid (stride 4 px), with the values at that cell:
    height, width = exp(scale) * 4
    centre        = ((c + offset_x + 0.5) * 4, (r + offset_y + 0.5) * 4)
    landmark k    = (left + landmark_x[k] * width, top + landmark_y[k] * height)
Channels come in pairs with y first: scale is (height, width), offset is (y, x), landmarks are (y, x) five times.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edged.vision.card import FaceCard
from edged.vision.faces import NO_FACES, Faces, candidates, suppress
from edged.vision.runtime import Tensor

STRIDE: Final = 4


class CenterFaceDecoder:
    """Decoder for layout "centerface": heatmap (h, w, 1), scale (h, w, 2), offset (h, w, 2), landmarks (h, w, 10)."""

    __slots__ = ("_iou", "_threshold", "_weighted")

    def __init__(self, card: FaceCard, threshold: float) -> None:
        """Read with `threshold` in place of the card's."""
        self._threshold = threshold
        self._iou = card.output.nms_iou
        self._weighted = card.output.nms_weighted

    def __call__(self, outputs: Mapping[str, Tensor]) -> Faces:
        """See :class:`edged.vision.faces.Decoder`."""
        heatmap = outputs["heatmap"]
        cells = candidates(heatmap, heatmap.least(self._threshold))
        if not len(cells):
            return NO_FACES
        rows, columns = np.divmod(cells.astype(np.float32), heatmap.values.shape[2])
        scores = heatmap.real(heatmap.values.reshape(-1)[cells])
        size = np.exp(_at(outputs["scale"], cells)) * STRIDE
        centre = (_at(outputs["offset"], cells) + np.stack((rows, columns), 1) + np.float32(0.5)) * STRIDE
        corner = centre - size / 2
        boxes = np.concatenate((corner[:, ::-1], (corner + size)[:, ::-1]), 1)
        landmarks = _at(outputs["landmarks"], cells).reshape(-1, 5, 2)
        points = (corner[:, None] + landmarks * size[:, None])[..., ::-1]
        return suppress(Faces(boxes, scores, points), self._iou, weighted=self._weighted)


def _at(tensor: Tensor, cells: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the real values at `cells` of a (1, h, w, channels) tensor, as (n, channels)."""
    return tensor.real(tensor.values.reshape(-1, tensor.values.shape[-1])[cells])
