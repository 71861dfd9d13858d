"""Empties the outbox into a connection, and writes down what the broker acknowledged.

Rules:
  - A row is settled on its PUBACK and on nothing else; the marks of one turn share one transaction.
  - The outbox decides what there is, the window what is in flight; here is only the way between them.
  - What no broker has ever acknowledged goes first, oldest first; the replay (outbox/replay.py) goes when nothing of
    that can go. So a link that keeps breaking empties the outbox all the same.
  - What the outbox can't do now (disk full) it is asked again after STORE_RETRY_S; what it still can, it is asked at
    once. What was acknowledged meanwhile waits in the window, bounded.
  - A broker that was killed may have forgotten its subscribers, and what it takes before they are back reaches nobody.
    It says so (MQTT 5), and when a topic that nobody listened to is listened to again, the horizon is sent once more.
  - A disk that takes nothing is noticed also when there is nothing to write: where neither process has written for
    PROBE_AFTER_S, something is written that changes nothing.
"""

import logging
from collections.abc import Callable, Collection
from typing import Final, TypeVar

from edged.errors import StoreError
from edged.outbox.row import Replay, Row
from edged.outbox.store import Outbox
from edged.publish.happenings import Accepted, Acknowledged
from edged.publish.link import Link
from edged.publish.parcel import parcel_of
from edged.publish.reasons import Verdict
from edged.publish.status import Look
from edged.publish.window import Window

log = logging.getLogger(__name__)

STORE_RETRY_S: Final = 5.0
PRUNE_EVERY_S: Final = 60.0
PROBE_AFTER_S: Final = 45.0
"""The sensing process reports every 30 s, so that a device in good order never needs a probe."""

T = TypeVar("T")


class Drain:
    """The outbox as the publisher uses it. Times are monotonic seconds, except `wall` (Unix seconds)."""

    def __init__(self, outbox: Outbox, expiry_days: int, note: Callable[[str], None]) -> None:
        self._outbox = outbox
        self._expiry_days = expiry_days
        self._note = note
        self._epoch = outbox.epoch
        self._window = Window()
        self._largest_body: int | None = None
        self._more = True
        self._prune_at = 0.0
        self._replay_due = False
        self._replay: Replay | None = None
        self._unsendable: list[Row] = []
        self._failing: dict[str, float] = {}
        self._sense_fails = False
        self._probe_at: float | None = None
        self._unheard: set[str] = set()

    @property
    def degraded(self) -> bool:
        """Something that this or the sensing process last asked the outbox for failed."""
        return bool(self._failing) or self._sense_fails

    @property
    def flying(self) -> int:
        """Messages that the broker owes an answer for."""
        return self._window.flying

    def sound(self, now: float) -> bool:
        """Nothing is amiss: no row is refused, and the outbox can be used."""
        return not self._failing and not self._window.holds(now)

    def connected(self, accepted: Accepted) -> None:
        """A connection begins: what was acknowledged lately is due again."""
        self._window.connected(accepted.receive_maximum)
        self._largest_body = accepted.largest_body
        self._replay_due = True
        self._unheard.clear()

    def lost(self, now: float) -> None:
        """The connection has ended."""
        suspect = self._window.lost(now)
        if suspect is not None:
            self._note(f"message {suspect.sequence} is tried again later: the broker keeps hanging up on it")

    def tend(self, now: float) -> Look | None:
        """Write down what happened; when something has changed in the outbox, give a look at it."""
        self._write(now)
        if not self._outbox.changed():
            self._probe(now)
            return None
        self._more = True
        self._probe_at = now + PROBE_AFTER_S
        look = self.look(now)
        if self._outbox.epoch != self._epoch:
            if self._epoch:
                self._note("the outbox file was corrupt and was moved aside; a new epoch begins")
            self._epoch, self._replay = self._outbox.epoch, None
            self._window.rewind()
        return look

    def _probe(self, now: float) -> None:
        """See whether the outbox can be written, when nobody else has for long."""
        if self._probe_at is None or "probe" in self._failing or now >= self._probe_at:
            self._probe_at = now + PROBE_AFTER_S
            self._try("probe", self._outbox.probe, now)

    def _write(self, now: float) -> None:
        taken = self._window.to_settle()
        if taken:
            heard = [each.row for each in taken if each.heard]
            unheard = [each.row for each in taken if not each.heard]
            self._try("settle", lambda: self._outbox.settle(heard, unheard), now)
            if "settle" not in self._failing:
                self._window.settled(taken)
        if self._replay_due and not self._window.to_settle():
            replay = self._try("replay", lambda: self._outbox.replay(self._replay), now)
            if replay is not None:
                self._replay_due, self._replay, self._more = False, replay, True
        if self._unsendable:
            unsendable = tuple(self._unsendable)
            self._try("set aside", lambda: self._outbox.set_aside(unsendable), now)
            if "set aside" not in self._failing:
                self._unsendable.clear()
        if now >= self._prune_at:
            pruned = self._try("prune", lambda: self._outbox.prune(self._replay), now)
            if "prune" not in self._failing:
                self._prune_at = now + (0.0 if pruned else PRUNE_EVERY_S)

    def look(self, now: float) -> Look | None:
        """See how full the outbox is and what the sensing process reports; None when it can't be used."""
        seen = self._try("look", lambda: Look(self._outbox.counts(), self._outbox.latest_report()), now)
        if seen is not None and seen.report is not None:
            self._sense_fails = seen.report.store == "degraded"
        return seen

    def send(self, link: Link, now: float, wall: float) -> None:
        """Send what is due and fits into the window."""
        self._more = self._more or self._window.wakes(now)
        if not self._more:
            return
        rows = self._try("fetch", lambda: self._window.due(self._outbox.waiting, now) or self._again(now), now)
        if rows is None:
            return
        for row in rows:
            if self._largest_body is not None and len(row.body) > self._largest_body:
                self._give_up(row, f"it is larger than the broker's {self._largest_body} bytes")
            else:
                self._window.sent(link.send(parcel_of(row, wall, self._expiry_days)), row)
        self._more = bool(rows) or not self._window.room

    def _again(self, now: float) -> list[Row]:
        """Choose the rows of the replay to send now."""
        replay = self._replay
        if replay is None:
            return []

        def fetch(limit: int, shut: Collection[str]) -> list[Row]:
            rows = self._outbox.again(replay, limit, shut)
            if not (rows or shut):
                self._replay = None
            return rows

        return self._window.next(fetch, now)

    def answered(self, answer: Acknowledged, now: float) -> None:
        """Heed the broker's answer."""
        self._more = True
        match answer.verdict:
            case Verdict.TAKEN:
                row = self._window.taken(answer.mid, heard=not answer.unheard)
                if row is not None:
                    self.taken(row.topic, answer)
            case Verdict.NOT_NOW:
                row = self._window.refused(answer.mid, now)
                if row is not None:
                    self._note(f"the broker refuses message {row.sequence} on {row.topic}: {answer.text}")
            case Verdict.NEVER:
                row = self._window.discarded(answer.mid)
                if row is not None:
                    self._give_up(row, answer.text)

    def taken(self, topic: str, answer: Acknowledged) -> None:
        """The broker has taken a message of this topic, be it a row or the status: see who listens."""
        if answer.unheard:
            self._unheard.add(topic)
        elif topic in self._unheard:
            self._unheard.remove(topic)
            self._replay_due = True

    def empty(self, now: float) -> bool:
        """Everything has been acknowledged, and the outbox knows it."""
        if self._window.flying or self._window.to_settle() or self._unsendable:
            return False
        if self._replay_due or self._replay is not None:
            return False
        counts = self._try("look", self._outbox.counts, now)
        return counts is not None and counts.waiting == 0

    def _give_up(self, row: Row, why: str) -> None:
        self._unsendable.append(row)
        self._note(f"message {row.sequence} is given up, a gap message will declare it: {why}")

    def _try(self, name: str, work: Callable[[], T], now: float) -> T | None:
        """Ask the outbox; None when it can't, or could not a moment ago."""
        if now < self._failing.get(name, now):
            return None
        try:
            result = work()
        except StoreError as error:
            if not self.degraded:
                self._note(str(error))
            self._failing[name] = now + STORE_RETRY_S
            return None
        if self._failing.pop(name, None) is not None and not self._failing:
            log.info("the outbox can be used again")
        return result
