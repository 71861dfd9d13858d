"""The figures by which emotion models are judged; plain numpy, used by training, measuring and the card."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.emotion.data import EMOTIONS

Scores = NDArray[Any]


def accuracy(scores: Scores, labels: NDArray[np.int64]) -> float:
    """Share of pictures whose highest score is the plurality label."""
    return float((scores.argmax(1) == labels).mean())


def f1_by_class(scores: Scores, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each class; zero where a class is neither present nor predicted."""
    guess = scores.argmax(1)
    f1 = np.zeros(scores.shape[1])
    for c in range(scores.shape[1]):
        hits = float(((guess == c) & (labels == c)).sum())
        total = float((guess == c).sum() + (labels == c).sum())
        f1[c] = 2 * hits / total if total else 0.0
    return f1


def binned_error(scores: NDArray[Any], truth: NDArray[Any], bins: int = 15) -> float:
    """Mean |mean score - mean truth| over equal bins of the score, weighted by how many scores fall in each."""
    index = np.minimum((scores * bins).astype(np.int64), bins - 1)
    count = np.bincount(index, minlength=bins)
    gap = np.abs(np.bincount(index, weights=scores, minlength=bins) - np.bincount(index, weights=truth, minlength=bins))
    return float(gap.sum() / count.sum())


def calibration_by_class(scores: Scores, shares: NDArray[Any]) -> NDArray[np.float64]:
    """For each class the binned error of its score against the share of the raters who voted for it."""
    return np.array([binned_error(scores[:, c], shares[:, c]) for c in range(scores.shape[1])])


def calibration(scores: Scores, shares: NDArray[Any]) -> float:
    """Mean over classes of `calibration_by_class`."""
    return float(calibration_by_class(scores, shares).mean())


def ece(scores: Scores, labels: NDArray[np.int64]) -> float:
    """The usual expected calibration error: the highest score against being right about the plurality label."""
    right: NDArray[np.float64] = (scores.argmax(1) == labels).astype(np.float64)
    return binned_error(scores.max(1), right)


def summary(scores: Scores, shares: NDArray[Any], labels: NDArray[np.int64]) -> dict[str, float]:
    """All figures by name; per-class F1 as f1_NAME and calibration as calibration_NAME."""
    f1 = f1_by_class(scores, labels)
    out = {
        "accuracy": accuracy(scores, labels),
        "macro_f1": float(f1.mean()),
        "calibration": calibration(scores, shares),
        "ece": ece(scores, labels),
        "n": float(len(labels)),
    }
    out |= {f"f1_{name}": float(v) for name, v in zip(EMOTIONS, f1, strict=True)}
    by_class = calibration_by_class(scores, shares)
    return out | {f"calibration_{name}": float(v) for name, v in zip(EMOTIONS, by_class, strict=True)}
