"""The attacks: what each must reach against the weak policy, and how little it may against ours."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from tests.attacks import sides, windows
from tests.attacks.game import Effort, Reading, Score, play
from tests.attacks.people import BRISK, QUIET, USUAL
from tests.attacks.policies import Policy

VANISHES: Final = 0.1
"""What one visitor may move one figure with a grid of 10."""


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
    Attack("presence, brisk hour", partial(windows.with_company, BRISK), None),
    Attack("emotion, brisk hour", partial(windows.feeling, BRISK), None),
    Attack("dwell, brisk hour", partial(windows.staying, BRISK), None),
    Attack("emotion, homogeneous window", windows.homogeneous, 0.95),
    Attack("presence, threshold steered, quiet hour", windows.at_k_in_a_quiet_hour, 0.6),
    Attack("presence, threshold steered, usual hour", windows.at_k_in_a_usual_hour, None),
    Attack("emotion, edge of a cell steered", windows.filled_cell, None),
    Attack("attention, edge of a class steered", windows.filled_class, 0.4),
    Attack("presence at a moment, maximum steered", windows.crowded_moment, 0.95),
    Attack("presence, unlike anybody, everywhere", windows.all_at_once_alone, 0.95),
    Attack("presence, like his own only, everywhere", windows.all_at_once, 0.95),
    Attack("crossing and zone, brisk hour", windows.through_the_door, None),
    Attack("presence before two cameras", partial(windows.several_cameras, 2), None),
    Attack("presence, carried and then filled up", windows.carried, 0.95),
    Attack("presence, carried and probed", windows.one_by_one, 0.6),
    Attack("emotion of one who comes ten times", windows.shown_by_one, 0.9),
    Attack("presence, fragmented track", sides.in_and_out, 0.95, 0.0),
    Attack("presence, clock stepped around him", sides.stepped_clock, 0.3),
    Attack("presence, device restarted around him", sides.restarted, 0.95, 0.0),
    Attack("k − 1 or nobody, by dropped pictures", sides.dropped_pictures, 0.5),
    Attack("presence for five minutes, by dropped pictures", sides.load_of_one, 0.5),
    Attack("k − 1 or nobody, by times of reports", sides.reports, 0.95),
    Attack("k − 1 or nobody, by lengths of ten cut windows", sides.cut_lengths, 0.7),
    Attack("k − 1 or nobody, by time of arrival", sides.boundary, None),
)
"""By the adversary of docs/PRIVACY.md."""

STRONGER: Final = (
    Attack("presence, k − 1 others known: his, or one body's", windows.knowing_all_at_k, 0.95),
    Attack("presence, quiet hour filled with printed faces", windows.printed, 0.9, 0.7),
    Attack("presence, all others known", windows.knowing_all, 0.95, 0.7),
    Attack("presence, all others known, one short of a step", windows.knowing_all_at_an_edge, 0.95, 0.3),
    Attack("emotion, all others known", windows.knowing_all_feeling, 0.95, 0.5),
)
"""By one who knows all others exactly: rounding bounds him, and doesn't stop him."""

ADDING_UP: Final = (
    Attack("presence before four cameras", partial(windows.several_cameras, 4), None, 0.3),
    *(
        Attack(f"presence of one who comes daily, {days} days", partial(windows.regular, days), None, bound)
        for days, bound in ((1, 0.1), (5, 0.3), (20, 0.6), (60, 0.9))
    ),
)
"""What little each message tells adds up; rounding can't prevent that."""
