"""Choose the two numbers that are set after training: a temperature and one strength of a prior shift.

Why: trained on vote shares, a net never gives the rare classes the highest score, though the sum of its scores for them
is right. A shift of the logits of the classes below RARE by strength * log(RARE / share of the class) moves the
decision; one number for all of them, so that little can be fitted to noise. The price is calibration, which is kept
below its bar.

Rules:
- The shares are those of train.npz; only the strength and the temperature are chosen on the given pictures.
- Chosen for the sum of accuracy and half the macro-F1, among those with a calibration error below the limit.
- The honest figure is printed beside the choice: chosen on one random half, measured on the other, many times.

    python -m tools.emotion.shift RUN/last.pt [--data ../shared/data/ferplus] [--limit 0.015]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tools.emotion import nets
from tools.emotion.data import load
from tools.emotion.scores import accuracy, calibration, f1_by_class
from tools.emotion.train import predict

RARE = 0.05
STRENGTHS = np.round(np.arange(0.0, 1.01, 0.1), 2)
TEMPERATURES = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1)
Rows = NDArray[np.float64]


def changed(scores: Rows, direction: Rows, temperature: float, strength: float) -> Rows:
    """The scores after temperature and shift."""
    logits = np.log(np.maximum(scores, 1e-9)) / temperature + strength * direction
    powers = np.exp(logits - logits.max(1, keepdims=True))
    out: Rows = powers / powers.sum(1, keepdims=True)
    return out


def figures(scores: Rows, shares: Rows, labels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Accuracy, macro-F1, calibration."""
    return accuracy(scores, labels), float(f1_by_class(scores, labels).mean()), calibration(scores, shares)


def _text(values: Iterable[float]) -> str:
    return "accuracy {:.4f} macro-F1 {:.4f} calibration {:.4f}".format(*values)


def best(
    all_scores: dict[tuple[float, float], Rows], shares: Rows, labels: NDArray[np.int64], limit: float
) -> tuple[float, float]:
    """The (temperature, strength) to take."""
    worth = {}
    for key, scores in all_scores.items():
        right, f1, off = figures(scores, shares, labels)
        worth[key] = right + 0.5 * f1 - (10.0 if off > limit else 0.0)
    return max(worth, key=lambda key: worth[key])


def main() -> None:
    """Parse the command line, choose, print what fold.py takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ferplus"))
    parser.add_argument("--limit", type=float, default=0.015)
    parser.add_argument("--splits", type=int, default=20)
    args = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(args.checkpoint, weights_only=False)
    net = nets.build(state["shape"])
    net.load_state_dict(state["net"])
    mean = load(args.data / "train.npz").shares.mean(0).astype(np.float64)
    direction: Rows = np.maximum(0.0, np.log(RARE / mean))
    valid = load(args.data / "valid.npz")
    shares = valid.shares.astype(np.float64)
    for name, mirror in (("plain", False), ("with its mirror image", True)):
        print(name, _text(figures(predict(net, valid.images, mirror).astype(np.float64), shares, valid.labels)))
    plain = predict(net, valid.images).astype(np.float64)
    every = {(t, float(s)): changed(plain, direction, t, float(s)) for t in TEMPERATURES for s in STRENGTHS}
    for s in STRENGTHS[::2]:
        print(f"  strength {s:.2f}: {_text(figures(every[1.0, float(s)], shares, valid.labels))}")
    rng = np.random.default_rng(13)
    held = []
    for _ in range(args.splits):
        half = rng.random(len(shares)) < 0.5
        key = best({k: v[half] for k, v in every.items()}, shares[half], valid.labels[half], args.limit)
        rest = ~half
        pair = [figures(s[rest], shares[rest], valid.labels[rest]) for s in (every[key], plain)]
        held.append(pair)
    chosen, unchanged = np.mean(held, 0)
    print(f"chosen on one half, measured on the other: {_text(chosen)}; unchanged there: {_text(unchanged)}")
    key = best(every, shares, valid.labels, args.limit)
    print(f"chosen on all, temperature {key[0]}, strength {key[1]}: {_text(figures(every[key], shares, valid.labels))}")
    print(f"--temperature {key[0]} --shift={','.join(f'{v:.4f}' for v in key[1] * direction)}")


if __name__ == "__main__":
    main()
