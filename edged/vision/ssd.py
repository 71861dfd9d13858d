"""SSD with TFLite_Detection_PostProcess: boxes that the model itself has decoded and suppressed.

Source: the custom operation of TensorFlow Lite (detection_postprocess.cc); the layout of Coral's face detectors,
such as ssd_mobilenet_v2_face_quant_postprocess.tflite. All four outputs are float32:
    boxes (1, n, 4): top, left, bottom, right as shares of the canvas; classes (1, n); scores (1, n); count (1).
There are no landmarks, so no head orientation. NMS runs once more with the card's own threshold, which may be stricter.
"""

from collections.abc import Mapping

import numpy as np

from edged.vision.card import FaceCard
from edged.vision.faces import NO_FACES, Faces, suppress
from edged.vision.runtime import Tensor


class SsdDecoder:
    """Decoder for layout "ssd". Every class counts as a face: these models know only one."""

    __slots__ = ("_iou", "_size", "_threshold", "_weighted")

    def __init__(self, card: FaceCard, threshold: float) -> None:
        """Read with `threshold` in place of the card's."""
        self._size = np.array([card.input.width, card.input.height] * 2, np.float32)
        self._threshold = threshold
        self._iou = card.output.nms_iou
        self._weighted = card.output.nms_weighted

    def __call__(self, outputs: Mapping[str, Tensor]) -> Faces:
        """See :class:`edged.vision.faces.Decoder`."""
        count = int(outputs["count"].real(outputs["count"].values).reshape(-1)[0])
        scores = outputs["scores"].real(outputs["scores"].values).reshape(-1)[:count]
        passing = np.flatnonzero(scores >= self._threshold)
        if not len(passing):
            return NO_FACES
        boxes = outputs["boxes"].real(outputs["boxes"].values).reshape(-1, 4)[passing]
        boxes = boxes[:, [1, 0, 3, 2]] * self._size
        return suppress(Faces(boxes, scores[passing], None), self._iou, weighted=self._weighted)
