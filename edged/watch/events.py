"""What happened as lines of JSON, for pipes: one event a line.

The events: `subscribed`, `lost` (with a reason), `message` (topic, kind, whether it came before, and the message as it
was sent), `skipped` (sequences left out; a gap message may yet declare them), `altered` (a message came again with
other bytes) and `unreadable` (not a message of edged, and why).
"""

import json
from collections.abc import Iterator
from typing import Any

from edged.errors import InputError
from edged.watch.board import Board
from edged.watch.ledger import Entry, Verdict
from edged.watch.subscription import Arrival, Happening, Lost, Subscribed


def lines(board: Board, happening: Happening, now: float, wall: float) -> Iterator[str]:
    """Take a happening in, and tell of it."""
    for event in _events(board, happening, now, wall):
        yield json.dumps(event, ensure_ascii=False, separators=(", ", ": "))


def _events(board: Board, happening: Happening, now: float, wall: float) -> Iterator[dict[str, Any]]:
    match happening:
        case Subscribed(resumed=resumed):
            yield {"event": "subscribed", "resumed": resumed}
        case Lost(reason=reason):
            yield {"event": "lost", "reason": reason}
        case Arrival():
            yield from _arrival(board, happening, now, wall)


def _arrival(board: Board, arrival: Arrival, now: float, wall: float) -> Iterator[dict[str, Any]]:
    try:
        taken = board.take(arrival, now, wall)
        message = json.loads(arrival.body) if arrival.body else None
    except (InputError, ValueError) as error:
        yield {"event": "unreadable", "topic": arrival.topic, "reason": str(error)}
        return
    entry = taken.entry
    if entry is not None and entry.skipped is not None:
        yield {"event": "skipped", **_store(entry), "first": entry.skipped.first, "last": entry.skipped.last}
    if entry is not None and entry.verdict is Verdict.ALTERED:
        yield {"event": "altered", **_store(entry), "sequence": entry.stamp.sequence}
    yield {
        "event": "message",
        "topic": arrival.topic,
        "kind": arrival.topic.rpartition("/")[2],
        "repeated": entry is not None and entry.verdict is not Verdict.NEW,
        "message": message,
    }


def _store(entry: Entry) -> dict[str, str]:
    return {"device": entry.stamp.device, "epoch": entry.stamp.epoch}
