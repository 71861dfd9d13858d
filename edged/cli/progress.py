"""What a long command writes: its answer, piece by piece, and a line on a terminal that says how far it is.

Rules:
  - The line is on standard error; where that is no terminal there is none, or JSON lines when asked for.
  - It makes way for each piece of the answer, for both may be on one terminal.
"""

import json
import sys
import time
from typing import Final

from edged.cli.main import drop_output
from edged.errors import OutputError

EVERY_S: Final = 0.2
LINES_EVERY_S: Final = 1.0
_WIDTH: Final = 24


class Progress:
    """How far something is."""

    def __init__(self, name: str, total: float | None, *, seconds: bool, lines: bool = False) -> None:
        """Begin `name`, which has `total` units (None: unknown); `seconds`: of recording, so that there is a speed.

        `lines`: tell programs, in JSON lines {"done", "total"}, and not people.
        """
        self._name, self._total, self._seconds = name, total, seconds
        self._lines = lines
        self._shows = sys.stderr.isatty() and not lines
        self._began = self._shown = time.monotonic()

    def at(self, done: float) -> None:
        """Say that `done` units are behind."""
        now = time.monotonic()
        if self._shows and now - self._shown >= EVERY_S:
            self._shown = now
            sys.stderr.write(f"\r\x1b[K{describe(self._name, done, self._total, now - self._began, self._seconds)}")
            sys.stderr.flush()
        elif self._lines and now - self._shown >= LINES_EVERY_S:
            self._shown = now
            print(json.dumps({"done": done, "total": self._total}), file=sys.stderr, flush=True)

    def tell(self, answer: str) -> None:
        """Write a piece of the answer to standard output, at once. Raises OutputError, BrokenPipeError."""
        self.wipe()
        try:
            print(answer, end="", flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            drop_output()
            raise OutputError(f"standard output can't be written: {error.strerror}") from error

    def wipe(self) -> None:
        """Wipe the line."""
        if self._shows:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def describe(name: str, done: float, total: float | None, took: float, seconds: bool) -> str:
    """Return the line for `done` of `total` units after `took` seconds."""
    parts = [name]
    if total:
        share = min(done / total, 1.0)
        full = round(share * _WIDTH)
        parts.append(f"[{'#' * full}{'.' * (_WIDTH - full)}] {100 * share:3.0f} %")
    parts.append(
        f"{_clock(done)} of {_clock(total)}" if seconds and total else _clock(done) if seconds else f"{done:g}"
    )
    if seconds and took > 0:
        parts.append(f"{done / took:.1f} × real time")
    if total and done > 0:
        parts.append(f"{_clock(max(total - done, 0.0) * took / done)} left")
    return "  ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
