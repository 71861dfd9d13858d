"""Outbox room: the durable queue between the process that sees and the process that sends."""

from edged.outbox.files import exclusive
from edged.outbox.memory import MemoryOutbox
from edged.outbox.row import Compose, Counts, Replay, Row
from edged.outbox.store import Outbox

__all__ = ["Compose", "Counts", "MemoryOutbox", "Outbox", "Replay", "Row", "exclusive"]
