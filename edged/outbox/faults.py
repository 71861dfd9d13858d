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
    return _code(error) in _CORRUPT


def sorted_out(path: Path, error: sqlite3.Error, *, opening: bool) -> EdgedError:
    """The error to raise: a person's if the file can't be opened, our own if we broke its rules, else passing."""
    code = _code(error)
    if code in _OUR_MISTAKE:
        return FaultError(f"the outbox {path} refuses this: {error}")
    if code in _UNWRITABLE and opening and not _allowed(path):
        return StateFolderError(f"the outbox {path} can't be opened or written ({error}): check who owns it")
    return StoreError(f"the outbox {path} can't be used just now ({error})")


def _allowed(path: Path) -> bool:
    """Whether it is a file, and ours to write: then what hinders SQLite is the disk, which may pass."""
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return False
    return not path.exists() or (path.is_file() and os.access(path, os.R_OK | os.W_OK))


def _code(error: sqlite3.Error) -> int:
    # The low byte is the kind of error, the rest its detail.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
