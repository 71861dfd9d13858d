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
    under_systemd = "JOURNAL_STREAM" in os.environ
    handler = logging.StreamHandler(sys.stderr)
    if under_systemd:
        handler.setFormatter(_Journal("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {process:<7} %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
