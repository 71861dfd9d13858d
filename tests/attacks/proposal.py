"""A change to the threshold policy that takes away what steering wins: edges that the adversary can't know.

Rounding with a fixed edge tells everything to somebody who can bring a count to that edge with visitors of his own.
Here each edge lies elsewhere each time: a secret part of a step, drawn anew, is added before rounding down. The
expected value stays the same, and one visitor moves a figure with the probability of one in `grid`, wherever the
others stand.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Final

from edged.anonymise.release import Gate
from edged.anonymise.sums import Sums
from edged.anonymise.threshold import Threshold
from edged.windows.tally import Counts, Tally
from tests.attacks.policies import DEFAULTS, OURS

_CHANCE = random.Random(20261122)


@dataclass(frozen=True, slots=True)
class Dithered(Threshold):
    """The threshold policy with drawn edges; the threshold itself is drawn for each run of carried windows."""

    drawn: list[int] = field(default_factory=list)

    def protect(self, tally: Tally, lines: int, zones: int) -> Sums | None:
        """Return sums rounded at drawn edges, of k to k + grid − 1 people at least."""
        if not self.drawn:
            self.drawn.append(_CHANCE.randrange(self.grid))
        if min(tally.visits, tally.people) < self.k + self.drawn[0]:
            return None
        sums = Threshold.protect(self, tally, lines, zones)
        if sums is None:
            return None
        # Of the visits with an emotion at least so many are of different people.
        enough = tally.emotion_visits - (tally.visits - tally.people) >= self.k + self.drawn[0]
        most = -(-(tally.most + _CHANCE.randrange(self.grid)) // self.grid) * self.grid
        self.drawn.clear()
        return replace(sums, emotion=sums.emotion if enough else None, most=most)

    def _rounded(self, sums: Counts, unit: int = 1, whole: int | None = None) -> Counts:
        step = self.grid * unit
        rounded = tuple((value + _CHANCE.randrange(step)) // step * step for value in sums)
        return rounded if whole is None else tuple(min(value, max(whole - self.grid, 0) * unit) for value in rounded)


PROPOSED: Final = replace(
    OURS,
    gate=lambda: Gate(Dithered(DEFAULTS.k, DEFAULTS.rounding), DEFAULTS.carry_windows),
    load_when_withheld=False,
    cut_windows=False,
)
"""The defaults with the changes that docs/ATTACKS.md proposes."""
