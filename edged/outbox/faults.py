"""What SQLite's result codes mean for whoever must act (see sqlite.org/rescode.html)."""

import os
import sqlite3
from pathlib import Path
from typing import Final

from edged.errors import EdgedError, FaultError, StateFolderError, StoreError

_CORRUPT: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE: Final = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_OUR_MISTAKE: Final = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_ERROR}


def is_corruption(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, so that trying again can't help."""
    # Text that is no UTF-8 any more is Python's finding, and has no code.
    return code(error) in _CORRUPT or str(error).startswith("Could not decode to UTF-8")


def damage(told: str) -> sqlite3.DatabaseError:
    """What to raise when the file's content is not what its rules once let in, though SQLite itself sees no harm."""
    error = sqlite3.DatabaseError(told)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def sorted_out(path: Path, error: sqlite3.Error, *, opening: bool) -> EdgedError:
    """The error to raise: a person's if the file can't be opened, our own if we broke its rules, else passing."""
    kind = code(error)
    if kind in _OUR_MISTAKE:
        return FaultError(f"the outbox {path} refuses this: {error}")
    if kind in _UNWRITABLE and opening and not _allowed(path):
        return StateFolderError(f"the outbox {path} can't be opened or written ({error}): check who owns it")
    return StoreError(f"the outbox {path} can't be used just now ({error})")


def _allowed(path: Path) -> bool:
    """Whether it is a file, and ours to write: then what hinders SQLite is the disk, which may pass."""
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return False
    return not path.exists() or (path.is_file() and os.access(path, os.R_OK | os.W_OK))


def code(error: sqlite3.Error) -> int:
    """The primary result code; 0 when it has none."""
    # The low byte is the kind of error, the rest its detail.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
