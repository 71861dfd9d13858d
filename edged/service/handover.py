"""Hands messages from the sensing process to the store, and never waits for it long.

Rules:
  - A message is composed when the store gives its stamp, so that a number is used up only by a message that is kept.
  - While the store can't take messages they wait here in memory, oldest first and bounded; beyond that the oldest go.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from edged.errors import StoreError
from edged.events import Event, tell
from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.messages.window import WindowMessage

Compose = Callable[[Stamp], WindowMessage]
"""A message that only lacks its stamp."""

MOST_WAITING = 1000
"""Messages held in memory: at a window a minute, the better part of a day."""


class Store(Protocol):
    """What the sensing process needs of the outbox."""

    def append(self, compose: Callable[[Stamp], WindowMessage]) -> Stamp:
        """Commit a message; raise StoreError when that isn't possible just now."""

    def report(self, report: SenseReport) -> None:
        """Leave word of how sensing is doing."""


class Handover:
    """The sensing process's end of the outbox."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[Compose] = deque(maxlen=MOST_WAITING)
        self.fault: str | None = None
        """Why the store took nothing at the last try, in words."""

    def put(self, messages: Iterable[Compose]) -> None:
        """Take messages in and commit what can be committed."""
        self._waiting.extend(messages)
        try:
            while self._waiting:
                self._store.append(self._waiting[0])
                self._waiting.popleft()
        except StoreError as error:
            self._fail(error)
        else:
            self.fault = None

    def report(self, report: SenseReport) -> None:
        """Leave word; an older word is overwritten, so a missed one is made good by the next."""
        try:
            self._store.report(report)
        except StoreError as error:
            self._fail(error)

    def _fail(self, error: StoreError) -> None:
        if self.fault is None:
            tell(Event.STORE_REFUSES, reason=str(error))
        self.fault = str(error)
