"""The outbox file as one process has it open: transactions on it, whatever becomes of it meanwhile.

Rules:
  - Each transaction works on the file that stands at its place now, which another process may have exchanged.
  - A passing fault (disk full, read-only, failing, locked) is a StoreError, and nothing has changed then. What can be
    read is read all the same: on a read-only disk the file is opened for reading, until writing works again.
  - A corrupt file is moved aside and a new one begun, by whichever process meets it first; the other one notices that
    its file is gone and goes over to the new one.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from edged.errors import StoreError
from edged.outbox import faults, files, schema

T = TypeVar("T")


class StoreFile:
    """The file. It is opened when it is first used; several threads may use it."""

    def __init__(
        self,
        folder: Path,
        device: str,
        *,
        reserve_bytes: int,
        deadline_s: float,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        """Say where it is; the arguments are those of `Outbox.open`."""
        self._folder = folder
        self._path = folder
        self._device = device
        self._reserve_bytes = reserve_bytes
        self._deadline_s = deadline_s
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

    def close(self) -> None:
        """Close it. Closing it twice does no harm."""
        with self._guard:
            self._disconnect()
            if self._lock >= 0:
                files.close_lock(self._lock)
                self._lock = -1

    @property
    def epoch(self) -> str:
        """Id of the store: made with it, random, short. Empty as long as the file could not be opened."""
        return self._store.epoch

    def now(self) -> float:
        """The time on the store's own clock (schema.py)."""
        return self._store.began + self._monotonic()

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do one transaction that changes nothing: it is possible whenever the file can be read."""
        return self._run(lambda db: self._transact(db, "BEGIN", work))

    def write(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
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

    def grow(self) -> None:
        """See to it that file and journal have what is theirs on the disk, if the disk has it."""
        self._run(lambda db: schema.grow(db, self._path, self._reserve_bytes))

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
                timeout=self._deadline_s,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=32,
            )
            try:
                if self._writable:
                    self._store = schema.prepare(db, self._device, self._monotonic())
                    with suppress(sqlite3.OperationalError):  # the disk is nearly full; what is there will do
                        schema.grow(db, self._path, self._reserve_bytes)
                else:
                    self._store = schema.look(db, self._device)
            except BaseException:
                db.close()
                raise
            self._db, self._file = db, files.identity(self._path)

    def _begin_anew(self) -> None:
        """Move the corrupt file aside, unless another process has done so already."""
        self._disconnect()
        with self._held(alone=True):
            if self._file is not None and files.identity(self._path) == self._file:
                self.quarantined = files.quarantine(self._path, self._wall(), room=2 * self._reserve_bytes)

    @contextmanager
    def _held(self, *, alone: bool) -> Iterator[None]:
        if self._lock < 0:
            self._lock = files.open_lock(self._folder / "outbox.lock")
        with files.held(self._lock, alone=alone, deadline_s=self._deadline_s):
            yield

    def _disconnect(self) -> None:
        if self._db is not None:
            with files.left_in_place(self._path):
                self._db.close()
            self._db = None
