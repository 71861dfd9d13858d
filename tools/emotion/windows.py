"""What a card says of whole windows ([estimate]), and whether the standard errors in messages hold what they promise.

Strategy: `fitted` measures, on labelled faces, the four things that `edged.service.estimate` needs. `coverage` then
draws windows of many mixes, sends each through the product's own gate (rounding, top-coding or noise) and estimate,
and counts how often the truth lies within 1.645 standard errors.

Rules:
- The truth of a window is what raters would say of people like those who passed: the mean vote share of all faces of
  the mix that it is drawn from, not of the few drawn.
- Parameters come from one half of the pictures, windows from the other, then the halves change places; several splits.
- model_errors: root mean square, over mixes, of the estimate made of the exact mean scores of a mix less the mix's
  truth; the matrix is that of the other half, so that what a half knows badly is in it.
- spread: variance of the estimate over windows of one mix, times the visits, over p (1 - p); one number.

    python -m tools.emotion.windows DATA.npz SCORES.npy [--windows 40] [--splits 3] [--differential]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edged.anonymise.budget import MemoryLedger
from edged.anonymise.figures import EmotionFigures
from edged.config.model import Camera
from edged.config.privacy import Privacy
from edged.service.estimate import estimate
from edged.service.protection import gate_of
from edged.vision.card import Estimate
from edged.windows.tally import SCORE_STEPS, Tally
from tools.emotion.aggregate import CLASSES, Rows, known_of, mixes
from tools.emotion.data import EMOTIONS, load

WEIGHT = 0.25
"""See README.md, Windows: of 0, a quarter, a half and all the way a quarter had the least error."""
SIZES = (20, 50, 200)
WITHIN = 1.645
"""Standard errors to both sides that hold nine in ten of a normal distribution."""
EXACT = Privacy(k=2, grid=1)
NEVER_SPENT = 10**12
_SPREAD_VISITS = 50


def moved(seen: Rows, known: Estimate) -> Rows:
    """Return the product's estimate of mean scores that nothing was taken from."""
    shares, _ = estimate(EmotionFigures(10**6, (), tuple(seen.tolist())), EXACT, Camera(), known)
    return np.array(shares)


class Pool:
    """Labelled faces to draw windows from."""

    def __init__(self, scores: Rows, shares: Rows, labels: NDArray[np.int64]) -> None:
        self.scores, self.shares = scores, shares
        self.of = [np.flatnonzero(labels == c) for c in range(CLASSES)]
        self.mean_scores = np.array([scores[rows].mean(0) for rows in self.of])
        self.mean_shares = np.array([shares[rows].mean(0) for rows in self.of])

    def draw(self, mix: Rows, visits: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the rows of a window's faces."""
        classes = rng.choice(CLASSES, visits, p=mix)
        return np.array([rng.choice(self.of[c]) for c in classes])


def halves(
    scores: Rows, shares: Rows, labels: NDArray[np.int64], splits: int, rng: np.random.Generator
) -> list[tuple[NDArray[np.bool_], Pool]]:
    """Return (which rows to fit on, a pool of the others)."""
    out = []
    for _ in range(splits):
        half = rng.permutation(len(labels)) % 2
        out += [
            (half != side, Pool(scores[half == side], shares[half == side], labels[half == side])) for side in (0, 1)
        ]
    return out


def fitted(scores: Rows, shares: Rows, labels: NDArray[np.int64], splits: int = 3, draws: int = 40) -> dict[str, Any]:
    """Return the card's [estimate]: answers from all faces, errors from halves."""
    rng = np.random.default_rng(5)
    natural = np.bincount(labels, minlength=CLASSES) / len(labels)
    errors: list[Rows] = []
    variance: list[Rows] = []
    expected: list[Rows] = []
    for fit, pool in halves(scores, shares, labels, splits, rng):
        known = _estimate(known_of(scores[fit], shares[fit], labels[fit], votes=True).answers, 1.0, np.zeros(CLASSES))
        for draw in mixes(natural, rng).values():
            for _ in range(draws):
                mix = draw()
                whole = moved(mix @ pool.mean_scores, known)
                errors.append(whole - mix @ pool.mean_shares)
            window = moved(pool.scores[pool.draw(mix, _SPREAD_VISITS, rng)].mean(0), known)
            variance.append((window - whole) ** 2 * _SPREAD_VISITS)
            expected.append(whole * (1 - whole))
    return {
        "answers": known_of(scores, shares, labels, votes=True).answers.tolist(),
        "weight": WEIGHT,
        "spread": float(np.sum(variance) / np.sum(expected)),
        "model_errors": np.sqrt(np.mean(np.square(errors), 0)).tolist(),
    }


def _estimate(answers: Rows, spread: float, model_errors: Sequence[float] | Rows) -> Estimate:
    return Estimate(
        answers=answers.tolist(), weight=WEIGHT, spread=spread, model_errors=[float(value) for value in model_errors]
    )


def released(scores: Rows, privacy: Privacy, rng: np.random.Generator) -> EmotionFigures | None:
    """Return what the gate says of a window of these faces, each a visit; None when it says nothing."""
    tally = Tally(
        visits=len(scores),
        people=len(scores),
        emotion_visits=len(scores),
        dominant=tuple(np.bincount(scores.argmax(1), minlength=CLASSES).tolist()),
        scores=tuple(np.rint(scores.sum(0) * SCORE_STEPS).astype(int).tolist()),
        live_ms=900_000,
    )
    ledger = MemoryLedger(NEVER_SPENT) if privacy.policy == "differential" else None
    release = gate_of(privacy, Camera(), ledger, lambda below: int(rng.integers(below))).close(tally)
    return release.emotion if release else None


def coverage(
    scores: Rows,
    shares: Rows,
    labels: NDArray[np.int64],
    privacy: Privacy,
    windows: int,
    splits: int,
    seed: int = 11,
) -> dict[str, dict[str, Any]]:
    """Return, by mix and size: share of true shares within the interval, mean standard error, errors of the figures."""
    rng = np.random.default_rng(seed)
    natural = np.bincount(labels, minlength=CLASSES) / len(labels)
    notes: dict[str, list[tuple[Rows, ...]]] = {}
    for fit, pool in halves(scores, shares, labels, splits, rng):
        table = fitted(scores[fit], shares[fit], labels[fit], splits=1, draws=20)
        known = Estimate.model_validate(table)
        for name, draw in mixes(natural, rng).items():
            for visits in SIZES:
                for _ in range(windows):
                    mix = draw()
                    figures = released(pool.scores[pool.draw(mix, visits, rng)], privacy, rng)
                    if figures is not None:
                        got, errors = estimate(figures, privacy, Camera(), known)
                        truth = mix @ pool.mean_shares
                        told = (figures.face_distribution, figures.mean_scores, got, errors)
                        row = (truth, *(np.array(shares) for shares in told))
                        notes.setdefault(f"{name}, {visits}", []).append(row)
    return {key: _summed(np.array(rows)) for key, rows in notes.items()}


def _summed(rows: Rows) -> dict[str, Any]:
    truth, counted, mean, got, errors = rows.transpose(1, 0, 2)
    within = np.abs(got - truth) <= WITHIN * errors
    return {
        "windows": len(rows),
        "coverage": round(float(within.mean()), 3),
        "coverage_by_class": {name: round(float(v), 3) for name, v in zip(EMOTIONS, within.mean(0), strict=True)},
        "standard_error": round(float(errors.mean()), 4),
        "error_of_face_distribution": round(float(np.abs(counted - truth).mean()), 4),
        "error_of_mean_scores": round(float(np.abs(mean - truth).mean()), 4),
        "error_of_estimate": round(float(np.abs(got - truth).mean()), 4),
    }


def main() -> None:
    """Parse the command line, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("scores", type=Path, help="of the same pictures, from measure --save")
    parser.add_argument("--windows", type=int, default=20, help="windows for each mix, size and half")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--differential", action="store_true", help="also under the differential policy (needs OpenDP)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    faces, scores = load(args.data), np.load(args.scores).astype(np.float64)
    scores = scores / scores.sum(1, keepdims=True)
    shares = faces.shares.astype(np.float64)
    usual = Privacy()
    policies = {
        "exact (k 2, grid 1)": EXACT,
        f"threshold (k {usual.k}, grid {usual.rounding})": usual,
        "threshold (k 10, grid 5)": Privacy(k=10, grid=5),
    }
    if args.differential:
        policies["differential (ε 1)"] = Privacy(policy="differential")
    figures: dict[str, Any] = {"estimate": fitted(scores, shares, faces.labels)}
    for policy, privacy in policies.items():
        figures[policy] = coverage(scores, shares, faces.labels, privacy, args.windows, args.splits)
    if args.json:
        print(json.dumps(figures, indent=1, ensure_ascii=False))
        return
    print(f"spread {figures['estimate']['spread']:.3f}")
    print(
        "model errors "
        + ", ".join(f"{n} {v:.3f}" for n, v in zip(EMOTIONS, figures["estimate"]["model_errors"], strict=True))
    )
    for policy in policies:
        print(f"\n{policy:28}{'within':>8}{'least':>8}{'std err':>9}{'count':>9}{'mean':>9}{'estimate':>9}")
        for key, row in figures[policy].items():
            least = min(row["coverage_by_class"].values())
            print(
                f"{key:28}{row['coverage']:8.3f}{least:8.3f}{row['standard_error']:9.4f}"
                f"{row['error_of_face_distribution']:9.4f}{row['error_of_mean_scores']:9.4f}{row['error_of_estimate']:9.4f}"
            )


if __name__ == "__main__":
    main()
