"""What a capture process and the sensing process say to each other, over a socket pair, a datagram for each word.

Strategy: every report says within how many seconds the next one comes. Who doesn't keep that hangs, wherever it is, and
is killed. So one rule finds a driver that never returns, a library in an endless loop and a halted process.

Rule: no word holds a pixel, a URL or a password; the order holds the source, and is seen by nobody but the process.
"""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Final, Self

from edged.camera.asked import Asked

LONGEST_REPORT: Final = 65536


class Kind(StrEnum):
    """What a report is about."""

    OPENING = "opening"
    OPENED = "opened"
    FRAME = "frame"
    """A frame lies in the mailbox."""
    ALIVE = "alive"
    """Pictures come, none of them due."""
    PAUSED = "paused"
    """A recording's next picture is due when the next word is."""
    DAMAGED = "damaged"
    """Pictures come that can't be decoded."""
    EVENT = "event"
    """To be logged: the event's name, and its fields."""
    LOST = "lost"
    SILENT = "silent"
    ENDED = "ended"
    FAILED = "failed"
    """A person must act: the name of the error's class, and its text."""
    FAULT = "fault"
    """A fault of edged itself."""


LAST_WORDS: Final = frozenset({Kind.LOST, Kind.SILENT, Kind.ENDED, Kind.FAILED, Kind.FAULT})
"""After these the process ends."""


@dataclass(frozen=True, slots=True)
class Report:
    """A word of the capture process."""

    kind: Kind
    within: float = 0.0
    """Seconds within which the next one comes."""
    name: str = ""
    text: str = ""
    live: bool = True
    """Of OPENED: whether it is a camera, not a recording."""
    fields: dict[str, str | float] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the datagram."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, datagram: bytes) -> Self:
        """Read a datagram of `encode`."""
        values = json.loads(datagram)
        return cls(**{**values, "kind": Kind(values["kind"])})


@dataclass(frozen=True, slots=True)
class Order:
    """What a capture process is to do. It fits `Asked`."""

    id: str
    source: str | int
    width: int | None
    height: int | None
    fps: float | None
    pixel_format: str | None
    loop: bool
    max_fps: float
    """At most so many frames per second are wanted."""

    @classmethod
    def of(cls, camera: Asked, max_fps: float) -> Self:
        """Return the order for a configured camera."""
        return cls(
            camera.id,
            camera.source,
            camera.width,
            camera.height,
            camera.fps,
            camera.pixel_format,
            camera.loop,
            max_fps,
        )

    def encode(self) -> bytes:
        """Return the datagram."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, datagram: bytes) -> Self:
        """Read a datagram of `encode`."""
        return cls(**json.loads(datagram))
