"""Sending again what the broker has acknowledged: a PUBACK isn't durable there.

Rules:
  - A connection begins with a *replay*: the rows that were acknowledged within the replay horizon before the newest
    acknowledgement. How long the broker was away since then doesn't matter: it can't have saved anything meanwhile.
  - What no broker has ever acknowledged goes first (publish/drain.py), then the replay: what was acknowledged longest
    ago comes first, and each row goes to the end of the line when it is acknowledged again. So a link that keeps
    breaking gets through everything, one stretch after the other.
  - A row is in replays until RENEWED_HORIZONS have passed since its *first* acknowledgement, and in one more then: it
    outlives brokers that are killed one after the other, and yet it doesn't come for ever over a link that breaks more
    often than the horizon.
  - Only an acknowledgement while somebody listens counts as the first. A row that the broker took and gave to nobody
    is in replays for UNHEARD_HORIZONS: a broker that was killed is back sooner than its subscribers.
  - Runs inside the transaction of its caller; times are seconds of the store's own clock (schema.py).
"""

import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import Final

from edged.outbox.row import Replay

PRUNE_AT_MOST: Final = 2000
RENEWED_HORIZONS: Final = 6
UNHEARD_HORIZONS: Final = 36
"""A day by default."""

_OWN: Final = "sequence = ? AND ? = (SELECT epoch FROM store)"

Key = tuple[int, str]
"""Sequence and epoch."""


def settle(db: sqlite3.Connection, keys: Iterable[Key], now: float, horizon_s: float, *, heard: bool) -> None:
    """Mark rows as acknowledged; those whose first acknowledgement is long ago are done with.

    Args:
        db: the file, in a transaction.
        keys: which rows.
        now: the time.
        horizon_s: the replay horizon.
        heard: somebody listens to them, as far as the broker tells.
    """
    listed = list(keys)
    # What was never heard before is new to whoever listens now, however long ago it was first acknowledged.
    done, horizons = ("acknowledged", RENEWED_HORIZONS) if heard else ("TRUE", UNHEARD_HORIZONS)
    db.executemany(
        f"DELETE FROM message WHERE {_OWN} AND {done} AND acknowledged_at <= ?",  # noqa: S608  (text of our own)
        [(*key, now - horizons * horizon_s) for key in listed],
    )
    db.executemany(
        "UPDATE message SET settled_at = :now, acknowledged = acknowledged OR :heard,"
        " acknowledged_at = CASE WHEN acknowledged OR NOT :heard THEN coalesce(acknowledged_at, :now) ELSE :now END"
        " WHERE sequence = :sequence AND :epoch = (SELECT epoch FROM store)",
        [{"now": now, "heard": heard, "sequence": sequence, "epoch": epoch} for sequence, epoch in listed],
    )


def forget(db: sqlite3.Connection, keys: Iterable[Key]) -> None:
    """Remove acknowledged rows that the broker will not take again: it has had them once, so nothing is declared."""
    db.executemany(
        f"DELETE FROM message WHERE {_OWN} AND settled_at IS NOT NULL",  # noqa: S608  (text of our own)
        list(keys),
    )


def begin(db: sqlite3.Connection, now: float, horizon_s: float, unfinished: Replay | None) -> Replay:
    """What is to be sent again, now that a connection begins; what an unfinished replay has still to send stays in."""
    since = _horizon(db, horizon_s)
    return Replay(since if unfinished is None else min(since, unfinished.since), now)


def rows(
    db: sqlite3.Connection, replay: Replay, limit: int, without: Collection[str] = ()
) -> list[tuple[int, str, str]]:
    """The next rows of a replay, as (sequence, topic, body), but not of some topics."""
    return db.execute(
        "SELECT sequence, topic, body FROM message WHERE settled_at > ? AND settled_at <= ?"
        " AND topic NOT IN (SELECT value FROM json_each(?)) ORDER BY settled_at, sequence LIMIT ?",
        (replay.since, replay.until, json.dumps(list(without)), limit),
    ).fetchall()


def prune(db: sqlite3.Connection, horizon_s: float, unfinished: Replay | None) -> int:
    """Remove rows that no replay will need, some thousands at a time; give their number."""
    until = _horizon(db, horizon_s)
    return db.execute(
        "DELETE FROM message WHERE sequence IN"
        " (SELECT sequence FROM message WHERE settled_at <= ? ORDER BY settled_at LIMIT ?)",
        (until if unfinished is None else min(until, unfinished.since), PRUNE_AT_MOST),
    ).rowcount


def _horizon(db: sqlite3.Connection, horizon_s: float) -> float:
    """The moment before which an acknowledgement is older than the newest one by the horizon."""
    (newest,) = db.execute("SELECT coalesce(max(settled_at), 0) FROM message").fetchone()
    return float(newest) - horizon_s
