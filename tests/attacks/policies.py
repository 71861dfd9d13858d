"""The policies under attack: a deliberately weak one, and that of the default configuration."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from edged.anonymise.release import Gate
from edged.anonymise.threshold import Threshold
from edged.config.model import Camera, Visits
from edged.config.privacy import Privacy
from edged.publish.publisher import POLL_S
from edged.service.lots import Lots
from edged.service.protection import gate_of
from edged.visits.visit import Visit


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to protect, as far as an attack can meet it."""

    gate: Callable[[Camera, Random], Gate]
    """Makes the gate of a camera whose device has just started and draws by this."""
    rolls_up: bool
    """A second message tells a window's visits again, together with what came after them."""
    same_person_s: float
    """As in the configuration of visits."""
    rounds_load: bool
    """Whether the share of dropped pictures is rounded."""
    load_when_withheld: bool
    """Whether a withheld window says how many pictures were dropped."""
    cut_windows: bool
    """Whether a window that a clock step has cut short may be told of."""
    report_grid: bool
    """Whether reports of sensing come on a fixed grid, to the second, rather than 30 s after the last one."""
    polls_s: float
    """How often publish looks into the outbox, in seconds."""
    draws_cuts: bool
    """Whether a window that a clock step cuts ends a drawn time before the step was noticed."""


DEFAULTS: Final = Privacy()
K: Final = DEFAULTS.k
PLANTS: Final = K - 2
"""Visitors whom the stated adversary controls."""


WEAK: Final = Policy(
    lambda camera, _: Gate(Threshold(1, 1, lambda _: 0), 0, len(camera.lines), len(camera.zones)),
    True,
    0.0,
    False,
    True,
    True,
    False,
    0.0,
    False,
)
"""Everything is told, exactly."""
OURS: Final = Policy(
    lambda camera, rng: gate_of(DEFAULTS, camera, None, rng.randrange),
    False,
    Visits().same_person_s,
    True,
    False,
    False,
    True,
    POLL_S,
    True,
)
"""What a device does whose owner changed nothing."""


def recording(camera: Camera, rng: Random) -> Gate:
    """The gate of a recording, of which the adversary knows all but the last bits of its visits."""
    lots = Lots(recording=True)
    lots.note(Visit(10.0, 22.0, 6.0 + rng.random() * 1e-9, None))
    return gate_of(DEFAULTS, camera, None, lots.below)


RECORDING: Final = replace(OURS, gate=recording)
"""What is told of a recording."""
SEEDED: Final = replace(OURS, gate=lambda camera, _: gate_of(DEFAULTS, camera, None, Random(0).randrange))
"""The same with draws from a seed that stands in the code."""
FIXED_EDGES: Final = replace(
    OURS,
    gate=lambda camera, _: gate_of(DEFAULTS, camera, None, lambda below: below // 2),
    load_when_withheld=True,
    cut_windows=True,
)
"""What it would do with edges half-way and the threshold at k, known to everybody."""
