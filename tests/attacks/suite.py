"""The attacks: what each must reach against the weak policy, and how little it may against ours."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from tests.attacks import sides, windows
from tests.attacks.game import Effort, Reading, Score, play
from tests.attacks.people import QUIET, USUAL
from tests.attacks.policies import Policy

VANISHES: Final = 0.3
"""What one visitor may move one figure with a grid of 5: a fifth, and a little for the figures beside it."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack and its measure."""

    name: str
    plays: Callable[[Policy, bool, Random], Reading]
    weak: float | None
    """What it must reach against the weak policy; None where even exact figures of so many strangers hide one."""
    ours: float = VANISHES
    """What it may reach against ours."""

    def score(self, policy: Policy, effort: Effort) -> Score:
        """Play it. The seed is the attack's name, so that attacks don't depend on each other."""
        return play(partial(self.plays, policy), effort, int.from_bytes(self.name.encode(), "big"))


ATTACKS: Final = (
    Attack("presence, n = 1", windows.alone, 0.95, 0.0),
    Attack("presence, n = k − 1, all others his", windows.one_below, 0.95, 0.0),
    Attack("presence, quiet hour", windows.quiet_hour, 0.5),
    Attack("presence, usual hour", windows.usual_hour, None),
    Attack("presence, busy hour", windows.busy_hour, None),
    Attack("presence, neighbouring messages subtracted", windows.neighbours, 0.5),
    Attack("emotion, quiet hour", partial(windows.feeling, QUIET), 0.8),
    Attack("emotion, usual hour", partial(windows.feeling, USUAL), None),
    Attack("dwell, quiet hour", partial(windows.staying, QUIET), 0.8),
    Attack("dwell, usual hour", partial(windows.staying, USUAL), None),
    Attack("emotion, homogeneous window", windows.homogeneous, 0.95),
    Attack("presence, threshold steered, quiet hour", windows.at_k_in_a_quiet_hour, 0.6),
    Attack("presence, threshold steered, usual hour", windows.at_k_in_a_usual_hour, None),
    Attack("emotion, edge of a cell steered", windows.filled_cell, None),
    Attack("attention, edge of a class steered", windows.filled_class, 0.4),
    Attack("presence at a moment, maximum steered", windows.crowded_moment, 0.95),
    Attack("presence, carried and then filled up", windows.carried, 0.95),
    Attack("presence, carried and probed", windows.one_by_one, 0.6),
    Attack("emotion of one who comes ten times", windows.shown_by_one, 0.95),
    Attack("presence, fragmented track", sides.in_and_out, 0.95, 0.0),
    Attack("presence, clock stepped around him", sides.stepped_clock, 0.3),
    Attack("k − 1 or nobody, by dropped pictures", sides.dropped_pictures, 0.5),
    Attack("k − 1 or nobody, by times of reports", sides.reports, 0.95),
    Attack("k − 1 or nobody, by time of arrival", sides.boundary, None),
)
"""By the adversary of docs/PRIVACY.md."""

STRONGER: Final = (
    Attack("presence, k − 1 others known: his, or one body's", windows.knowing_all_at_k, 0.95, 0.5),
    Attack("presence, all others known", windows.knowing_all, 0.95, 0.5),
    Attack("emotion, all others known", windows.knowing_all_feeling, 0.95, 0.5),
)
"""By one who knows all others exactly: rounding bounds him, and doesn't stop him."""
