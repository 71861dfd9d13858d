"""What the outbox hands out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it waits: where it goes and its very bytes."""

    epoch: str
    sequence: int
    topic: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Counts:
    """How full the outbox is."""

    waiting: int
    """Never yet acknowledged."""
    replayed: int
    """Acknowledged once, and due again after a reconnect."""
    settled: int
    """Acknowledged, kept for a replay."""
    dropped: int
    """Dropped in this epoch."""
    last_sequence: int

    @property
    def due(self) -> int:
        """What a broker must still acknowledge."""
        return self.waiting + self.replayed
