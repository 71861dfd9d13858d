"""The outbox file: its tables, how an older file becomes a newer one, and how it is grown in advance.

Rules:
  - `message` takes a window or a gap message and nothing else: the CHECKs and the trigger hold even against a bug above
    them. The trigger knows the keys of today's messages, and is made anew when they change.
  - A body is stored as the very text that is sent; its sequence and its kind must agree with the row's.
  - `settled_at` is null until the broker has acknowledged the row, then the time of the latest acknowledgement on the
    store's own clock: seconds that the device has been up, which no step of the wall clock touches. `began` is what
    that clock showed when the monotonic clock was zero; after a reboot it goes on from the last moment that is written
    down. `acknowledged_at` is the time of the first acknowledgement, and `acknowledged` is 1 when somebody listened
    to that one. replay.py tells what they are for.
  - `offered` is 1 once a gap row was handed to the sender: from then on its body may not change.
  - A change of the tables is a new entry at the end of MIGRATIONS; user_version counts those a file has seen.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edged.errors import ConfigError, StateFolderError, StoreError
from edged.messages.gap import GapMessage
from edged.messages.status import SenseReport
from edged.messages.window import WindowMessage
from edged.outbox import faults
from edged.outbox.row import Counts

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE store (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            device TEXT NOT NULL CHECK (length(device) > 0),
            epoch TEXT NOT NULL CHECK (length(epoch) > 0),
            last_sequence INTEGER NOT NULL CHECK (last_sequence >= 0),
            dropped INTEGER NOT NULL CHECK (dropped >= 0)
        ) STRICT
        """,
        """
        CREATE TABLE message (
            sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
            kind TEXT NOT NULL CHECK (kind IN ('window', 'gap')),
            topic TEXT NOT NULL CHECK (topic GLOB 'edged/*/' || kind),
            body TEXT NOT NULL CHECK (length(body) <= 65536 AND json_valid(body)),
            offered INTEGER NOT NULL DEFAULT 0 CHECK (offered IN (0, 1)),
            settled_at REAL,
            CHECK (json_extract(body, '$.schema') GLOB 'edged.' || kind || '/[1-9]*'),
            CHECK (json_extract(body, '$.sequence') = sequence)
        ) STRICT
        """,
        "CREATE INDEX message_due ON message (sequence) WHERE settled_at IS NULL",
        "CREATE INDEX message_settled ON message (settled_at) WHERE settled_at IS NOT NULL",
        """
        CREATE TABLE sense_report (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            body TEXT NOT NULL CHECK (length(body) <= 65536 AND json_valid(body))
        ) STRICT
        """,
    ),
    (
        "ALTER TABLE message ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0 CHECK (acknowledged IN (0, 1))",
        "UPDATE message SET acknowledged = 1 WHERE settled_at IS NOT NULL",
        # The column lies behind the body: a count without this would read the whole file.
        "CREATE INDEX message_new ON message (sequence) WHERE settled_at IS NULL AND acknowledged = 0",
    ),
    (
        "ALTER TABLE store ADD COLUMN began REAL",
        # These were Unix seconds by a clock that may have been wrong: whatever is there was acknowledged just now.
        "UPDATE message SET settled_at = 0 WHERE settled_at IS NOT NULL",
        "CREATE TABLE filler (bytes BLOB NOT NULL) STRICT",
    ),
    (
        "ALTER TABLE message ADD COLUMN acknowledged_at REAL",
        "DROP INDEX message_new",
        # A replay made these due again. Now it goes by the time of their acknowledgement, which is not known any more.
        "UPDATE message SET settled_at = (SELECT coalesce(max(settled_at), 0) FROM message)"
        " WHERE settled_at IS NULL AND acknowledged = 1",
    ),
)

_GUARD: Final = "message_is_known"
_JOURNAL_PAGES: Final = 256
"""The journal begins anew after so many pages (1 MiB), so that it stays within what was grown in advance."""
_MARGIN: Final = 4 * 1024 * 1024
"""Bytes of the disk that growing leaves free for others."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an opened file says of itself."""

    epoch: str
    began: float
    """What the store's clock showed when this boot's monotonic clock was zero."""


def prepare(db: sqlite3.Connection, device: str, monotonic: float) -> Prepared:
    """Bring the file up to date, making it when it is new.

    Raises:
        ConfigError: the file belongs to another device.
        StateFolderError: a newer edged wrote the file.
        sqlite3.Error: the file can't be read or written, or it is corrupt.
    """
    db.execute("PRAGMA journal_mode = WAL")
    # A PUBACK is answered by a mark in this file, and a committed release is a promise: only FULL survives a power cut.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -512")
    db.execute(f"PRAGMA wal_autocheckpoint = {_JOURNAL_PAGES}")
    db.execute("BEGIN IMMEDIATE")
    try:
        _bring_up_to_date(db)
        if db.execute("SELECT 1 FROM store").fetchone() is None:
            db.execute(
                "INSERT INTO store (one, device, epoch, last_sequence, dropped) VALUES (1, ?, ?, 0, 0)",
                (device, os.urandom(4).hex()),
            )
        _guard(db)
        _wind(db, monotonic)
        prepared = look(db, device)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return prepared


def look(db: sqlite3.Connection, device: str) -> Prepared:
    """See whose file it is, changing nothing.

    Raises:
        ConfigError: the file belongs to another device.
        StoreError: it is not of this version, and has to be written first.
    """
    (seen,) = db.execute("PRAGMA user_version").fetchone()
    if seen != len(MIGRATIONS):
        raise StoreError(f"the outbox file is of version {seen}, must become {len(MIGRATIONS)}, and can't be written")
    owner, epoch, began, last = db.execute("SELECT device, epoch, began, last_sequence FROM store").fetchone()
    (newest,) = db.execute("SELECT coalesce(max(sequence), 0) FROM message").fetchone()
    if not (owner and epoch and isinstance(last, int) and last >= newest):
        raise faults.damage(f"the store says {owner!r}, {epoch!r}, {last!r}, and its newest message is {newest!r}")
    if owner != device:
        raise ConfigError(
            f"the outbox file belongs to the device {owner!r} and device.id says {device!r}: give the device its old "
            "id, or move the outbox file away (what still waits in it is then not sent)"
        )
    return Prepared(str(epoch), float(began))


def counts(db: sqlite3.Connection) -> Counts:
    """How full it is."""
    (waiting,) = db.execute("SELECT count(*) FROM message WHERE settled_at IS NULL").fetchone()
    (settled,) = db.execute("SELECT count(*) FROM message WHERE settled_at IS NOT NULL").fetchone()
    dropped, last_sequence = db.execute("SELECT dropped, last_sequence FROM store").fetchone()
    return Counts(waiting, settled, dropped, last_sequence)


def latest_report(db: sqlite3.Connection) -> SenseReport | None:
    """The sensing process's newest report; None before the first one."""
    row: tuple[str] | None = db.execute("SELECT body FROM sense_report").fetchone()
    return None if row is None else SenseReport.model_validate_json(row[0])


def used_bytes(db: sqlite3.Connection) -> int:
    """Bytes of the file that are in use."""
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    return int(pages * size) - free_bytes(db)


def free_bytes(db: sqlite3.Connection) -> int:
    """Bytes of the file that are free for new rows."""
    (pages,) = db.execute("PRAGMA freelist_count").fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    return int(pages * size)


def grow(db: sqlite3.Connection, path: Path, reserve: int) -> None:
    """See to it that file and journal have `reserve` bytes on the disk that are theirs already, if the disk has them.

    On a full disk neither can grow, and even a deletion needs room in the journal. So a blob is written, which
    makes both long, and deleted in a transaction of its own: pages freed in the one that made them are never written.
    """
    journal = path.with_name(f"{path.name}-wal")
    enough = reserve // 2
    if db.execute("SELECT 1 FROM filler").fetchone() is not None:  # killed in the midst of growing
        db.execute("DELETE FROM filler")
    if not reserve or (free_bytes(db) >= enough and journal.stat().st_size >= enough):
        return
    disk = os.statvfs(path)
    if disk.f_bavail * disk.f_frsize < 2 * reserve + _MARGIN:
        return
    db.execute("INSERT INTO filler VALUES (zeroblob(?))", (reserve,))
    db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    db.execute("DELETE FROM filler")
    db.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _guard(db: sqlite3.Connection) -> None:
    """Let the table refuse what has other keys than a message of today."""
    window, gap = (
        ", ".join(f"'{field.alias or name}'" for name, field in kind.model_fields.items())
        for kind in (WindowMessage, GapMessage)
    )
    wanted = (
        f"CREATE TRIGGER {_GUARD} AFTER INSERT ON message WHEN"  # noqa: S608  (names of our own code)
        f" EXISTS (SELECT 1 FROM json_each(new.body) WHERE new.kind = 'window' AND key NOT IN ({window}))"
        f" OR EXISTS (SELECT 1 FROM json_each(new.body) WHERE new.kind = 'gap' AND key NOT IN ({gap}))"
        " BEGIN SELECT RAISE(ABORT, 'this has keys that no message of edged has'); END"
    )
    there = db.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?", (_GUARD,)).fetchone()
    if there is None or there[0] != wanted:
        db.execute(f"DROP TRIGGER IF EXISTS {_GUARD}")
        db.execute(wanted)


def _wind(db: sqlite3.Connection, monotonic: float) -> None:
    """Let the store's clock go on from the last moment that is written down, when the monotonic clock began anew.

    A reboot that goes unnoticed, because the device is up for longer than it was then, does no harm: what the clock
    goes forward by has really passed since.
    """
    (last,) = db.execute("SELECT coalesce(max(settled_at), 0) FROM message").fetchone()
    db.execute("UPDATE store SET began = ? WHERE began IS NULL OR began + ? < ?", (last - monotonic, monotonic, last))


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    try:
        _migrate(db)
        db.execute("SELECT 1 FROM store, message, sense_report, filler").fetchone()
    except sqlite3.OperationalError as error:
        if faults.code(error) == sqlite3.SQLITE_ERROR:  # tables are missing, or there already
            raise faults.damage(f"its tables are not those of its version: {error}") from error
        raise


def _migrate(db: sqlite3.Connection) -> None:
    (seen,) = db.execute("PRAGMA user_version").fetchone()
    if seen > len(MIGRATIONS):
        raise StateFolderError(
            f"the outbox file was written by a newer edged (file version {seen}, this one knows {len(MIGRATIONS)}): "
            "install that version again, or move the file away"
        )
    for statements in MIGRATIONS[seen:]:
        for statement in statements:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
