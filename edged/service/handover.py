"""Hands messages from the sensing process to the store, and never waits for it long.

Rules:
  - A message is composed when the store gives its stamp, so that a number is used up only by a message that is kept.
  - While the store can't take messages they wait in memory (outbox/memory.py), and it is asked again every RETRY_S:
    each try costs the store's deadline at most, so that sensing goes on meanwhile.
  - What memory had to drop is declared to the store before anything newer goes in.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from edged.errors import StoreError
from edged.events import Event, tell
from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.outbox.memory import MemoryOutbox
from edged.outbox.row import Compose

DEADLINE_S: Final = 1.0
"""So long the sensing process waits for the publishing one to let go of the file."""
RETRY_S: Final = 5.0
"""Seconds between two tries while the store takes nothing."""


class Store(Protocol):
    """What the sensing process needs of the outbox."""

    def append(self, compose: Compose) -> Stamp:
        """Commit a message; raise StoreError when that isn't possible just now."""

    def forgo(self, count: int) -> None:
        """Declare messages that were lost before they got here; raise StoreError likewise."""

    def report(self, report: SenseReport) -> None:
        """Leave word of how sensing is doing."""


class Handover:
    """The sensing process's end of the outbox."""

    def __init__(
        self, store: Store, memory: MemoryOutbox | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._memory = MemoryOutbox() if memory is None else memory
        self._monotonic = monotonic
        self._retry_at = 0.0
        self.fault: str | None = None
        """Why the store took nothing at the last try, in words."""

    def put(self, messages: Iterable[Compose]) -> None:
        """Take messages in and commit what can be committed."""
        for message in messages:
            self._memory.append(message)
        if self.fault is not None and self._monotonic() < self._retry_at:
            return
        if self._memory or self.fault is not None:
            self._commit()

    def finish(self, messages: Iterable[Compose]) -> None:
        """Take the last messages in, and try once more to commit all, whenever the last try was."""
        self._retry_at = 0.0
        self.put(messages)

    def report(self, report: SenseReport) -> None:
        """Leave word; an older word is overwritten, so a missed one is made good by the next."""
        try:
            self._store.report(report)
        except StoreError as error:
            self._fail(error)

    def _commit(self) -> None:
        try:
            if self._memory.lost:
                self._store.forgo(self._memory.lost)
                self._memory.declared()
            while (oldest := self._memory.oldest) is not None:
                self._store.append(oldest)
                self._memory.settle()
        except StoreError as error:
            self._fail(error)
        else:
            self.fault = None

    def _fail(self, error: StoreError) -> None:
        if self.fault is None:
            tell(Event.STORE_REFUSES, reason=str(error))
        self.fault = str(error)
        self._retry_at = self._monotonic() + RETRY_S
