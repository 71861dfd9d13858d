"""Which rows are with the broker, and which wait for another try: the one window of messages in flight.

Rules:
  - A row is in at most one place: in flight (sent, not answered), taken (answered, not yet settled in the outbox), or
    held (refused, or suspected of making the broker hang up).
  - What was never acknowledged goes oldest first; what is sent again goes in the outbox's order. A held row lets the
    others pass and is tried again later; it is never dropped for that.
  - A topic with SIZE held rows is shut until the first of them is tried again: a broker that refuses it doesn't see the
    whole outbox go by. The other topics go on.
  - When connections die again and again without one answer, rows go one at a time, and the row that was alone in flight
    STRIKES times is held: a poisoned message doesn't block the rest, whatever the broker's manners.
  - Pure: time comes in, in monotonic seconds.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from edged.outbox.row import Row

SIZE: Final = 20
FLIGHT_BYTES: Final = 16 * 1024
"""More is not in flight at once: 16 s of a line of 8 kbit/s, less than the time in which an answer must come."""
TAKEN_AT_MOST: Final = 1000
"""Answered rows that the outbox could not settle (its disk is full) wait here; then nothing more is sent."""
FRUITLESS: Final = 2
"""After so many connections without an answer rows go one at a time."""
STRIKES: Final = 3
FIRST_HOLD_S: Final = 60.0
LONGEST_HOLD_S: Final = 3600.0
RETRY_TAKES_S: Final = 5.0


class Key(NamedTuple):
    """Which row: sequences begin anew with each epoch."""

    epoch: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a row has been through."""

    topic: str
    strikes: int = 0
    """So often it was alone in flight when the connection died."""
    holds: int = 0
    """So often it was held."""
    until: float = 0.0
    """Monotonic seconds up to which it is held."""


class Taken(NamedTuple):
    """A row that the broker has acknowledged."""

    row: Row
    heard: bool
    """Somebody listened to it, as far as the broker tells."""


Fetch = Callable[[int, int, Collection[str]], list[Row]]
"""The outbox's `waiting`: (limit, after, shut) to the oldest rows with a higher sequence that are of other topics."""


class Window:
    """The rows between the outbox and the broker."""

    def __init__(self) -> None:
        self._full = self._size = SIZE
        self._flying: dict[int, Row] = {}
        self._taken: list[Taken] = []
        self._trouble: dict[Key, Trouble] = {}
        self._cursor = 0
        self._wake = math.inf
        self._fruitless = 0
        self._answered = False

    @property
    def flying(self) -> int:
        """Rows in flight."""
        return len(self._flying)

    @property
    def room(self) -> int:
        """How many more rows may go out."""
        return 0 if len(self._taken) >= TAKEN_AT_MOST else max(0, self._size - len(self._flying))

    def holds(self, now: float) -> bool:
        """Whether a row is held, or was until a moment ago and is just being tried again."""
        return any(each.until > now - RETRY_TAKES_S for each in self._trouble.values() if each.holds)

    def connected(self, receive_maximum: int) -> None:
        """A connection begins."""
        self._full = max(1, min(SIZE, receive_maximum))
        self._size = 1 if self._fruitless >= FRUITLESS else self._full
        self._answered = False
        self.rewind()

    def rewind(self) -> None:
        """Whatever waits is due from the oldest on: a new connection, or a new epoch."""
        self._cursor = 0

    def wakes(self, now: float) -> bool:
        """Whether a row's time out is over."""
        return now >= self._wake

    def due(self, fetch: Fetch, now: float) -> list[Row]:
        """Choose the rows to send now: as many as fit, oldest first."""
        if self.wakes(now):
            self.rewind()
            self._wake = min((each.until for each in self._trouble.values() if each.until > now), default=math.inf)
        chosen = self.next(lambda limit, shut: fetch(limit, self._cursor, shut), now)
        if chosen:
            self._cursor = chosen[-1].sequence
        return chosen

    def next(self, fetch: Callable[[int, Collection[str]], list[Row]], now: float) -> list[Row]:
        """Choose as many of the first rows as fit, in the order of `fetch(limit, shut)`, which leaves topics out."""
        if not self.room:
            return []
        held = {key: trouble.topic for key, trouble in self._trouble.items() if trouble.until > now}
        shut = [topic for topic, rows in Counter(held.values()).items() if rows >= SIZE]
        busy = held.keys() | {_key(row) for row in (*self._flying.values(), *(taken.row for taken in self._taken))}
        found = fetch(self.room + len(busy), shut)
        return self._fitting([row for row in found if _key(row) not in busy][: self.room])

    def _fitting(self, rows: list[Row]) -> list[Row]:
        """Those of the first rows that may be in flight together; one may always fly alone."""
        size = sum(len(row.body) for row in self._flying.values())
        for count, row in enumerate(rows):
            size += len(row.body)
            if size > FLIGHT_BYTES and (count or self._flying):
                return rows[:count]
        return rows

    def sent(self, mid: int, row: Row) -> None:
        """A row has gone out under this packet id."""
        self._flying[mid] = row

    def taken(self, mid: int, *, heard: bool = True) -> Row | None:
        """The broker has acknowledged this packet; give its row, None if it isn't ours."""
        row = self._answer(mid)
        if row is not None:
            if self._trouble.pop(_key(row), None) is not None:
                self.rewind()  # its topic may have been shut, and rows of it left out
            self._taken.append(Taken(row, heard))
        return row

    def refused(self, mid: int, now: float) -> Row | None:
        """The broker doesn't want this packet now: its row is held. Give it, None if it isn't ours."""
        row = self._answer(mid)
        if row is not None:
            self._hold(row, now)
        return row

    def discarded(self, mid: int) -> Row | None:
        """The broker will never take this packet. Give its row, None if it isn't ours."""
        row = self._answer(mid)
        if row is not None:
            self._trouble.pop(_key(row), None)
        return row

    def lost(self, now: float) -> Row | None:
        """The connection is over: what was in flight goes back. Give the row that is held from now on, if any."""
        suspect = None
        if self._flying and not self._answered:
            self._fruitless += 1
            if len(self._flying) == 1:
                (row,) = self._flying.values()
                before = self._trouble.get(_key(row), Trouble(row.topic))
                self._trouble[_key(row)] = replace(before, strikes=before.strikes + 1)
                if before.strikes + 1 >= STRIKES:
                    suspect = row
                    self._hold(row, now)
        self._flying.clear()
        return suspect

    def to_settle(self) -> tuple[Taken, ...]:
        """The rows that are acknowledged and not yet settled."""
        return tuple(self._taken)

    def settled(self, taken: Iterable[Taken]) -> None:
        """The outbox has marked these rows."""
        done = {_key(each.row) for each in taken}
        self._taken = [each for each in self._taken if _key(each.row) not in done]

    def _answer(self, mid: int) -> Row | None:
        row = self._flying.pop(mid, None)
        if row is not None:
            self._answered, self._fruitless, self._size = True, 0, self._full
        return row

    def _hold(self, row: Row, now: float) -> None:
        if len(self._trouble) > TAKEN_AT_MOST:  # rows that the outbox dropped meanwhile leave their entries behind
            self._trouble.clear()
        before = self._trouble.get(_key(row), Trouble(row.topic))
        until = now + min(LONGEST_HOLD_S, FIRST_HOLD_S * 2.0 ** min(before.holds, 10))
        self._trouble[_key(row)] = replace(before, holds=before.holds + 1, until=until)
        self._wake = min(self._wake, until)


def _key(row: Row) -> Key:
    return Key(row.epoch, row.sequence)
