"""Draws what may not be foreseen: where the edges of rounding lie.

Rules:
  - On a device, the kernel's own chance draws.
  - A recording has to give the same bytes each time, so what is drawn there hangs on what it showed: on the visits so
    far, to the last bit. A fixed seed would be known to every reader of this code, who could steer to the edges as if
    they weren't drawn at all; the visits to the last bit are known to nobody who hasn't got the recording.
"""

import hashlib
import secrets
from typing import Final

from edged.visits.visit import Visit

_ONE: Final = 1 << 32


class Lots:
    """One camera's."""

    def __init__(self, *, recording: bool) -> None:
        self._shown = hashlib.sha256() if recording else None

    def note(self, visit: Visit) -> None:
        """Take note of what a recording showed."""
        if self._shown:
            known = (visit.start, visit.end, visit.attention, *(visit.scores or ()))
            self._shown.update(repr(tuple(map(float, known))).encode())

    def below(self, limit: int) -> int:
        """Draw a number from 0 to one less than `limit`, each as likely."""
        if self._shown is None:
            return secrets.randbelow(limit)
        self._shown.update(b"drawn")
        return int.from_bytes(self._shown.digest()) % limit

    def share(self) -> float:
        """Draw a number from 0 to nearly 1."""
        return self.below(_ONE) / _ONE
