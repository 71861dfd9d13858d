"""The outbox: a SQLite file between the process that sees (it appends) and the one that sends (it settles).

Strategy: every method is one transaction. What `append` has returned for is on the disk (WAL, synchronous = FULL) and
carries (device, epoch, sequence) from the store itself, so neither kill -9 nor a clock step can break the count.

Rules:
  - The stored text is what is sent, byte for byte; a message is serialised once, in the transaction that numbers it.
  - A row ends acknowledged (`settle`, kept for the replay horizon, then `prune`d) or dropped and declared (room.py).
  - A passing fault (disk full, locked, I/O) is a StoreError, and nothing has changed then.
  - A corrupt file is moved aside and a new epoch begun, by whichever process meets it first; the other one notices that
    its file is gone and goes over to the new one.
  - Time comes in as an argument, in Unix seconds; only the deadlines of locks use the monotonic clock.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Self, TypeVar

from edged.errors import FaultError, StoreError
from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.messages.window import WindowMessage
from edged.outbox import faults, files, room, schema
from edged.outbox.row import Counts, Row

BUSY_DEADLINE_S: Final = 5.0
PRUNE_AT_MOST: Final = 2000

_WAITING: Final = (
    "SELECT sequence, topic, body, kind, offered FROM message"
    " WHERE settled_at IS NULL AND sequence > ? ORDER BY sequence LIMIT ?"
)
_UNSETTLED: Final = (
    "SELECT sequence, kind, body FROM message"
    " WHERE sequence = ? AND settled_at IS NULL AND ? = (SELECT epoch FROM store)"
)

T = TypeVar("T")


class Outbox:
    """The durable queue. Make it with `open`; it may be used from several threads."""

    def __init__(
        self, folder: Path, device: str, max_messages: int, replay_horizon_s: float, clock: Callable[[], float]
    ) -> None:
        self._folder = folder
        self._path = folder
        self._device = device
        self._max_messages = max_messages
        self._replay_horizon_s = replay_horizon_s
        self._clock = clock
        self._guard = threading.Lock()
        self._lock = files.open_lock(folder / "outbox.lock")
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._epoch = ""
        self._seen_version = -1
        self.quarantined: Path | None = None
        """The last corrupt file that this process moved aside, if any."""

    @classmethod
    def open(
        cls,
        folder: Path,
        device: str,
        *,
        max_messages: int = 50_000,
        replay_horizon_s: float = 2400.0,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open the outbox of a state folder, making both when they are missing.

        Args:
            folder: the state folder.
            device: id of the device; it goes into every stamp.
            max_messages: rows the file may hold.
            replay_horizon_s: acknowledged rows stay so long.
            clock: Unix seconds; only the name of a quarantined file is made from it.

        Raises:
            StateFolderError: the folder can't be made or written, or a newer edged wrote the file.
            ConfigError: the file belongs to another device.
            StoreError: a passing fault (disk full, locked).
        """
        files.make_folder(folder)
        outbox = cls(folder, device, max_messages, replay_horizon_s, clock)
        try:
            outbox.counts()
        except BaseException:
            outbox.close()
            raise
        return outbox

    def close(self) -> None:
        """Close the file. It can't be used again; closing it twice does no harm."""
        self._disconnect()
        if self._lock >= 0:
            files.close_lock(self._lock)
            self._lock = -1

    @property
    def epoch(self) -> str:
        """Id of the store: made with it, random, short."""
        return self._epoch

    def append(self, compose: Callable[[Stamp], WindowMessage]) -> Stamp:
        """Number, compose, serialise and commit one message; when it returns, the message is on the disk.

        Args:
            compose: builds the message from its stamp. It may be called twice (when the file turns out to be corrupt);
                only the last message counts.

        Raises:
            StoreError: not just now; nothing was committed.
        """

        def work(db: sqlite3.Connection) -> Stamp:
            room.make_room(db, self._max_messages)
            stamp = room.next_stamp(db)
            message = compose(stamp)
            if message.stamp != stamp:
                raise FaultError(f"a message was composed with the stamp {message.stamp} instead of {stamp}")
            room.insert(db, message)
            return stamp

        return self._run(work)

    def waiting(self, limit: int, after: int = 0) -> list[Row]:
        """The oldest messages that the broker has not acknowledged, with a sequence above `after`."""

        def work(db: sqlite3.Connection) -> list[Row]:
            found = db.execute(_WAITING, (after, limit)).fetchall()
            gaps = [(sequence,) for sequence, _, _, kind, offered in found if kind == "gap" and not offered]
            if gaps:
                db.executemany("UPDATE message SET offered = 1 WHERE sequence = ?", gaps)
            return [Row(self._epoch, sequence, topic, body.encode()) for sequence, topic, body, _, _ in found]

        return self._run(work)

    def settle(self, rows: Iterable[Row], now: float) -> None:
        """Mark rows as acknowledged by the broker."""
        marks = [(now, row.sequence, row.epoch) for row in rows]
        self._run(
            lambda db: db.executemany(
                "UPDATE message SET settled_at = ?, acknowledged = 1"
                " WHERE sequence = ? AND ? = (SELECT epoch FROM store)",
                marks,
            )
        )

    def set_aside(self, rows: Iterable[Row]) -> None:
        """Drop rows that no broker will take, and declare them."""
        wanted = [(row.sequence, row.epoch) for row in rows]

        def work(db: sqlite3.Connection) -> None:
            for key in wanted:
                found = db.execute(_UNSETTLED, key).fetchall()
                if found:
                    room.drop(db, found, "unsendable")

        self._run(work)

    def replay(self, now: float) -> int:
        """Make the rows that were acknowledged within the replay horizon due again; give their number."""
        return self._run(
            lambda db: (
                db.execute(
                    "UPDATE message SET settled_at = NULL WHERE settled_at > ?", (now - self._replay_horizon_s,)
                ).rowcount
            )
        )

    def prune(self, now: float) -> int:
        """Remove acknowledged rows that are past the replay horizon, some thousands at a time; give their number."""

        def work(db: sqlite3.Connection) -> int:
            # A mark from the future was made before the clock was set back: it counts from now on.
            db.execute("UPDATE message SET settled_at = ? WHERE settled_at > ?", (now, now))
            return db.execute(
                "DELETE FROM message WHERE sequence IN"
                " (SELECT sequence FROM message WHERE settled_at <= ? ORDER BY settled_at LIMIT ?)",
                (now - self._replay_horizon_s, PRUNE_AT_MOST),
            ).rowcount

        return self._run(work)

    def counts(self) -> Counts:
        """How full it is."""

        def work(db: sqlite3.Connection) -> Counts:
            (due,) = db.execute("SELECT count(*) FROM message WHERE settled_at IS NULL").fetchone()
            (waiting,) = db.execute(
                "SELECT count(*) FROM message WHERE settled_at IS NULL AND acknowledged = 0"
            ).fetchone()
            (settled,) = db.execute("SELECT count(*) FROM message WHERE settled_at IS NOT NULL").fetchone()
            dropped, last_sequence = db.execute("SELECT dropped, last_sequence FROM store").fetchone()
            return Counts(waiting, due - waiting, settled, dropped, last_sequence)

        return self._run(work)

    def report(self, report: SenseReport) -> None:
        """Leave the sensing process's report for the publishing one; only the newest is kept."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO sense_report VALUES (1, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
                (report.model_dump_json(),),
            )

        # A report is worth nothing after a power cut, so it costs the card no sync.
        self._run(work, durable=False)

    def latest_report(self) -> SenseReport | None:
        """The sensing process's newest report; None before the first one."""
        row: tuple[str] | None = self._run(lambda db: db.execute("SELECT body FROM sense_report").fetchone())
        return None if row is None else SenseReport.model_validate_json(row[0])

    def changed(self) -> bool:
        """Whether another process has written since the last call. Cheap: meant to be asked twice a second."""
        with self._guard:
            if self._db is None or files.identity(self._path) != self._file:
                return True
            try:
                (version,) = self._db.execute("PRAGMA data_version").fetchone()
            except sqlite3.Error:
                return True
            was, self._seen_version = self._seen_version, version
            return bool(version != was)

    def _run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """Do one transaction; on a corrupt file begin a new one and do it there."""
        with self._guard:
            try:
                try:
                    return self._transact(work, durable=durable)
                except sqlite3.DatabaseError as error:
                    if not faults.is_corruption(error):
                        raise
                self._begin_anew()
                return self._transact(work, durable=durable)
            except sqlite3.Error as error:
                raise faults.sorted_out(self._path, error, opening=not self._epoch) from error

    def _transact(self, work: Callable[[sqlite3.Connection], T], *, durable: bool) -> T:
        if self._db is None or files.identity(self._path) != self._file:
            self._connect()
        with files.held(self._lock, alone=False, deadline_s=BUSY_DEADLINE_S):
            if self._db is None or files.identity(self._path) != self._file:
                raise StoreError("the outbox file was exchanged just now")
            db = self._db
            if not durable:
                db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            finally:
                if not durable:
                    db.execute("PRAGMA synchronous = FULL")
            return result

    def _connect(self) -> None:
        self._disconnect()
        with files.held(self._lock, alone=True, deadline_s=BUSY_DEADLINE_S):
            self._path = files.current(self._folder)
            self._file = files.identity(self._path)
            files.make_database(self._path)
            db = sqlite3.connect(
                self._path, timeout=BUSY_DEADLINE_S, isolation_level=None, check_same_thread=False, cached_statements=32
            )
            try:
                self._epoch = schema.prepare(db, self._device)
            except BaseException:
                db.close()
                raise
            self._db, self._file = db, files.identity(self._path)

    def _begin_anew(self) -> None:
        """Move the corrupt file aside, unless another process has done so already."""
        self._disconnect()
        with files.held(self._lock, alone=True, deadline_s=BUSY_DEADLINE_S):
            if self._file is not None and files.identity(self._path) == self._file:
                self.quarantined = files.quarantine(self._path, self._clock())

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
