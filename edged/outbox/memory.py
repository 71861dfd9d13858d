"""The fall-back in memory: what waits while the outbox file takes nothing (disk full, read-only, failing).

Strategy: only the sensing process has one, for only it has what isn't on the disk yet. A message has no number here; it
gets one from the file, in the order in which it came, so that sequences have no holes and no second epoch is needed.
The publishing process needs none: what it can't mark as acknowledged now it marks later, and what it can't read it
can't send.

Rules:
  - Oldest first, and bounded: beyond `max_messages` the oldest go, and `lost` counts them until a gap message in the
    file has declared them.
  - What is here does not survive the process. It was never committed, so no subscriber has been promised it.
"""

from collections import deque

from edged.outbox.row import Compose

MOST_WAITING = 1000
"""Messages held in memory: at a window a minute, the better part of a day."""


class MemoryOutbox:
    """A bounded queue of messages that have no number yet."""

    def __init__(self, max_messages: int = MOST_WAITING) -> None:
        self._waiting: deque[Compose] = deque()
        self._max_messages = max_messages
        self.lost = 0
        """Dropped and not yet declared."""

    def append(self, compose: Compose) -> None:
        """Keep a message; when it is one too many, the oldest goes."""
        self._waiting.append(compose)
        if len(self._waiting) > self._max_messages:
            self._waiting.popleft()
            self.lost += 1

    @property
    def oldest(self) -> Compose | None:
        """The message whose turn it is."""
        return self._waiting[0] if self._waiting else None

    def settle(self) -> None:
        """The oldest is in the file now."""
        self._waiting.popleft()

    def declared(self) -> None:
        """What was lost is declared in the file now."""
        self.lost = 0

    def __len__(self) -> int:
        return len(self._waiting)
