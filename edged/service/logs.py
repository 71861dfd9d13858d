"""Logs of the services: one line an event, to standard error, levelled for journald.

Rules:
  - Under systemd each line begins with its priority (sd-daemon(3), "<4>") and journald adds the time; elsewhere the
    line carries time and level itself.
  - Log texts never say anything that depends on who was in view.
"""

import logging
import os
import sys
from typing import Literal

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Journal(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITY.get(record.levelno, 6)
        return f"<{priority}>{super().format(record)}".replace("\n", f"\n<{priority}>")


def set_up(process: str, level: Literal["debug", "info", "warning", "error"]) -> None:
    """Send this process's log lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    if _to_journal():
        handler.setFormatter(_Journal("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {process:<7} %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _to_journal() -> bool:
    """Say whether standard error is the journal's very stream (systemd.exec(5)), and not a file it was turned to."""
    stream = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"
