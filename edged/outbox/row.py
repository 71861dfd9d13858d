"""What the outbox takes and what it hands out."""

from collections.abc import Callable
from dataclasses import dataclass

from edged.messages.common import Stamp
from edged.messages.window import WindowMessage

Compose = Callable[[Stamp], WindowMessage]
"""A message that only lacks its stamp."""


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
    settled: int
    """Acknowledged, kept for a replay."""
    dropped: int
    """Dropped in this epoch."""
    last_sequence: int


@dataclass(frozen=True, slots=True)
class Replay:
    """Which acknowledged rows a connection sends again, by their latest acknowledgement on the store's clock."""

    since: float
    """Those after this moment,"""
    until: float
    """and up to this one: when the connection began."""
