"""The outbox: a SQLite file between the process that sees (it appends) and the one that sends (it settles).

Strategy: every method is one transaction. What `append` has returned for is on the disk (WAL, synchronous = FULL) and
carries (device, epoch, sequence) from the store itself, so neither kill -9 nor a clock step can break the count.

Rules:
  - The stored text is what is sent, byte for byte; a message is serialised once, in the transaction that numbers it.
  - A row ends acknowledged (`settle`, kept for a `replay`, then `prune`d) or dropped and declared (room.py).
  - What becomes of a file that is corrupt, exchanged or can't be written is file.py's matter: a passing fault is a
    StoreError, and nothing has changed then; after a corrupt file a new epoch begins.
  - How long ago a row was acknowledged is told by the store's own clock (schema.py), so that no clock step shortens the
    replay horizon. The time that the device is off does not count.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeVar

from edged.errors import FaultError, StoreError
from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.outbox import faults, replay, room, schema
from edged.outbox.file import StoreFile
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
    """How much the outbox holds, and how long."""

    max_messages: int
    max_bytes: int
    replay_horizon_s: float


class Outbox:
    """The durable queue. Make it with `open`; it may be used from several threads."""

    def __init__(self, file: StoreFile, limits: Limits) -> None:
        self._file = file
        self._limits = limits

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
        file = StoreFile(
            folder, device, reserve_bytes=reserve_bytes, deadline_s=deadline_s, wall=wall, monotonic=monotonic
        )
        outbox = cls(file, Limits(max_messages, max_bytes, replay_horizon_s))
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
        self._file.close()

    @property
    def epoch(self) -> str:
        """Id of the store: made with it, random, short. Empty as long as the file could not be opened."""
        return self._file.epoch

    @property
    def quarantined(self) -> Path | None:
        """The last corrupt file that this process moved aside, if any."""
        return self._file.quarantined

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

        return self._file.write(work)

    def forgo(self, count: int) -> None:
        """Declare messages that never got here, because the store could not be written for so long."""
        self._file.write(lambda db: room.forgo(db, count))

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

        rows, gaps = self._file.read(found)
        if not gaps:
            return rows
        try:
            return self._file.write(offer)
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
                replay.settle(db, of_rows, self._file.now(), self._limits.replay_horizon_s, heard=heard)

        self._file.write(work)

    def set_aside(self, rows: Iterable[Row]) -> None:
        """Drop rows that no broker will take, and declare those that none has ever taken."""
        wanted = _keys(rows)

        def work(db: sqlite3.Connection) -> None:
            for key in wanted:
                found = db.execute(_UNSETTLED, key).fetchall()
                if found:
                    room.drop(db, found, "unsendable")
            replay.forget(db, wanted)

        self._file.write(work)

    def replay(self, unfinished: Replay | None = None) -> Replay:
        """Tell what is to be sent again, now that a connection begins; it takes in a replay that was not finished."""
        return self._file.read(lambda db: replay.begin(db, self._file.now(), self._limits.replay_horizon_s, unfinished))

    def again(self, due: Replay, limit: int, without: Collection[str] = ()) -> list[Row]:
        """The next rows of a replay, those that were acknowledged longest ago first; none when it is finished."""
        found = self._file.read(lambda db: replay.rows(db, due, limit, without))
        return [Row(self.epoch, sequence, topic, body.encode()) for sequence, topic, body in found]

    def prune(self, unfinished: Replay | None = None) -> int:
        """Remove acknowledged rows that no replay will need, some thousands at a time; give their number.

        What has become of the room that was grown in advance is seen to as well.
        """
        removed = self._file.write(lambda db: replay.prune(db, self._limits.replay_horizon_s, unfinished))
        if not removed:
            self._file.grow()
        return removed

    def probe(self) -> None:
        """Write something that changes nothing, to see whether it can be; raise StoreError when it can't."""
        self._file.write(lambda db: db.execute("UPDATE store SET dropped = dropped"))

    def counts(self) -> Counts:
        """How full it is."""
        return self._file.read(schema.counts)

    def report(self, report: SenseReport) -> None:
        """Leave the sensing process's report for the publishing one; only the newest is kept."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO sense_report VALUES (1, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
                (report.model_dump_json(),),
            )

        # A report is worth nothing after a power cut, so it costs the card no sync.
        self._file.write(work, durable=False)

    def latest_report(self) -> SenseReport | None:
        """The sensing process's newest report; None before the first one."""
        return self._file.read(schema.latest_report)

    def changed(self) -> bool:
        """Whether another process has written since the last call. Cheap: meant to be asked twice a second."""
        return self._file.changed()


def _keys(rows: Iterable[Row]) -> list[replay.Key]:
    return [(row.sequence, row.epoch) for row in rows]
