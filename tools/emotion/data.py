"""FER+ in the layout of the project's data folder, and the targets made of its votes.

Rules:
- A target is the share of each of the eight emotions among the votes for an emotion; "unknown" and "not a face" are
  dropped. The raw votes are kept, strays included: the scores are summed up in windows, so they have to be unbiased
  estimates of the raters' shares. (Barsoum et al. 2016 remove single votes; that sharpens the labels but moves the
  rare classes down by a third.)
- The plurality label is the class with the most votes; the first in the project's order where two are level.
- Pictures without one vote for an emotion are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

EMOTIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")


@dataclass(frozen=True, slots=True)
class Faces:
    """Pictures (n, 48, 48) uint8, vote shares (n, 8) float32 that sum to one, plurality labels (n,) int64."""

    images: NDArray[np.uint8]
    shares: NDArray[np.float32]
    labels: NDArray[np.int64]


def load(path: Path) -> Faces:
    """Read one .npz of pictures and votes."""
    with np.load(path, allow_pickle=False) as file:
        images, votes = file["images"], file["votes"][:, : len(EMOTIONS)].astype(np.float32)
    keep = votes.sum(1) > 0
    images, votes = images[keep], votes[keep]
    return Faces(images, votes / votes.sum(1, keepdims=True), votes.argmax(1).astype(np.int64))


def sampling_weights(shares: NDArray[np.float32], power: float, cap: float) -> NDArray[np.float64]:
    """How often to draw each picture: the vote-weighted mean of (commonest class / class) ** power, at most cap."""
    mean = shares.mean(0)
    per_class = np.minimum((mean.max() / mean) ** power, cap)
    weights: NDArray[np.float64] = (shares * per_class).sum(1).astype(np.float64)
    return weights
