"""A message as it goes to the broker: its bytes, and what MQTT 5 says beside them.

Rules:
  - The schema's id goes along as the user property `schema`, so that a reader may choose before it parses.
  - Expiry counts from the end of the window that was measured, not from the moment of sending; a clock that can't be
    trusted (not set, stepped, a recording's own) lets it count from the sending. Gap and status don't expire: a gap
    says what is missing, and the status is replaced by the next.
  - A message that is past its time still gets LEAST_EXPIRY_S: whoever listens has it, and whoever counts sees no hole.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from edged.outbox.row import Row

LEAST_EXPIRY_S: Final = 3600
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Parcel:
    """One PUBLISH at QoS 1."""

    topic: str
    body: bytes
    schema: str | None = None
    """Id of the body's schema, e.g. edged.window/1; None when the body is none of ours."""
    expiry_s: int | None = None
    """Seconds that it may wait at the broker for an absent subscriber; None: for ever."""
    retain: bool = False


def parcel_of(row: Row, wall: float, expiry_days: int) -> Parcel:
    """Make a parcel of a row of the outbox. `wall`: Unix seconds."""
    told = json.loads(row.body)
    window = told.get("window")
    expiry_s = None
    if window is not None:
        age = wall - datetime.fromisoformat(window["end"]).timestamp() if window["clock"] == "synchronised" else 0.0
        expiry_s = max(LEAST_EXPIRY_S, expiry_days * DAY_S - max(0, int(age)))
    return Parcel(row.topic, row.body, told["schema"], expiry_s)
