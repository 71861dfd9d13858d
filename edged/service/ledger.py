"""The budget of the differential policy on the disk: one small SQLite file in the state folder, `budget.sqlite`.

Rules:
  - `spend` returns True only when its note is on the disk (synchronous = EXTRA: the journal's removal is synced, too).
    When it can't be put there, nothing is spent, and so nothing is told.
  - Time is what has certainly passed, by the time since boot (CLOCK_BOOTTIME). It is kept in the file: a restart, a
    crash or a step of the wall clock gives nothing back. While the device is off, time stands still.
  - A damaged file is put aside, and the day begins with nothing left: what was spent can't be known any more.
  - The file tells when how much was spent, which the messages tell as well, and nothing about visitors.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from edged.anonymise.budget import DAY_S, Balance, certain_s
from edged.config.model import Config
from edged.errors import StateFolderError
from edged.events import Event, tell
from edged.outbox.faults import is_corruption
from edged.service.protection import micro

FILE: Final = "budget.sqlite"
_TABLES: Final = """
    CREATE TABLE IF NOT EXISTS clock (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        up_s REAL NOT NULL CHECK (up_s >= 0),
        certain_s REAL NOT NULL CHECK (certain_s >= 0)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS spent (
        certain_s REAL NOT NULL CHECK (certain_s >= 0),
        micro INTEGER NOT NULL CHECK (micro > 0)
    ) STRICT;
"""
_DEADLINE_S: Final = 1.0


def up_s() -> float:
    """Seconds since boot, those asleep counted; no one can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class DurableLedger:
    """The device's ledger."""

    def __init__(self, path: Path, daily: int, clock: Callable[[], float] = up_s) -> None:
        """Open the file, making it when it is missing. Raises StateFolderError when that can't be done.

        Args:
            path: the file.
            daily: what may be spent in 24 hours.
            clock: seconds since boot.
        """
        self._daily = daily
        self._clock = clock
        self._failed = False
        try:
            self._db = self._opened(path)
        except sqlite3.Error as error:
            raise StateFolderError(
                f"the budget {path} can't be opened or written ({error}): check who owns it"
            ) from error

    @classmethod
    def of(cls, config: Config) -> Self | None:
        """Open the ledger of the state folder; None when the policy has no budget."""
        if config.privacy.policy != "differential":
            return None
        return cls(config.outbox.folder / FILE, micro(config.privacy.daily_epsilon))

    def spend(self, amount: int, reserve: int = 0) -> bool:
        """Note an amount on the disk, if that and a reserve are left. The time is noted in any case."""
        try:
            with self._db:  # commits, or rolls back
                up = self._clock()
                now = self._certain(up)
                self._db.execute("DELETE FROM spent WHERE certain_s <= ?", (now - DAY_S,))
                self._db.execute("REPLACE INTO clock VALUES (1, ?, ?)", (up, now))
                enough = self._spent(now) + amount + reserve <= self._daily
                if enough and amount:
                    self._db.execute("INSERT INTO spent VALUES (?, ?)", (now, amount))
        except sqlite3.Error as error:
            if not self._failed:
                tell(Event.BUDGET_REFUSES, reason=str(error))
            self._failed = True
            return False
        self._failed = False
        return enough

    def balance(self) -> Balance:
        """Return what is spent and left now; nothing is left while the file can't be read."""
        try:
            spent = self._spent(self._certain(self._clock()))
        except sqlite3.Error:
            spent = self._daily
        return Balance(spent, max(self._daily - spent, 0))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _opened(self, path: Path) -> sqlite3.Connection:
        try:
            return _connected(path)
        except sqlite3.DatabaseError as error:
            if not is_corruption(error):
                raise
            aside = path.replace(path.with_name(f"{path.name}.corrupt"))
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
            tell(Event.BUDGET_DAMAGED, path=str(aside))
            db = _connected(path)
            with db:
                db.execute("INSERT INTO clock VALUES (1, ?, 0)", (self._clock(),))
                db.execute("INSERT INTO spent VALUES (0, ?)", (self._daily,))
            return db

    def _certain(self, up: float) -> float:
        """Return the time that has certainly passed since the file was made."""
        row = self._db.execute("SELECT up_s, certain_s FROM clock").fetchone()
        before, certain = row or (None, 0.0)
        return float(certain + certain_s(before, up))

    def _spent(self, now: float) -> int:
        (spent,) = self._db.execute("SELECT sum(micro) FROM spent WHERE certain_s > ?", (now - DAY_S,)).fetchone()
        return spent or 0


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_DEADLINE_S)
    try:
        db.execute("PRAGMA synchronous = EXTRA")
        _check(db)
        db.executescript(_TABLES)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    """Raise the error that SQLite itself would raise when it came to the damage."""
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        error = sqlite3.DatabaseError(found)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
