"""All that the sensing side may write into the log: a closed list of events, each with its words and its fields.

Rules:
  - A field is about the device, never about who was in view: there is none for a count, a face, a time of a visit.
    tests/architecture holds the list of fields, and that no module on the sensing side logs by another way.
  - Each record carries the event's name (`event`), so that a handler need not hang on the wording.
"""

import enum
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_log = logging.getLogger("edged.sense")

FIELDS: Final = frozenset(
    {"camera", "reason", "width", "height", "fps", "pixel_format", "path", "state", "stage", "limit_s"}
)
"""What an event may speak of."""


class Event(enum.Enum):
    """Severity and words of each event."""

    CAMERA_OPENED = (logging.INFO, "camera {camera!r} gives {width}×{height} at {fps} fps as {pixel_format}")
    CAMERA_DIFFERS = (logging.WARNING, "camera {camera!r} doesn't give what was asked for: {reason}")
    CAMERA_LOST = (logging.WARNING, "{reason}; trying again")
    CAMERA_STATE = (logging.INFO, "camera {camera!r} is {state}")
    CAMERA_REOPENED = (logging.INFO, "camera {camera!r} is opened anew: {reason}")
    MODELS_LOADED = (logging.INFO, "looking with {reason}")
    EDGETPU_LEFT = (logging.ERROR, "{reason}")
    STAGE_STUCK = (
        logging.CRITICAL,
        "the stage {stage!r} has made no progress for {limit_s} s: ending, to be started again",
    )
    STORE_REFUSES = (logging.ERROR, "the outbox takes nothing, messages wait in memory: {reason}")
    BUDGET_REFUSES = (logging.ERROR, "the budget can't be written, so windows are withheld: {reason}")
    BUDGET_DAMAGED = (logging.ERROR, "the budget file was damaged and is now {path}; nothing is told for 24 hours")


def tell(event: Event, **fields: str | float) -> None:
    """Write an event into the log."""
    level, words = event.value
    _log.log(level, words.format(**fields), extra={"event": event.name, "fields": fields})


class _Sink(logging.Handler):
    def __init__(self, sink: Callable[[str, dict[str, str | float]], None]) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        self._sink(record.__dict__["event"], record.__dict__["fields"])


def send_to(sink: Callable[[str, dict[str, str | float]], None]) -> None:
    """In a process without a log of its own: hand the name and the fields of each event to `sink`."""
    _log.addHandler(_Sink(sink))
    _log.propagate = False
    _log.setLevel(logging.DEBUG)


@contextmanager
def sent_to(sink: Callable[[str, dict[str, str | float]], None]) -> Iterator[None]:
    """For a command that shows events in its own way: the same, for as long as the block runs."""
    handlers, propagate, level = _log.handlers[:], _log.propagate, _log.level
    send_to(sink)
    try:
        yield
    finally:
        _log.handlers[:], _log.propagate = handlers, propagate
        _log.setLevel(level)
