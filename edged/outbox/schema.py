"""The outbox file: its tables, and how an older file becomes a newer one.

Rules:
  - `message` takes a window or a gap message and nothing else: the CHECKs hold even against a bug above them.
  - A body is stored as the very text that is sent; its sequence and its kind must agree with the row's.
  - `settled_at` is null while the broker owes an acknowledgement, else the time of the acknowledgement (Unix seconds).
  - `acknowledged` is 1 once the broker has acknowledged the row, and stays so when a replay makes it due again.
  - `offered` is 1 once a gap row was handed to the sender: from then on its body may not change.
  - A change of the tables is a new entry at the end of MIGRATIONS; user_version counts those a file has seen.
"""

import os
import sqlite3
from typing import Final

from edged.errors import ConfigError, StateFolderError

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
)


def prepare(db: sqlite3.Connection, device: str) -> str:
    """Bring the file up to date, making it when it is new; give the store's epoch.

    Raises:
        ConfigError: the file belongs to another device.
        StateFolderError: a newer edged wrote the file.
        sqlite3.Error: the file can't be read or written, or it is corrupt.
    """
    db.execute("PRAGMA journal_mode = WAL")
    # A PUBACK is answered by a mark in this file, and a committed release is a promise: only FULL survives a power cut.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -512")
    db.execute("BEGIN IMMEDIATE")
    try:
        _migrate(db)
        row = db.execute("SELECT device, epoch FROM store").fetchone()
        if row is None:
            row = (device, os.urandom(4).hex())
            db.execute("INSERT INTO store VALUES (1, ?, ?, 0, 0)", row)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    owner, epoch = row
    if owner != device:
        raise ConfigError(
            f"the outbox file belongs to the device {owner!r} and device.id says {device!r}: give the device its old "
            "id, or move the outbox file away (what still waits in it is then not sent)"
        )
    return str(epoch)


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
