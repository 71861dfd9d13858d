"""The files around the outbox: one process per role, and one hand at a time when the file itself is exchanged.

Rules:
  - `sense.lock`, `publish.lock` and the supervisor's `run.lock` are held for a process's whole life: the second one of
    a role refuses.
  - `outbox.lock` is held shared during each use of the outbox file, exclusively while it is made or quarantined: nobody
    writes into a file that was just renamed.
  - flock goes with the process, so kill -9 leaves no stale lock. Lock files are never removed (removing one would let
    two processes hold "the" lock).
  - After a quarantine the next file gets the next generation's name (outbox.2.sqlite): SQLite deletes a journal by its
    name on close, so a process that still has the old file open would delete the new file's journal.
  - At most KEPT_CORRUPT quarantined files stay: a dying card must not fill itself with them.
  - Journal and index stay when the file is closed: on a full disk they could not be made again.
  - A disk that is full, failing or read-only is a passing fault (StoreError); what only a person can mend (a missing
    right) is a StateFolderError. On a read-only disk a lock file that is there is enough.
"""

import errno
import fcntl
import os
import re
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from edged.errors import EdgedError, InUseError, StateFolderError, StoreError

KEPT_CORRUPT: Final = 2
POLL_S: Final = 0.01

_PASSING: Final = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO}
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
"""The bytes that SQLite's connections lock while they have a file open (sqlite.org/fileformat2.html, section 1.4)."""
_MODE: Final = 0o640

_NAME: Final = re.compile(r"outbox(\.(?P<generation>\d+))?\.sqlite(?P<corrupt>\.corrupt-\d{8}T\d{6}Z)?")
_SUFFIXES: Final = ("", "-wal", "-shm")

Role = Literal["sense", "publish", "run"]


def make_folder(folder: Path) -> None:
    """Make the state folder when it is missing.

    Raises:
        StateFolderError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise _folder_error(folder, error) from error


def open_lock(path: Path) -> int:
    """Open a lock file, making it when it is missing; give its descriptor.

    Raises:
        StoreError: the disk can't be written just now, and the file isn't there.
        StateFolderError: the folder can't be written.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    except OSError as error:
        if error.errno == errno.EROFS and path.exists():
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        raise _folder_error(path.parent, error) from error


def make_database(path: Path) -> bool:
    """Make an empty database file when none is there, with the lock files' mode; SQLite gives its journals the same.

    Returns:
        Whether it can be written: False for a file on a read-only disk.

    Raises:
        StoreError: the disk can't be written just now, and there is nothing to read either.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE))
    except OSError as error:
        if error.errno == errno.EROFS and path.exists():
            return False
        if error.errno in _PASSING:
            raise _folder_error(path.parent, error) from error
        # Any other hindrance is SQLite's too, which is asked next and whose errors are sorted out.
    return True


@contextmanager
def left_in_place(path: Path) -> Iterator[None]:
    """While the block closes a database, keep SQLite from clearing its journal away: it then thinks that others read.

    The lock is one of the open file (F_OFD_SETLK, fcntl(2)), which also holds against connections of this process.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            flock = struct.pack("hhqqi", fcntl.F_RDLCK, os.SEEK_SET, _SHARED_FIRST, _SHARED_SIZE, 0)
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, flock)
        yield
    finally:
        os.close(file)


def close_lock(lock: int) -> None:
    """Close a lock file's descriptor."""
    os.close(lock)


def _folder_error(folder: Path, error: OSError) -> EdgedError:
    if error.errno in _PASSING:
        return StoreError(f"the state folder {folder} can't be written just now ({error.strerror})")
    return StateFolderError(
        f"the state folder {folder} can't be written ({error.strerror}): give edged's user write access to it, or set "
        "outbox.folder to another one"
    )


@contextmanager
def exclusive(folder: Path, role: Role) -> Iterator[None]:
    """Be the only process of this role in this state folder, for as long as the block runs.

    Raises:
        InUseError: another one is at work; its pid is named.
        StateFolderError: the folder can't be made or written.
    """
    make_folder(folder)
    descriptor = open_lock(folder / f"{role}.lock")
    try:
        if not _taken(descriptor):
            pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise InUseError(
                f"another edged {role} (pid {pid}) already works in {folder}: stop it, or give this one its own "
                "outbox.folder"
            )
        with suppress(OSError):  # the number is a courtesy, and a full or read-only disk no reason to refuse
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def at_work(folder: Path, role: Role) -> bool | None:
    """Tell whether a process of this role works in this state folder; None when the lock file may not be read."""
    try:
        descriptor = os.open(folder / f"{role}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        return not _taken(descriptor)
    finally:
        os.close(descriptor)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def held(lock: int, *, alone: bool, deadline_s: float) -> Iterator[None]:
    """Hold a lock file (see `open_lock`) during the block, shared with others or alone.

    Raises:
        StoreError: it was not to be had within the deadline.
    """
    flags = (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB
    deadline = time.monotonic() + deadline_s
    while True:
        try:
            fcntl.flock(lock, flags)
            break
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise StoreError(f"the outbox file stayed locked by another process for {deadline_s:g} s") from error
            time.sleep(POLL_S)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at a path, or None: it changes when another process has exchanged the file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def current(folder: Path) -> Path:
    """The outbox file in use, or the name that a new one must take."""
    found = [(file, match) for file in folder.iterdir() if (match := _NAME.fullmatch(file.name))]
    generations = {file: int(match["generation"] or 1) for file, match in found}
    live = [file for file, match in found if match["corrupt"] is None]
    if live:
        return max(live, key=lambda file: generations[file])
    generation = 1 + max(generations.values(), default=0)
    return folder / ("outbox.sqlite" if generation == 1 else f"outbox.{generation}.sqlite")


def quarantine(path: Path, now: float, room: int) -> Path:
    """Move a corrupt outbox file and its journal aside, under a name that tells when; give the new name.

    None is kept when the disk has less than `room` bytes left: the new file needs them more.
    """
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.corrupt-{moment}")
    # The database first: SQLite throws away a journal whose database is new, never the other way round.
    for suffix in _SUFFIXES:
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.replace(aside.with_name(aside.name + suffix))
    corrupt = [(int(match["generation"] or 1), file) for file in path.parent.iterdir() if (match := _as_corrupt(file))]
    disk = os.statvfs(path.parent)
    kept = KEPT_CORRUPT if disk.f_bavail * disk.f_frsize >= room else 0
    for _, old in sorted(corrupt)[: len(corrupt) - kept]:
        for suffix in _SUFFIXES:
            old.with_name(old.name + suffix).unlink(missing_ok=True)
    return aside


def _as_corrupt(file: Path) -> re.Match[str] | None:
    match = _NAME.fullmatch(file.name)
    return match if match and match["corrupt"] else None
