"""A game between the anonymisation and an adversary, and the score by which it is told who won.

The game: a coin decides between two worlds (the target was there or not; showed this emotion or that one). A play of
the attack gives what can be read in that world, and the adversary names the world.

The adversary is as good as chance allows to be: he has played the attack himself as often as he likes, in both worlds,
with strangers drawn from the true population, and so knows how likely each reading is in each. He looks at every
figure alone, at all together, and at all of them as if they were independent, takes whichever of these served him best
in trials, and then plays for the score with readings he has never seen.

Rules:
  - The score is the advantage over guessing, 2 · (success − ½): 0 is a coin, 1 is certainty.
  - Everything is drawn from one seed, so that a score is the same on every machine.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

Reading = tuple[Hashable, ...]
"""What can be read in one play, figure by figure."""
Play = Callable[[bool, random.Random], Reading]
"""Plays once in one of the two worlds."""

Z: Final = 2.576
"""Normal quantile of the 99 % interval."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How often a game is played, in each world."""

    study: int
    """Plays from which the adversary learns."""
    trials: int
    """Plays on which he chooses where to look."""
    score: int
    """Plays that count."""


BRIEF: Final = Effort(study=140, trials=80, score=120)
LONG: Final = Effort(study=1500, trials=500, score=1000)


@dataclass(frozen=True, slots=True)
class Score:
    """What came out of a game."""

    advantage: float
    low: float
    high: float
    """Bounds of its 99 % interval (Wilson 1927)."""


def play(attack: Play, effort: Effort, seed: int) -> Score:
    """Let the adversary study, choose and guess; return his score."""
    rng = random.Random(seed)
    studied = _readings(attack, effort.study, rng)
    tried = _readings(attack, effort.trials, rng)
    figures = len(studied[0][0])
    looks = [_Look(studied, range(i, i + 1)) for i in range(figures)]
    looks += [_Look([[(reading,) for reading in world] for world in studied], None), _Look(studied, range(figures))]
    best = max(looks, key=lambda look: look.successes(tried))
    return _score(best.successes(_readings(attack, effort.score, rng)), 2 * effort.score)


def _readings(attack: Play, times: int, rng: random.Random) -> list[list[Reading]]:
    return [[attack(world, rng) for _ in range(times)] for world in (False, True)]


class _Look:
    """One way to look at readings: some of their figures, or (None) all as one."""

    def __init__(self, studied: Sequence[Sequence[Reading]], figures: Sequence[int] | None) -> None:
        self._figures = figures
        columns = figures if figures is not None else range(1)
        self._seen = [{i: Counter(reading[i] for reading in world) for i in columns} for world in studied]

    def successes(self, played: Sequence[Sequence[Reading]]) -> float:
        """How many guesses are right; one that can't decide is half right, as a coin is."""
        right = 0.0
        for world, readings in enumerate(played):
            for reading in readings:
                evidence = self._evidence(reading if self._figures is not None else (reading,))
                right += 0.5 if evidence == 0 else float((evidence > 0) == bool(world))
        return right

    def _evidence(self, reading: Reading) -> float:
        """Logarithm of the likelihood ratio of the two worlds."""
        return sum(
            math.log((self._seen[1][i][reading[i]] + 0.5) / (self._seen[0][i][reading[i]] + 0.5)) for i in self._seen[0]
        )


def _score(right: float, plays: int) -> Score:
    share, z2 = right / plays, Z * Z / plays
    centre = (share + z2 / 2) / (1 + z2)
    reach = Z / (1 + z2) * math.sqrt(share * (1 - share) / plays + z2 / (4 * plays))
    return Score(2 * share - 1, 2 * (centre - reach) - 1, 2 * (centre + reach) - 1)
