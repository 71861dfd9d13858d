"""The best estimate of what the faces showed, and how far it may be off.

Strategy: a network gives part of every face to the wrong emotions, so the mean of its scores leans towards the mix it
was trained on. The card says how (`answers`). The estimate is the mean, moved a part of the way (`weight`) to the mix
that explains it best: the distribution on the simplex whose expected mean scores are nearest to those seen (least
squares; Bella et al. 2010, "Quantification via Probability Estimators", have the unconstrained form). The more noise
privacy has added, the less it is moved.

The standard error has three independent parts, added as squares:
  - the visits are a sample: `spread` × p (1 - p) / visits, where p has one visit more with the emotion and one more
    without it, so that a share of 0 is not taken for certain (Agresti and Coull 1998);
  - the network errs in its own way in every mix: `model_errors` of the card, measured on many mixes;
  - what privacy took: the variance of rounding with secret edges, or of the noise, and what a top-coded share hides.

Rules:
  - This is made of released figures, of what the message says of its policy, and of the card. Whoever has these can do
    the same sum: it tells nothing more of anybody.
  - Plain Python in a fixed order: the same figures give the same bytes on every machine.
"""

import math
from collections.abc import Sequence
from typing import Final

from edged.anonymise.budget import MICRO
from edged.anonymise.differential import nearest, plan
from edged.anonymise.figures import EmotionFigures, Shares
from edged.config.model import Camera
from edged.config.privacy import Privacy
from edged.vision.card import Estimate

ROUNDS: Final = 100
"""Steps of projected gradient descent, from the mean itself. Going on until nothing moves gains nothing: the rest of
the way lies along classes that the answers hardly tell apart."""
UNSETTLING: Final = 0.02
"""Standard deviation of privacy's noise in a share at which the mean is moved half as far: moving enlarges noise, too.
Of 0.02, 0.05 and 0.1 it had the least error under every policy (tools/emotion/README.md)."""
_HALF_A_PER_CENT: Final = 0.005
"""Released shares are rounded to 0.01."""


def estimate(figures: EmotionFigures, privacy: Privacy, camera: Camera, known: Estimate) -> tuple[Shares, Shares]:
    """Return (shares, their standard errors) in the order of edged.words.EMOTIONS.

    The true share of an emotion is the mean over people like those who passed of the share of raters who would choose
    it for their faces.
    """
    hidden = _hidden(figures.visits, privacy)
    seen = _completed(figures.mean_scores, 1.0 - hidden)
    noise = noise_visits(privacy, camera) / figures.visits
    shares = _moved(seen, known, known.weight / (1.0 + (noise / UNSETTLING) ** 2))
    errors = []
    for share, told, of_model in zip(shares, figures.mean_scores, known.model_errors, strict=True):
        likely = (share * figures.visits + 1.0) / (figures.visits + 2.0)
        squares = known.spread * likely * (1.0 - likely) / figures.visits + of_model**2 + noise**2
        if hidden and told >= 1.0 - hidden - _HALF_A_PER_CENT:
            squares += hidden**2 / 3.0  # anything up to `hidden` more, each as likely
        errors.append(round(min(math.sqrt(squares), 1.0), 3))
    return tuple(round(share, 3) for share in shares), tuple(errors)


def noise_visits(privacy: Privacy, camera: Camera) -> float:
    """Return the standard deviation, in visits, of what protection adds to each emotion's sum of scores."""
    if privacy.policy == "differential":
        paid = plan(round(privacy.epsilon * MICRO), len(camera.lines), len(camera.zones))["scores"]
        return math.sqrt(2.0) * MICRO / paid.micro  # Laplace noise of one visit / ε
    # A value at a fraction f of a step goes up with probability f; the mean of f (1 - f) is a sixth.
    return privacy.rounding / math.sqrt(6.0) if privacy.rounding > 1 else 0.0


def _hidden(visits: int, privacy: Privacy) -> float:
    """Return the share of the visits that top-coding leaves unsaid."""
    coded = privacy.policy == "threshold" and privacy.rounding > 1
    return min(privacy.rounding / visits, 1.0) if coded else 0.0


def _completed(told: Shares, highest: float) -> Shares:
    """Return shares that add up to 1: what is missing is a top-coded share's own, or else spread evenly."""
    coded = [share >= highest - _HALF_A_PER_CENT for share in told]
    missing = max(1.0 - sum(told), 0.0) if highest < 1.0 and any(coded) else 0.0
    return nearest([share + missing * at / max(sum(coded), 1) for share, at in zip(told, coded, strict=True)], 1)


def _moved(seen: Shares, known: Estimate, weight: float) -> Shares:
    answers = known.answers
    columns = list(zip(*answers, strict=True))
    step = 1.0 / _largest_square(answers)
    mix = seen
    for _ in range(ROUNDS):
        off = [_product(column, mix) - share for column, share in zip(columns, seen, strict=True)]
        mix = nearest([share - step * _product(row, off) for share, row in zip(mix, answers, strict=True)], 1)
    return tuple((1.0 - weight) * share + weight * explained for share, explained in zip(seen, mix, strict=True))


def _largest_square(rows: Sequence[Sequence[float]]) -> float:
    """Return an upper bound (Gershgorin's) of the largest eigenvalue of rows × rows transposed."""
    return max(sum(abs(_product(row, other)) for other in rows) for row in rows)


def _product(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))
