"""Every attack succeeds against a weak policy, and against the default one as little as docs/ATTACKS.md says."""

import pytest

from tests.attacks.game import BRIEF, play
from tests.attacks.policies import FIXED_EDGES, OURS, RECORDING, SEEDED, WEAK
from tests.attacks.suite import ADDING_UP, ATTACKS, STRONGER, Attack


def name(attack: Attack) -> str:
    return attack.name


@pytest.mark.parametrize("attack", [a for a in (*ATTACKS, *STRONGER) if a.weak is not None], ids=name)
def test_attack_succeeds_against_a_weak_policy(attack: Attack) -> None:
    """An attack that couldn't win where everything is told would prove nothing where it isn't."""
    assert attack.weak is not None
    assert attack.score(WEAK, BRIEF).high >= attack.weak


@pytest.mark.parametrize("attack", [*ATTACKS, *STRONGER, *ADDING_UP[:3]], ids=name)
def test_attack_wins_next_to_nothing_against_the_defaults(attack: Attack) -> None:
    """As far as so few plays can tell (99 % interval), the advantage is within its bound."""
    assert attack.score(OURS, BRIEF).low <= attack.ours


def test_edges_that_everybody_knows_can_be_steered_to() -> None:
    """This is why edges are drawn: with rounding half-way, who knows how many others there are sees one more."""
    (steered,) = (attack for attack in STRONGER if "one short of a step" in attack.name)
    assert steered.score(FIXED_EDGES, BRIEF).low >= 0.9


def test_edges_of_a_recording_are_nobodys_to_know() -> None:
    """A recording draws the same each time. From a seed in the code, he would draw them himself; so from its visits."""
    (knowing,) = (attack for attack in STRONGER if attack.name == "presence, all others known")
    assert knowing.score(SEEDED, BRIEF).low >= 0.9
    assert knowing.score(RECORDING, BRIEF).low <= knowing.ours


@pytest.mark.parametrize(("tell", "least", "most"), [(True, 0.95, 1.0), (False, -0.2, 0.2)])
def test_adversary_finds_what_is_told_and_nothing_else(tell: bool, least: float, most: float) -> None:
    """The score is near 1 when a reading shows the world, and near 0 when it is a coin."""
    score = play(lambda world, rng: (rng.random() < 0.5, world if tell else rng.random() < 0.5), BRIEF, 7)
    assert least <= score.advantage <= most
    assert score.low <= score.advantage <= score.high
