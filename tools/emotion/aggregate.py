"""How far a window's distribution is from the truth, for each way of summing faces up.

Strategy: windows of 20, 50 and 200 faces are drawn under many class mixes; each method turns their scores into a
distribution; the error is the mean absolute difference over the eight classes. Truth is, on the one hand, the mean of
the raters' vote shares of the faces drawn (`votes`), on the other the share of each plurality label (`labels`).

Methods:
- count: the share of each highest score; what face counters publish.
- mean: the mean of the scores.
- em: prior shift by expectation maximisation (Saerens, Latinne and Decaestecker 2002): scores are reweighted by the
  ratio of the window's prior to the training prior until both agree.
- adjusted: the confusion matrix is inverted: the distribution on the simplex whose expected mean score is nearest to
  the observed one (least squares; Bella et al. 2010 call the unconstrained form PACC).
- mild em: two rounds only, the first of which is `mean`; map em: a Dirichlet prior worth 20 faces of the training
  prior; half adjusted, quarter: `mean` moved half or a quarter of the way to `adjusted`. All because the full
  corrections are too much on few faces, and because raters' doubt, unlike a classifier's, does not vanish when the mix
  is known. The last two need nothing but the window's mean scores, so they work on sums that merge.

Rules:
- Parameters (training prior, confusion matrix) come from one half of the pictures, windows from the other, then the
  halves change places; several splits. No method sees a face of the window it judges.
- Faces are drawn with replacement: the rare classes have too few for 200 otherwise.

    python -m tools.emotion.aggregate DATA.npz SCORES.npy [--windows 200] [--splits 5] [--json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.emotion.data import EMOTIONS, load

Rows = NDArray[np.float64]
CLASSES = len(EMOTIONS)
SIZES = (20, 50, 200)


@dataclass(frozen=True, slots=True)
class Known:
    """What a method may know beforehand: the prior the model was fitted to and the mean scores of each true class."""

    prior: Rows
    answers: Rows
    """(8 true, 8 scored): the mean scores of the faces of one class."""


def count(scores: Rows, _known: Known) -> Rows:
    """Share of each highest score."""
    out: Rows = np.bincount(scores.argmax(1), minlength=CLASSES) / len(scores)
    return out


def mean(scores: Rows, _known: Known) -> Rows:
    """Mean of the scores."""
    out: Rows = scores.mean(0)
    return out


def em(scores: Rows, known: Known, rounds: int = 30, strength: float = 0.0) -> Rows:
    """Saerens et al. 2002: maximum-likelihood prior of the window; with a strength the most probable one."""
    prior = known.prior.copy()
    for _ in range(rounds):
        weighted = scores * (prior / known.prior)
        total = (weighted / weighted.sum(1, keepdims=True)).sum(0)
        prior = (total + strength * known.prior) / (len(scores) + strength)
    return prior


def on_simplex(v: Rows) -> Rows:
    """The nearest point whose parts are not negative and sum to one (Duchi et al. 2008)."""
    ordered = np.sort(v)[::-1]
    excess = (np.cumsum(ordered) - 1) / np.arange(1, len(v) + 1)
    last = np.nonzero(ordered > excess)[0][-1]
    out: Rows = np.maximum(v - excess[last], 0)
    return out


def adjusted(scores: Rows, known: Known, rounds: int = 300) -> Rows:
    """The distribution that explains the mean scores best, by projected gradient descent."""
    seen = scores.mean(0)
    answers = known.answers
    step = 1.0 / float(np.linalg.norm(answers @ answers.T, 2))
    p: Rows = seen.copy()
    for _ in range(rounds):
        p = on_simplex(p - step * (answers @ (p @ answers - seen)))
    return p


METHODS: dict[str, Callable[[Rows, Known], Rows]] = {
    "count": count,
    "mean": mean,
    "em": em,
    "adjusted": adjusted,
    "mild em": lambda s, k: em(s, k, rounds=2),
    "map em": lambda s, k: em(s, k, strength=20.0),
    "half adjusted": lambda s, k: (adjusted(s, k) + mean(s, k)) / 2,
    "quarter": lambda s, k: (adjusted(s, k) + 3 * mean(s, k)) / 4,
}


def mixes(natural: Rows, rng: np.random.Generator) -> dict[str, Callable[[], Rows]]:
    """Kinds of class mixes, each a function that draws one."""

    def dominant() -> Rows:
        out: Rows = natural * 0.4
        out[rng.integers(0, 5)] += 0.6
        return out

    return {
        "as in the data": lambda: natural,
        "near the data": lambda: rng.dirichlet(natural * 20 + 1e-3),
        "shop-like": lambda: rng.dirichlet(np.array([14, 4, 1, 1, 0.5, 0.2, 0.2, 0.2])),
        "one dominates": dominant,
        "any": lambda: rng.dirichlet(np.ones(CLASSES)),
    }


def known_of(scores: Rows, shares: Rows, labels: NDArray[np.int64], votes: bool) -> Known:
    """Parameters from labelled faces: against vote shares every face counts for each class by its share."""
    weight = shares if votes else np.eye(CLASSES)[labels]
    answers = weight.T @ scores / np.maximum(weight.sum(0)[:, None], 1e-9)
    return Known(scores.mean(0), answers)


def errors(
    scores: Rows, shares: Rows, labels: NDArray[np.int64], windows: int, splits: int, seed: int
) -> dict[str, dict[str, float]]:
    """Mean absolute error by "truth, mix, size" and method."""
    rng = np.random.default_rng(seed)
    natural = np.bincount(labels, minlength=CLASSES) / len(labels)
    sums: dict[str, dict[str, list[float]]] = {}
    for _ in range(splits):
        half = rng.permutation(len(labels)) % 2
        for side in (0, 1):
            fit, rest = half != side, np.nonzero(half == side)[0]
            by_class = [rest[labels[rest] == c] for c in range(CLASSES)]
            known = {
                "votes": known_of(scores[fit], shares[fit], labels[fit], votes=True),
                "labels": known_of(scores[fit], shares[fit], labels[fit], votes=False),
            }
            for mix, draw in mixes(natural, rng).items():
                for size in SIZES:
                    for _ in range(windows):
                        classes = rng.choice(CLASSES, size, p=draw())
                        pick = np.array([rng.choice(by_class[c]) for c in classes])
                        truths = {
                            "votes": shares[pick].mean(0),
                            "labels": np.bincount(labels[pick], minlength=CLASSES) / size,
                        }
                        for truth, wanted in truths.items():
                            row = sums.setdefault(f"{truth}, {mix}, {size}", {m: [] for m in METHODS})
                            for name, method in METHODS.items():
                                got = method(scores[pick], known[truth])
                                row[name].append(float(np.abs(got - wanted).mean()))
    return {key: {m: float(np.mean(v)) for m, v in row.items()} for key, row in sums.items()}


def main() -> None:
    """Parse the command line, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("scores", type=Path, help="of the same pictures, from measure --save")
    parser.add_argument("--windows", type=int, default=40, help="windows for each mix, size and half")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    faces = load(args.data)
    scores = np.load(args.scores).astype(np.float64)
    scores = np.maximum(scores, 1e-4)
    scores = scores / scores.sum(1, keepdims=True)
    table = errors(scores, faces.shares.astype(np.float64), faces.labels, args.windows, args.splits, args.seed)
    if args.json:
        print(json.dumps({k: {m: round(e, 4) for m, e in row.items()} for k, row in table.items()}, indent=2))
        return
    print(f"{'truth, mix, faces':32s} " + " ".join(f"{m:>13s}" for m in METHODS))
    for key, row in table.items():
        best = min(row.values())
        print(f"{key:32s} " + " ".join(f"{e:12.4f}{'*' if e == best else ' '}" for e in row.values()))


if __name__ == "__main__":
    main()
