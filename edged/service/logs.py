"""Logs of the services: one line an event, to journald where that listens, to standard error elsewhere.

Rules:
  - journald gets level and text, and the name and the fields of an event (edged/events.py), in its own protocol
    (systemd.io/JOURNAL_NATIVE_PROTOCOL): `journalctl EDGED_EVENT=CAMERA_LOST`. It adds time and unit.
  - What it doesn't take, and the last words of a process, go by standard error, each line with its priority
    (sd-daemon(3), "<2>"): journald may no longer learn whose a datagram is when its sender has ended.
  - Log texts never say anything that depends on who was in view.
"""

import logging
import os
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

JOURNAL: Final = Path("/run/systemd/journal/socket")
_PRIORITY: Final = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Lines(logging.Formatter):
    """Each line begins with its priority."""

    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITY.get(record.levelno, 6)
        return f"<{priority}>{super().format(record)}".replace("\n", f"\n<{priority}>")


class Journal(logging.Handler):
    """Speaks to journald."""

    def __init__(self, address: Path = JOURNAL) -> None:
        """`address`: where it listens."""
        super().__init__()
        self._address = str(address)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._lines = logging.StreamHandler(sys.stderr)
        self._lines.setFormatter(_Lines("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record over."""
        if record.levelno >= logging.CRITICAL or not self._taken(record):
            self._lines.handle(record)

    def _taken(self, record: logging.LogRecord) -> bool:
        priority = _PRIORITY.get(record.levelno, 6)
        told: dict[str, object] = {"MESSAGE": self.format(record), "PRIORITY": priority, "SYSLOG_IDENTIFIER": "edged"}
        extra = record.__dict__
        if "event" in extra:
            told["EDGED_EVENT"] = extra["event"]
            told |= {f"EDGED_{name.upper()}": value for name, value in extra["fields"].items()}
        try:
            self._socket.sendto(_entry(told), socket.MSG_DONTWAIT, self._address)
        except OSError:
            return False
        return True


def _entry(told: Mapping[str, object]) -> bytes:
    """One entry as journald reads it; a text of several lines goes with its length."""
    entry = b""
    for name, value in told.items():
        text = str(value).encode("utf-8", "replace")
        entry += name.encode() + (b"\n" + struct.pack("<Q", len(text)) if b"\n" in text else b"=") + text + b"\n"
    return entry


def set_up(process: str, level: Literal["debug", "info", "warning", "error"]) -> None:
    """Send this process's log lines where they belong."""
    handler: logging.Handler
    if _to_journal():
        handler = Journal()
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(f"%(asctime)s {process:<7} %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _to_journal() -> bool:
    """Say whether standard error is the journal's very stream (systemd.exec(5)), and not a file it was turned to."""
    stream = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"
