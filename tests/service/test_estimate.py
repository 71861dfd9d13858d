"""The estimate beside the plain figures: nearer to the truth, honest about its error, made of what is told anyway."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edged.anonymise.figures import EmotionFigures
from edged.config.model import Camera
from edged.config.privacy import Privacy
from edged.messages.common import Stamp
from edged.messages.window import WindowMessage
from edged.service.compose import Basis, window_message
from edged.service.estimate import estimate, noise_visits
from edged.service.protection import gate_of
from edged.vision.card import EmotionCard, Estimate, load_cards
from edged.windows.coverage import Coverage
from edged.windows.schedule import Clock, Span
from edged.windows.tally import SCORE_STEPS, Tally
from edged.words import EMOTIONS

CAMERA = Camera(id="door")
EXACT = Privacy(k=2, grid=1)
ROUNDED = Privacy(k=10, grid=5)
CONFUSED = (0.7 * np.eye(8) + 0.3 / 8).tolist()
"""A network that spreads three tenths of every face evenly."""
KNOWN = Estimate(answers=CONFUSED, weight=1.0, spread=0.5, model_errors=[0.0] * 8)
MIX = np.array([0.5, 0.3, 0.05, 0.05, 0.04, 0.02, 0.02, 0.02])


def figures(shares: NDArray[np.float64], visits: int = 1000) -> EmotionFigures:
    told = tuple(round(float(share), 2) for share in shares)
    return EmotionFigures(visits, told, told)


def message(emotion: EmotionFigures, privacy: Privacy, known: Estimate | None) -> WindowMessage:
    tally = Tally(visits=30, people=30, emotion_visits=30, dominant=(30,), scores=(3000,), live_ms=900_000)
    release = gate_of(EXACT, CAMERA, None, lambda below: 0).close(tally)
    assert release is not None
    span = Span(0.0, 900.0, 900.0, Clock.RECORDING, 900.0, partial=False)
    basis = Basis(CAMERA, span, Coverage(900.0, 1.0, 1.0, 0.0), privacy, (), "", None, known, (0.0,))
    return window_message(basis, replace(release, emotion=emotion), Stamp("shop", "0a1b2c3d", 1))


def test_mix_that_explains_the_mean_scores_is_found() -> None:
    """What the network is known to confuse is taken back out of the mean of its scores."""
    shares, _ = estimate(figures(MIX @ np.array(CONFUSED)), EXACT, CAMERA, KNOWN)
    assert shares == pytest.approx(MIX, abs=0.012)  # mean scores are told to 0.01


def test_noise_keeps_the_estimate_at_the_mean() -> None:
    """What was made coarse for privacy is not sharpened: the estimate of few rounded visits is the mean itself."""
    seen = MIX @ np.array(CONFUSED)
    coarse, _ = estimate(figures(seen, 20), ROUNDED, CAMERA, KNOWN)
    assert coarse == pytest.approx(seen, abs=0.02)


def test_weight_says_how_far_the_mean_is_moved() -> None:
    """Weight 0 leaves the mean of scores, a quarter moves it a quarter of the way."""
    seen = MIX @ np.array(CONFUSED)
    still, _ = estimate(figures(seen), EXACT, CAMERA, KNOWN.model_copy(update={"weight": 0.0}))
    quarter, _ = estimate(figures(seen), EXACT, CAMERA, KNOWN.model_copy(update={"weight": 0.25}))
    assert still == pytest.approx(seen, abs=0.01)
    assert quarter == pytest.approx(0.75 * seen + 0.25 * MIX, abs=0.012)


@pytest.mark.parametrize(
    "privacy", [EXACT, ROUNDED, Privacy(k=2, policy="differential", epsilon=0.01)], ids=["exact", "rounded", "noisy"]
)
@pytest.mark.parametrize("visits", [1, 5, 10, 1000])
@pytest.mark.parametrize(
    "told", [(1.0,) + 7 * (0.0,), 8 * (0.0,), 8 * (0.5,), (0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)]
)
def test_whatever_is_told_the_estimate_is_a_distribution_with_errors(
    told: tuple[float, ...], visits: int, privacy: Privacy
) -> None:
    """No release, however coarse or noisy, gives shares or errors that the schema would refuse."""
    shares, errors = estimate(EmotionFigures(visits, told, told), privacy, CAMERA, KNOWN)
    assert sum(shares) == pytest.approx(1.0, abs=0.005)
    assert all(0 <= value <= 1 for value in (*shares, *errors))


def test_errors_shrink_with_visits_and_grow_with_the_grid_and_the_model_error() -> None:
    """Each of the three parts shows."""

    def error(visits: int, privacy: Privacy, model_error: float = 0.0) -> float:
        known = KNOWN.model_copy(update={"model_errors": [model_error] * 8, "weight": 0.0})
        return estimate(figures(MIX, visits), privacy, CAMERA, known)[1][0]

    assert error(400, EXACT) == pytest.approx(error(100, EXACT) / 2, rel=0.03)
    assert error(10_000, EXACT, 0.05) == pytest.approx(0.05, abs=0.002)
    assert error(100, ROUNDED) == pytest.approx(np.hypot(error(100, EXACT), 5 / np.sqrt(6) / 100), abs=0.001)


def test_noise_of_the_differential_policy_is_that_of_its_scores_query() -> None:
    """Less ε, more error; lines and zones take their share of it."""
    one = Privacy(policy="differential", epsilon=1.0)
    assert noise_visits(one, CAMERA) == pytest.approx(np.sqrt(2) / 0.15)
    assert noise_visits(one.model_copy(update={"epsilon": 0.5}), CAMERA) == pytest.approx(2 * np.sqrt(2) / 0.15)


def test_what_is_missing_beside_a_top_coded_share_is_its_own() -> None:
    """All were neutral: the message says 0.75, for top-coding; the estimate says more, and that it isn't sure."""
    told = figures(np.array([0.75, 0, 0, 0, 0, 0, 0, 0]), visits=20)
    flat = KNOWN.model_copy(update={"weight": 0.0})
    shares, errors = estimate(told, ROUNDED, CAMERA, flat)
    assert shares[0] == 1.0
    assert errors[0] > 1.3 * errors[1]


def test_estimate_is_a_function_of_the_message_and_the_card() -> None:
    """A subscriber can do the same sum, so the estimate tells nothing that the message didn't."""
    sent = json.loads(message(figures(MIX, 35), ROUNDED, KNOWN).model_dump_json())
    emotion, privacy = sent["emotion"], sent["privacy"]
    mean_scores = tuple(emotion["mean_scores"][word] for word in EMOTIONS)
    heard = EmotionFigures(emotion["visits"], mean_scores, mean_scores)
    shares, errors = estimate(heard, Privacy(k=privacy["k"], grid=privacy["grid"]), CAMERA, KNOWN)
    assert tuple(emotion["estimate"]["shares"].values()) == shares
    assert tuple(emotion["estimate"]["standard_errors"].values()) == errors


def test_model_that_is_not_known_well_enough_gives_none() -> None:
    """A user's card without [estimate]: the plain figures stand alone."""
    emotion = message(figures(MIX), EXACT, None).emotion
    assert emotion is not None
    assert emotion.estimate is None
    assert emotion.mean_scores.neutral == 0.5


def test_plain_figures_stay_as_they_are() -> None:
    """Whoever reads `face_distribution` and `mean_scores` today reads the same beside an estimate."""
    told = replace(figures(MIX), face_distribution=(0.6, 0.4, 0, 0, 0, 0, 0, 0))
    with_it, without = message(told, EXACT, KNOWN).emotion, message(told, EXACT, None).emotion
    assert with_it is not None
    assert without is not None
    assert with_it.model_copy(update={"estimate": None}) == without


def test_true_shares_lie_within_the_interval_nine_times_in_ten() -> None:
    """Windows of forty through the gate itself: 1.645 standard errors to both sides hold about 90 %."""
    rng = np.random.default_rng(7)
    answers = 0.9 * np.eye(8) + 0.1 / 8
    known = Estimate(answers=answers.tolist(), weight=0.25, spread=0.7, model_errors=[0.02] * 8)
    within = []
    for _ in range(150):
        truth = rng.dirichlet(10 * MIX)
        scores = np.array([rng.dirichlet(12 * answers[c]) for c in rng.choice(8, 40, p=truth)])
        sums = tuple(np.rint(scores.sum(0) * SCORE_STEPS).astype(int).tolist())
        tally = Tally(visits=40, people=40, emotion_visits=40, dominant=(40,), scores=sums, live_ms=900_000)
        release = gate_of(ROUNDED, CAMERA, None, lambda below: int(rng.integers(below))).close(tally)
        assert release is not None
        assert release.emotion is not None
        shares, errors = estimate(release.emotion, ROUNDED, CAMERA, known)
        within += (np.abs(np.array(shares) - truth) <= 1.645 * np.array(errors)).tolist()
    assert 0.85 <= np.mean(within) <= 0.98


def test_card_that_ships_says_how_its_model_errs() -> None:
    """Devices with the model that ships send estimates."""
    card = load_cards()["emotion"]
    assert isinstance(card, EmotionCard)
    assert card.estimate is not None
    assert np.sum(card.estimate.answers, axis=1) == pytest.approx(1.0, abs=0.02)
