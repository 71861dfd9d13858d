"""Making room in a full outbox: the oldest go first, and one gap message says how many and which.

Rules:
  - Acknowledged rows that are only kept for a replay go before any that still wait, and need no declaration.
  - What is dropped while it waits is declared. As long as a gap message has not been handed to the sender, further
    drops are merged into it; from then on its bytes are fixed, and the next drop begins a new one.
  - A gap message is a message like any other: it has its own sequence, it is sent in its turn, and when an offered one
    must go itself, what it declared is taken over by the next.
  - Runs inside the transaction of its caller.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Self

from pydantic import ValidationError

from edged.messages.common import Stamp
from edged.messages.gap import GapMessage
from edged.messages.topics import OutboxMessage, topic_of
from edged.outbox import faults, schema

Reason = Literal["outbox_full", "unsendable", "store_failed"]

LARGEST_BODY: Final = 65_536
"""Bytes of the largest message that the tables take."""
_AT_A_TIME: Final = 16
"""Rows dropped before it is looked again whether the bytes are enough."""

_ROWS: Final = """
    SELECT (SELECT count(*) FROM message WHERE settled_at IS NULL)
         + (SELECT count(*) FROM message WHERE settled_at IS NOT NULL)
"""
"""Each half has an index of its own; counted as a whole, every body would be read."""
_VICTIMS: Final = """
    SELECT sequence, kind, body FROM message WHERE settled_at IS NULL AND NOT (kind = 'gap' AND offered = 0)
    ORDER BY sequence LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Lost:
    """A set of messages that will never come."""

    count: int
    first: int
    last: int

    @classmethod
    def of(cls, sequence: int, kind: str, body: str) -> Self:
        """What is lost with this row: itself, and what it declared if it is a gap message."""
        if kind != "gap":
            return cls(1, sequence, sequence)
        gap = _gap_of(body)
        return cls(gap.dropped + 1, min(gap.first_sequence, sequence), max(gap.last_sequence, sequence))

    def __add__(self, other: "Lost") -> "Lost":
        return Lost(self.count + other.count, min(self.first, other.first), max(self.last, other.last))


def next_stamp(db: sqlite3.Connection) -> Stamp:
    """Take the next sequence from the store."""
    device, epoch, sequence = db.execute(
        "UPDATE store SET last_sequence = last_sequence + 1 RETURNING device, epoch, last_sequence"
    ).fetchone()
    return Stamp(device, epoch, sequence)


def insert(db: sqlite3.Connection, message: OutboxMessage) -> None:
    """Put a message in as it will be sent."""
    kind = "gap" if isinstance(message, GapMessage) else "window"
    db.execute(
        "INSERT INTO message (sequence, kind, topic, body) VALUES (?, ?, ?, ?)",
        (message.sequence, kind, topic_of(message), message.model_dump_json()),
    )


def make_room(db: sqlite3.Connection, max_messages: int, max_bytes: int) -> None:
    """Drop what must go so that one more message fits."""
    (rows,) = db.execute(_ROWS).fetchone()
    excess = rows + 1 - max_messages
    while excess > 0:
        removed = _remove_settled(db, excess) or _drop_oldest(db, excess)
        if not removed:
            return
        excess -= removed
    while schema.used_bytes(db) + LARGEST_BODY > max_bytes:
        if not (_remove_settled(db, _AT_A_TIME) or _drop_oldest(db, _AT_A_TIME)):
            return


def forgo(db: sqlite3.Connection, count: int) -> None:
    """Declare messages that were never committed, because the disk failed: each gets a number, and none will come."""
    (before,) = db.execute("SELECT last_sequence FROM store").fetchone()
    db.execute("UPDATE store SET last_sequence = last_sequence + ?, dropped = dropped + ?", (count, count))
    _tell(db, Lost(count, before + 1, before + count), "store_failed")


def _remove_settled(db: sqlite3.Connection, count: int) -> int:
    return db.execute(
        "DELETE FROM message WHERE sequence IN"
        " (SELECT sequence FROM message WHERE settled_at IS NOT NULL ORDER BY settled_at LIMIT ?)",
        (count,),
    ).rowcount


def _drop_oldest(db: sqlite3.Connection, count: int) -> int:
    """Drop rows that wait; give how many fewer there are then."""
    own = 0 if _open_gap(db, "outbox_full") else 1
    victims = db.execute(_VICTIMS, (count + own,)).fetchall()
    if len(victims) <= own:
        return 0
    drop(db, victims, "outbox_full")
    return len(victims) - own


def drop(db: sqlite3.Connection, rows: Iterable[tuple[int, str, str]], reason: Reason) -> None:
    """Delete these waiting rows of (sequence, kind, body), at least one, and declare them."""
    listed = list(rows)
    db.executemany("DELETE FROM message WHERE sequence = ?", [(sequence,) for sequence, _, _ in listed])
    db.execute("UPDATE store SET dropped = dropped + ?", (len(listed),))
    lost = Lost.of(*listed[0])
    for row in listed[1:]:
        lost += Lost.of(*row)
    _tell(db, lost, reason)


def _tell(db: sqlite3.Connection, lost: Lost, reason: Reason) -> None:
    gap = _open_gap(db, reason)
    if gap is None:
        insert(db, _declare(next_stamp(db), lost, reason))
        return
    lost += Lost(gap.dropped, gap.first_sequence, gap.last_sequence)
    merged = _declare(gap.stamp, lost, reason)
    db.execute("UPDATE message SET body = ? WHERE sequence = ?", (merged.model_dump_json(), merged.sequence))


def _open_gap(db: sqlite3.Connection, reason: Reason) -> GapMessage | None:
    row = db.execute(
        "SELECT body FROM message WHERE settled_at IS NULL AND kind = 'gap' AND offered = 0"
        " AND json_extract(body, '$.reason') = ?",
        (reason,),
    ).fetchone()
    return None if row is None else _gap_of(row[0])


def _gap_of(body: str) -> GapMessage:
    try:
        return GapMessage.model_validate_json(body)
    except ValidationError as error:
        raise faults.damage("a gap message is none any more") from error


def _declare(stamp: Stamp, lost: Lost, reason: Reason) -> GapMessage:
    return GapMessage(
        device=stamp.device,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
        dropped=lost.count,
        first_sequence=lost.first,
        last_sequence=lost.last,
        reason=reason,
    )
