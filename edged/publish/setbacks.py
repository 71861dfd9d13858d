"""What went wrong with the broker lately: how long a row of failures it is, who is suspected, what the status says.

Rules:
  - Attempts that came to nothing are forgotten once the broker accepts us. Connections that were lost are forgotten
    only when one has lived for HEALTHY_AFTER_S, longer than any delay: of two devices that share a client id, each is
    thrown out when the other's delay is over, and that must not count as health.
  - BRIEF_IN_A_ROW connections that were accepted and dropped within BRIEF_S, without a word, are put down to another
    client with our id: mosquitto 2.0 does not name a take-over. The suspicion ends with a healthy connection, and with
    any other failure: a rival leaves the broker within reach.
  - Whoever suspects a rival steps aside: it goes on under another client id, so that the two don't throw each other
    out for ever. What is amiss then stands in the status until a person has given each its own.
  - An error is forgotten when a connection has outlived BRIEF_S and a message was acknowledged on it, or after
    FORGET_AFTER_S of being connected; never while what it tells of goes on.
  - Pure: time comes in, in monotonic seconds.
"""

from typing import Final

from edged.publish import reasons
from edged.publish.reasons import Fault, Kind
from edged.publish.state import LONGEST_DELAY_S

BRIEF_S: Final = 18.0
"""Longer than a rival's first three delays (4, 8 and 16 s at the most) and its way to the broker."""
BRIEF_IN_A_ROW: Final = 3
HEALTHY_AFTER_S: Final = 2 * LONGEST_DELAY_S
FORGET_AFTER_S: Final = 60.0


class Setbacks:
    """The record of failures, from the first one until all is well again."""

    def __init__(self, client_id: str) -> None:
        self.error: str | None = None
        """The last error in words; None when all is well."""
        self.standing: str | None = None
        """What goes on being amiss although messages get through; it is told whenever nothing else is."""
        self._client_id = client_id
        self._accepted_at: float | None = None
        self._unreached = 0
        self._lost = 0
        self._brief = 0
        self._rival = False
        self._erred = 0.0
        self._acknowledged = False

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return self._unreached + self._lost

    @property
    def rival(self) -> bool:
        """Whether another client with our id is known or suspected to be behind the last failure."""
        return self._rival

    def accepted(self, now: float) -> None:
        """The broker has accepted us."""
        self._accepted_at = now
        self._unreached = 0

    def acknowledged(self) -> None:
        """The broker has taken a message."""
        self._acknowledged = True

    def note(self, error: str, now: float) -> None:
        """Keep an error for the status."""
        self.error, self._erred, self._acknowledged = error, now, False

    def failed(self, fault: Fault, now: float) -> Fault:
        """The connection is over, or it never came about; give the fault, with the suspicion if there is one."""
        self._if_healthy(now)
        accepted_at, self._accepted_at = self._accepted_at, None
        if accepted_at is None:
            self._unreached += 1
        else:
            self._lost += 1
        if accepted_at is None or fault.kind is not Kind.HUNG_UP:
            self._brief, self._rival = 0, fault.kind is Kind.RIVAL
            return fault
        self._brief = self._brief + 1 if now - accepted_at < BRIEF_S else 0
        self._rival = self._rival or self._brief >= BRIEF_IN_A_ROW
        return reasons.rival_suspected(fault, self._client_id) if self._rival else fault

    def tend(self, now: float, *, sound: bool, leaving: bool = False) -> None:
        """Forget what is over.

        Args:
            now: monotonic seconds.
            sound: nothing else is amiss: no message is refused, and the outbox can be used.
            leaving: this connection is about to end in good order, so it will not get any older.
        """
        self._if_healthy(now)
        if self._accepted_at is None or self._rival or not sound:
            return
        proven = self._acknowledged and (leaving or now - self._accepted_at >= BRIEF_S)
        if proven or now - max(self._erred, self._accepted_at) >= FORGET_AFTER_S:
            self.error = self.standing

    def _if_healthy(self, now: float) -> None:
        if self._accepted_at is not None and now - self._accepted_at >= HEALTHY_AFTER_S:
            self._lost = self._brief = 0
            self._rival = False
