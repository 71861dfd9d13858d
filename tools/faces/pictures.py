"""Calibration pictures: the ranges of activations are taken from them.

Rules:
- Pictures come in the order of the annotation file, fitted to the canvas as at run time (top left, shape kept, black
  around); nothing here is random.
- The fitting is this module's own few lines rather than `edged.vision.letterbox`: how the product shrinks pictures
  may change for speed, and must not change a model's bytes by that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def calibration(annotations: Path, width: int, height: int) -> Iterator[Picture]:
    """Yield each picture listed in `annotations` as an RGB canvas of (height, width, 3)."""
    for entry in json.loads(annotations.read_text()):
        picture = cv2.imread(str(annotations.parent / entry["file"]), cv2.IMREAD_COLOR)
        yield fit(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8), width, height)


def fit(picture: Picture, width: int, height: int) -> Picture:
    """Return `picture` scaled to fit at the top left of a black canvas of (height, width, 3)."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    columns, rows = min(width, round(picture.shape[1] * scale)), min(height, round(picture.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[:rows, :columns] = cv2.resize(picture, (columns, rows), interpolation=method)
    return canvas
