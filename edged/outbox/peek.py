"""Looks into the outbox file of a state folder without changing anything, beside whoever works with it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edged.errors import StoreError
from edged.messages.status import SenseReport
from edged.outbox import files, schema
from edged.outbox.row import Counts

DEADLINE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What an outbox file shows."""

    path: Path
    counts: Counts
    report: SenseReport | None
    used_bytes: int


def peek(folder: Path, device: str) -> Seen | None:
    """Return what the outbox of a state folder holds; None before there is one.

    Raises ConfigError when it is another device's, StoreError when it can't be read.
    """
    try:
        path = files.current(folder)
        if not path.exists():
            return None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"the state folder {folder} can't be read ({error.strerror})") from error
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=DEADLINE_S, isolation_level=None)
        try:
            schema.look(db, device)
            return Seen(path, schema.counts(db), schema.latest_report(db), schema.used_bytes(db))
        finally:
            with files.left_in_place(path):
                db.close()
    except sqlite3.Error as error:
        raise StoreError(f"the outbox {path} can't be read ({error})") from error
