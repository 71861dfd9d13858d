"""The differential policy under attack by one who knows all other visitors, and by one who steps the clock."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec

import pytest

from edged.anonymise.budget import MICRO, Balance, Ledger, MemoryLedger
from edged.anonymise.differential import Differential, Noise, opendp_laplace
from edged.anonymise.release import Gate
from edged.windows.tally import Counts
from tests.attacks.game import Effort, Reading, play
from tests.attacks.people import several, tally
from tests.attacks.policies import OURS, K, Policy
from tests.attacks.windows import LIVE, TARGET, knowing_all, knowing_all_feeling
from tests.conftest import missing

SHORT = Effort(study=60, trials=20, score=60)
WINDOWS = 8
"""In so many the target is: he steps the clock by a day in each."""
GENEROUS = 5 * MICRO
"""ε of 5 for a window and for a day, so that eight windows tell clearly more than one."""


def bound(epsilon: float, visits: int = 1) -> float:
    """Return the advantage that ε admits for one who changes so many visits (Wasserman and Zhou 2010, theorem 2.4)."""
    return math.tanh(epsilon * visits / 2)


def none(answer: Counts, sensitivity: int, epsilon: float) -> Counts:
    return answer


@pytest.fixture(scope="module")
def laplace() -> Noise:
    if find_spec("opendp") is None:
        missing("OpenDP isn't installed")
    return opendp_laplace()


def policy(epsilon: float, noise: Noise) -> Policy:
    micro = round(epsilon * MICRO)
    return replace(OURS, gate=lambda *_: Gate(Differential(K, micro, MemoryLedger(micro), noise), 0))


Attack = Callable[[Policy, bool, random.Random], Reading]


@pytest.mark.parametrize("attack", [knowing_all, knowing_all_feeling])
def test_without_noise_who_knows_all_others_knows_all(attack: Attack) -> None:
    """What the noise has to withstand: the same queries, answered exactly."""
    assert play(partial(attack, policy(1.0, none)), SHORT, 3).low > 0.85


@pytest.mark.parametrize(("attack", "visits"), [(knowing_all, 1), (knowing_all_feeling, 2)])
@pytest.mark.parametrize("epsilon", [1.0])
def test_with_noise_he_wins_no_more_than_epsilon_admits(
    laplace: Noise, attack: Attack, visits: int, epsilon: float
) -> None:
    """One visit there or not is 1 ε; one visit showing this or that is a visit less and another more."""
    assert play(partial(attack, policy(epsilon, laplace)), SHORT, 3).low <= bound(epsilon, visits)


class TrustsTheClock:
    """A ledger that gives a day's budget back when the wall clock says that a day is over."""

    def __init__(self, daily: int) -> None:
        self._daily = daily
        self._left = daily

    def day_is_over(self) -> None:
        self._left = self._daily

    def spend(self, amount: int, reserve: int = 0) -> bool:
        if amount + reserve > self._left:
            return False
        self._left -= amount
        return True

    def balance(self) -> Balance:
        return Balance(self._daily - self._left, self._left)


def stepping(ledger: Callable[[int], Ledger], noise: Noise, world: bool, rng: random.Random) -> Reading:
    """Budget exhaustion: 30 known others in each window, and a clock that goes on by a day after each."""
    purse = ledger(GENEROUS)
    gate = Gate(Differential(K, GENEROUS, purse, noise), 0)
    told = []
    for _ in range(WINDOWS):
        release = gate.close(several(tally(), 30) + several(TARGET, world) + LIVE)
        told += [release.visits] if release else []
        if isinstance(purse, TrustsTheClock):
            purse.day_is_over()
    return len(told), round(2 * sum(told) / max(len(told), 1))


def test_stepping_the_clock_buys_no_second_look(laplace: Noise) -> None:
    """Where a step gives budget back he averages the noise away; by time since boot he gets the one window paid for."""
    weak, ours = (play(partial(stepping, ledger, laplace), SHORT, 5) for ledger in (TrustsTheClock, MemoryLedger))
    assert weak.low > 0.3
    assert ours.advantage < weak.advantage - 0.1
    assert stepping(TrustsTheClock, none, True, random.Random(0))[0] == WINDOWS
    assert stepping(MemoryLedger, none, True, random.Random(0))[0] == 1
