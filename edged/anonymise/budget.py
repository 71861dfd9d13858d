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


def certain_s(before: float | None, now: float) -> float:
    """Seconds that have certainly passed between two looks at the time since boot (None: this is the first look).

    When that time is less than before, the device was booted anew, and has been up for as long as it says: longer ago
    the look before may have been, but how long the power was off only a clock could tell that can also be set.
    """
    if before is None:
        return 0.0
    return now - before if now >= before else now
