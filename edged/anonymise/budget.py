"""What a device may spend of its visitors' privacy in a day, and who keeps count.

Amounts are whole millionths of ε: sums of floats would come out different in another order.

Rules:
  - Pay first: what `spend` has not confirmed must not be computed. A crash between the two loses budget, never privacy.
  - A day is the last 24 hours of time that certainly passed (`certain_s`), as a sliding window: in no 24 hours is more
    than a day's budget spent. No wall clock is asked, so no clock step gives anything back.
"""

from dataclasses import dataclass
from typing import Final, Protocol

MICRO: Final = 1_000_000
"""Millionths."""
DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Balance:
    """The budget at one moment."""

    spent: int
    """In the last 24 hours."""
    left: int


class Ledger(Protocol):
    """Keeps the account of one device."""

    def spend(self, amount: int, reserve: int = 0) -> bool:
        """Note that an amount is spent, and return True; False when amount + reserve is not left, or on a fault.

        When it returns, the note outlives this process and a loss of power.
        """

    def balance(self) -> Balance:
        """Return what is spent and left now."""


class MemoryLedger:
    """One day's budget that never comes back: for whoever looks at a recording, and for tests."""

    def __init__(self, daily: int) -> None:
        self._daily = daily
        self._spent = 0

    def spend(self, amount: int, reserve: int = 0) -> bool:
        """Note an amount."""
        if self._spent + amount + reserve > self._daily:
            return False
        self._spent += amount
        return True

    def balance(self) -> Balance:
        """Return what is spent and left."""
        return Balance(self._spent, self._daily - self._spent)


@dataclass(frozen=True, slots=True)
class Moment:
    """A look at the one clock that nobody can set: the time since this boot."""

    boot: str
    """Id of the boot."""
    uptime_s: float


def certain_s(last: Moment | None, now: Moment) -> float:
    """Seconds that have certainly passed between two looks, or fewer.

    After a reboot only the new boot's uptime is certain: how long the power was off nobody can say who has no clock
    that runs on, and a wall clock that says so may just have been set.
    """
    if last is None:
        return 0.0
    same_boot = last.boot == now.boot
    return max(now.uptime_s - last.uptime_s, 0.0) if same_boot else max(now.uptime_s, 0.0)
