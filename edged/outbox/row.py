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
    """Not yet acknowledged, or due again after a reconnect."""
    settled: int
    """Acknowledged, kept for a replay."""
    dropped: int
    """Dropped in this epoch."""
    last_sequence: int
