"""Who comes into the shop: strangers drawn from a stated population, and visitors who behave as the adversary wishes.

The population: 55 % look neutral, 25 % happy, 6 % sad, the rest rarer; the strongest emotion scores 0.5 to 0.9; time in
view is log-normal with a median of 12 s; part of it, evenly distributed, is turned towards the camera; 15 % of the
faces are too small for an emotion. Beside the target there is always one stranger, and then Poisson many.
"""

import math
import random
from collections.abc import Iterable
from typing import Final

from edged.visits.visit import Visit
from edged.windows.tally import Tally
from edged.words import Scores

NEUTRAL, HAPPINESS, SADNESS, ANGER, FEAR = 0, 1, 3, 4, 6
SHARES: Final = (0.55, 0.25, 0.04, 0.06, 0.04, 0.02, 0.02, 0.02)
USUAL: Final = 12.0
"""Strangers in a window of a usual hour, beside the one who is always there."""
QUIET: Final = 1.0
BRISK: Final = 25.0
"""So many that a window is told with its parts."""
BUSY: Final = 40.0


def showing(emotion: int, strength: float = 1.0, rest: int = NEUTRAL) -> Scores:
    """Scores of a face that shows one emotion with this strength, and another one for the rest."""
    shares = [0.0] * 8
    shares[rest] += 1 - strength
    shares[emotion] += strength
    a, b, c, d, e, f, g, h = shares
    return a, b, c, d, e, f, g, h


def tally(
    emotion: int | None = NEUTRAL,
    *,
    strength: float = 1.0,
    dwell: float = 12.0,
    attention: float = 6.0,
    fragment: bool = False,
) -> Tally:
    """One visit by somebody who behaves just so."""
    scores = None if emotion is None else showing(emotion, strength)
    return Tally.of(Visit(0.0, dwell, attention, scores, fragment=fragment))


def _stranger(rng: random.Random) -> Tally:
    dwell = max(0.5, rng.lognormvariate(math.log(12), 0.9))
    strongest = rng.choices(range(8), SHARES)[0]
    parts = [rng.random() ** 3 * share for share in SHARES]
    parts[strongest] = 0.0
    top = rng.uniform(0.5, 0.9)
    shares = [top if i == strongest else (1 - top) * part / sum(parts) for i, part in enumerate(parts)]
    a, b, c, d, e, f, g, h = shares
    scores = (a, b, c, d, e, f, g, h) if rng.random() < 0.85 else None
    return Tally.of(Visit(0.0, dwell, rng.random() * dwell, scores))


def _crowds() -> list[list[Tally]]:
    """Sums over 1, 2, 4 … strangers, hundreds of each, so that a large crowd is added up in a few steps."""
    rng = random.Random(1)
    crowds = [[_stranger(rng) for _ in range(600)]]
    for _ in range(6):
        crowds.append([rng.choice(crowds[-1]) + rng.choice(crowds[-1]) for _ in range(400)])
    return crowds


_CROWDS: Final = _crowds()


def poisson(mean: float, rng: random.Random) -> int:
    """Draw a number of comers (Knuth 1969, by products of uniform numbers)."""
    limit, product, drawn = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        drawn += 1
    return drawn


def strangers(mean: float, rng: random.Random, least: int = 1) -> Tally:
    """`least` strangers and Poisson many more."""
    number = least + poisson(mean, rng)
    at_once = Tally(most=min(number, 1 + min(int(rng.expovariate(1.0)), 4)))
    return together([at_once, *(rng.choice(crowd) for i, crowd in enumerate(_CROWDS) if number >> i & 1)])


def together(tallies: Iterable[Tally]) -> Tally:
    """Add them up, as a window does."""
    return sum(tallies, Tally())


def several(one: Tally, times: int) -> Tally:
    """The same behaviour several times."""
    return together([one] * times)
