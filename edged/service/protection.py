"""Chooses the protection that the configuration asks for, and the ledger that goes with it.

Rules:
  - The device has one ledger, shared by its cameras: whoever passes several of them is in the windows of each.
  - Without a state folder (`edged analyze`, an example) a budget is for one day, in memory.
"""

from collections.abc import Callable

from edged.anonymise.budget import MICRO, Ledger, MemoryLedger
from edged.anonymise.differential import Differential, opendp_laplace
from edged.anonymise.release import Gate
from edged.anonymise.threshold import Threshold
from edged.config.model import Camera, Config
from edged.config.privacy import Privacy


def ledger_of(config: Config) -> Ledger | None:
    """Return a ledger in memory; None when the policy has no budget."""
    return MemoryLedger(micro(config.privacy.daily_epsilon)) if config.privacy.policy == "differential" else None


def gate_of(privacy: Privacy, camera: Camera, ledger: Ledger | None, below: Callable[[int], int]) -> Gate:
    """Return a camera's gate. Raises UnavailableError when the policy's parts can't be loaded.

    `below` draws the edges of rounding.
    """
    places = len(camera.lines), len(camera.zones)
    if ledger is None:
        protection = Threshold(privacy.k, privacy.rounding, below)
        return Gate(protection, privacy.carry_windows, *places)
    return Gate(Differential(privacy.k, micro(privacy.epsilon), ledger, opendp_laplace()), 0, *places)


def micro(epsilon: float) -> int:
    """Return an ε of the configuration in millionths."""
    return round(epsilon * MICRO)
