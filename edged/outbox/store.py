"""The outbox: a SQLite file between the process that sees (it appends) and the one that sends (it settles).

Strategy: every method is one transaction. What `append` has returned for is on the disk (WAL, synchronous = FULL) and
carries (device, epoch, sequence) from the store itself, so neither kill -9 nor a clock step can break the count.

Rules:
  - The stored text is what is sent, byte for byte; a message is serialised once, in the transaction that numbers it.
  - A row ends acknowledged (`settle`, kept for a `replay`, then `prune`d) or dropped and declared (room.py).
  - A passing fault (disk full, read-only, failing, locked) is a StoreError, and nothing has changed then. What can be
    read is read all the same: on a read-only disk the file is opened for reading, until writing works again.
  - A corrupt file is moved aside and a new epoch begun, by whichever process meets it first; the other one notices that
    its file is gone and goes over to the new one.
  - How long ago a row was acknowledged is told by the store's own clock (schema.py), so that no clock step shortens the
    replay horizon. The time that the device is off does not count.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeVar

from edged.errors import FaultError, StoreError
from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.outbox import faults, files, replay, room, schema
from edged.outbox.row import Compose, Counts, Replay, Row

BUSY_DEADLINE_S: Final = 5.0

_WAITING: Final = (
    "SELECT sequence, topic, body, kind, offered, json_valid(body) FROM message"
    " WHERE settled_at IS NULL AND sequence > ? AND topic NOT IN (SELECT value FROM json_each(?))"
    " ORDER BY sequence LIMIT ?"
)
_UNSETTLED: Final = (
    "SELECT sequence, kind, body FROM message"
    " WHERE sequence = ? AND settled_at IS NULL AND ? = (SELECT epoch FROM store)"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the outbox holds, how long, and how long it makes its callers wait."""

    max_messages: int
    max_bytes: int
    reserve_bytes: int
    replay_horizon_s: float
    deadline_s: float


class Outbox:
    """The durable queue. Make it with `open`; it may be used from several threads."""

    def __init__(
        self,
        folder: Path,
        device: str,
        limits: Limits,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._path = folder
        self._device = device
        self._limits = limits
        self._wall = wall
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._lock = -1
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._writable = True
        self._store = schema.Prepared("", 0.0)
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
        max_bytes: int = 128 * 1024 * 1024,
        reserve_bytes: int = 0,
        replay_horizon_s: float = 2400.0,
        deadline_s: float = BUSY_DEADLINE_S,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Open the outbox of a state folder, making both when they are missing.

        A passing fault is no reason not to begin: each call then tries again, and raises StoreError until it works.

        Args:
            folder: the state folder.
            device: whose messages; it goes into every stamp.
            max_messages: beyond so many the oldest go, acknowledged ones first; dropped ones are declared.
            max_bytes: the same, for the bytes in use in the file.
            reserve_bytes: so much of file and journal is grown in advance, for a full disk.
            replay_horizon_s: acknowledged rows stay so long, to be sent again after a reconnect (see replay.py).
            deadline_s: so long a call waits for the other process, at most.
            wall: the time in Unix seconds; it only names a quarantined file.
            monotonic: the time in seconds; never set back.

        Raises:
            StateFolderError: the folder or file can't be used, or a newer edged wrote it.
            ConfigError: the file belongs to another device.
        """
        limits = Limits(max_messages, max_bytes, reserve_bytes, replay_horizon_s, deadline_s)
        outbox = cls(folder, device, limits, wall, monotonic)
        try:
            outbox.counts()
        except StoreError:
            pass
        except BaseException:
            outbox.close()
            raise
        return outbox

    def close(self) -> None:
        """Close the file. Closing it twice does no harm."""
        with self._guard:
            self._disconnect()
            if self._lock >= 0:
                files.close_lock(self._lock)
                self._lock = -1

    @property
    def epoch(self) -> str:
        """Id of the store: made with it, random, short. Empty as long as the file could not be opened."""
        return self._store.epoch

    def append(self, compose: Compose) -> Stamp:
        """Number, compose, serialise and commit one message; when it returns, the message is on the disk.

        Args:
            compose: builds the message from its stamp. It may be called twice (when the file turns out to be corrupt);
                only the last message counts.

        Raises:
            StoreError: not just now; nothing was committed.
        """

        def work(db: sqlite3.Connection) -> Stamp:
            room.make_room(db, self._limits.max_messages, self._limits.max_bytes)
            stamp = room.next_stamp(db)
            message = compose(stamp)
            if message.stamp != stamp:
                raise FaultError(f"a message was composed with the stamp {message.stamp} instead of {stamp}")
            room.insert(db, message)
            return stamp

        return self._write(work)

    def forgo(self, count: int) -> None:
        """Declare messages that never got here, because the store could not be written for so long."""
        self._write(lambda db: room.forgo(db, count))

    def waiting(self, limit: int, after: int = 0, without: Collection[str] = ()) -> list[Row]:
        """The oldest messages that no broker has acknowledged, with a sequence above `after`, but not of some topics.

        A gap message is handed out only when it is marked as handed out; while that can't be written, what is behind
        it waits too.
        """

        def found(db: sqlite3.Connection) -> tuple[list[Row], list[int]]:
            rows = db.execute(_WAITING, (after, json.dumps(list(without)), limit)).fetchall()
            if not all(valid for *_, valid in rows):
                raise faults.damage("a message is no JSON any more")
            new_gaps = [sequence for sequence, _, _, kind, offered, _ in rows if kind == "gap" and not offered]
            return [Row(self.epoch, sequence, topic, body.encode()) for sequence, topic, body, *_ in rows], new_gaps

        def offer(db: sqlite3.Connection) -> list[Row]:
            rows, gaps = found(db)
            db.executemany("UPDATE message SET offered = 1 WHERE sequence = ?", [(gap,) for gap in gaps])
            return rows

        rows, gaps = self._read(found)
        if not gaps:
            return rows
        try:
            return self._write(offer)
        except StoreError:
            before = [row for row in rows if row.sequence < gaps[0]]
            if not before:
                raise
            return before

    def settle(self, rows: Iterable[Row], unheard: Iterable[Row] = ()) -> None:
        """Mark rows as acknowledged by the broker; of `unheard` it said that nobody listens to them."""
        keys = {True: _keys(rows), False: _keys(unheard)}

        def work(db: sqlite3.Connection) -> None:
            for heard, of_rows in keys.items():
                replay.settle(db, of_rows, self._now(), self._limits.replay_horizon_s, heard=heard)

        self._write(work)

    def set_aside(self, rows: Iterable[Row]) -> None:
        """Drop rows that no broker will take, and declare those that none has ever taken."""
        wanted = _keys(rows)

        def work(db: sqlite3.Connection) -> None:
            for key in wanted:
                found = db.execute(_UNSETTLED, key).fetchall()
                if found:
                    room.drop(db, found, "unsendable")
            replay.forget(db, wanted)

        self._write(work)

    def replay(self, unfinished: Replay | None = None) -> Replay:
        """Tell what is to be sent again, now that a connection begins; it takes in a replay that was not finished."""
        return self._read(lambda db: replay.begin(db, self._now(), self._limits.replay_horizon_s, unfinished))

    def again(self, due: Replay, limit: int, without: Collection[str] = ()) -> list[Row]:
        """The next rows of a replay, those that were acknowledged longest ago first; none when it is finished."""
        found = self._read(lambda db: replay.rows(db, due, limit, without))
        return [Row(self.epoch, sequence, topic, body.encode()) for sequence, topic, body in found]

    def prune(self, unfinished: Replay | None = None) -> int:
        """Remove acknowledged rows that no replay will need, some thousands at a time; give their number.

        What has become of the room that was grown in advance is seen to as well.
        """
        removed = self._write(lambda db: replay.prune(db, self._limits.replay_horizon_s, unfinished))
        if not removed:
            self._run(self._grow)
        return removed

    def probe(self) -> None:
        """Write something that changes nothing, to see whether it can be; raise StoreError when it can't."""
        self._write(lambda db: db.execute("UPDATE store SET dropped = dropped"))

    def counts(self) -> Counts:
        """How full it is."""
        return self._read(schema.counts)

    def report(self, report: SenseReport) -> None:
        """Leave the sensing process's report for the publishing one; only the newest is kept."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO sense_report VALUES (1, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
                (report.model_dump_json(),),
            )

        # A report is worth nothing after a power cut, so it costs the card no sync.
        self._write(work, durable=False)

    def latest_report(self) -> SenseReport | None:
        """The sensing process's newest report; None before the first one."""
        return self._read(schema.latest_report)

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

    def _now(self) -> float:
        return self._store.began + self._monotonic()

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do one transaction that changes nothing: it is possible whenever the file can be read."""
        return self._run(lambda db: self._transact(db, "BEGIN", work))

    def _write(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """Do one transaction."""

        def whole(db: sqlite3.Connection) -> T:
            if durable:
                return self._transact(db, "BEGIN IMMEDIATE", work)
            db.execute("PRAGMA synchronous = NORMAL")
            try:
                return self._transact(db, "BEGIN IMMEDIATE", work)
            finally:
                db.execute("PRAGMA synchronous = FULL")

        return self._run(whole)

    @staticmethod
    def _transact(db: sqlite3.Connection, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        db.execute(begin)
        try:
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return result

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work on the file as it is now; when it is corrupt, begin a new one and work on that."""
        with self._guard:
            try:
                try:
                    return self._use(work)
                except sqlite3.DatabaseError as error:
                    if not faults.is_corruption(error):
                        raise
                self._begin_anew()
                return self._use(work)
            except OSError as error:
                raise StoreError(f"the outbox {self._path} can't be used just now ({error.strerror})") from error
            except sqlite3.Error as error:
                if not self._writable:
                    self._disconnect()  # it may be writable again by the next call
                    raise StoreError(f"the disk of the outbox {self._path} is read-only ({error})") from error
                raise faults.sorted_out(self._path, error, opening=self._db is None) from error

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._db is None or files.identity(self._path) != self._file:
            self._connect()
        with self._held(alone=False):
            if self._db is None or files.identity(self._path) != self._file:
                raise StoreError("the outbox file was exchanged just now")
            return work(self._db)

    def _connect(self) -> None:
        self._disconnect()
        files.make_folder(self._folder)
        with self._held(alone=True):
            self._path = files.current(self._folder)
            self._file = files.identity(self._path)
            self._writable = files.make_database(self._path)
            db = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode={'rw' if self._writable else 'ro'}",
                uri=True,
                timeout=self._limits.deadline_s,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=32,
            )
            try:
                if self._writable:
                    self._store = schema.prepare(db, self._device, self._monotonic())
                    with suppress(sqlite3.OperationalError):  # the disk is nearly full; what is there will do
                        self._grow(db)
                else:
                    self._store = schema.look(db, self._device)
            except BaseException:
                db.close()
                raise
            self._db, self._file = db, files.identity(self._path)

    def _grow(self, db: sqlite3.Connection) -> None:
        schema.grow(db, self._path, self._limits.reserve_bytes)

    def _begin_anew(self) -> None:
        """Move the corrupt file aside, unless another process has done so already."""
        self._disconnect()
        with self._held(alone=True):
            if self._file is not None and files.identity(self._path) == self._file:
                self.quarantined = files.quarantine(self._path, self._wall(), room=2 * self._limits.reserve_bytes)

    @contextmanager
    def _held(self, *, alone: bool) -> Iterator[None]:
        if self._lock < 0:
            self._lock = files.open_lock(self._folder / "outbox.lock")
        with files.held(self._lock, alone=alone, deadline_s=self._limits.deadline_s):
            yield

    def _disconnect(self) -> None:
        if self._db is not None:
            with files.left_in_place(self._path):
                self._db.close()
            self._db = None


def _keys(rows: Iterable[Row]) -> list[replay.Key]:
    return [(row.sequence, row.epoch) for row in rows]
