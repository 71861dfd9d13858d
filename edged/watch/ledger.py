"""The ledger: which messages of which store have arrived, which came again, and which are missing.

A message says who it is by (device, epoch, sequence). What a subscriber may demand of them:
  - I1: every committed sequence arrives, or is declared dropped by a gap message with an exact count.
  - I2: a message that comes again is the same, byte for byte.
  - I3: no sequence is skipped without a declaration.

Rules:
  - No I/O and no clock: bodies come in, verdicts come out.
  - Memory is bounded: stretches of sequences, and the digests of the last REMEMBERED messages of each store.
  - Who begins to listen in the middle misses nothing: an account of a store begins with the first sequence it sees,
    or at 1 for one who was there from the start (`since_first`).
  - A dropped message may have arrived all the same (sent, dropped, acknowledged too late), so a gap message may declare
    more than is missing, never less.
"""

import enum
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field, ValidationError

from edged.errors import InputError
from edged.messages.common import Stamp, Stamped
from edged.messages.gap import GapMessage
from edged.watch.spans import Span, Spans

REMEMBERED: Final = 50_000
"""Digests kept for each store; an outbox holds no more messages than this unless it is configured to."""
_DIGEST_BYTES: Final = 12


class Verdict(enum.Enum):
    """What an arrival is."""

    NEW = enum.auto()
    REPEATED = enum.auto()
    """It was here before: drop it."""
    ALTERED = enum.auto()
    """It was here before with other bytes: I2 is broken."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One arrival."""

    stamp: Stamp
    verdict: Verdict
    skipped: Span | None
    """Sequences between this message and the highest before it; a gap message may yet declare them."""


class Account:
    """What has arrived from one store of one device."""

    def __init__(self, since: int) -> None:
        self.repeated = 0
        """Messages that came again."""
        self.altered: list[int] = []
        """Sequences that came again with other bytes."""
        self._since = since
        self._arrived = Spans()
        self._gaps: dict[int, GapMessage] = {}
        self._digests: OrderedDict[int, bytes] = OrderedDict()

    @property
    def highest(self) -> int:
        """The greatest sequence that has arrived."""
        return self._arrived.highest

    @property
    def arrived(self) -> int:
        """How many different messages have arrived."""
        return sum(span.size for span in self._arrived)

    @property
    def gaps(self) -> list[GapMessage]:
        """The gap messages that have arrived."""
        return list(self._gaps.values())

    def enter(self, stamp: Stamp, body: bytes, gap: GapMessage | None) -> Entry:
        """Take one arrival down."""
        sequence = stamp.sequence
        digest = hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
        if sequence in self._arrived:
            self.repeated += 1
            if self._digests.get(sequence, digest) == digest:
                return Entry(stamp, Verdict.REPEATED, None)
            self.altered.append(sequence)
            return Entry(stamp, Verdict.ALTERED, None)
        expected = (self.highest or self._since - 1) + 1
        self._arrived.add(Span(sequence, sequence))
        self._digests[sequence] = digest
        if len(self._digests) > REMEMBERED:
            self._digests.popitem(last=False)
        if gap is not None:
            self._gaps[sequence] = gap
        return Entry(stamp, Verdict.NEW, Span(expected, sequence - 1) if sequence > expected else None)

    def missing(self, last: int | None = None) -> list[Span]:
        """Stretches up to `last` (None: the highest that arrived) that neither arrived nor were declared dropped."""
        known = Spans()
        for span in self._arrived:
            known.add(span)
        for gap in self._gaps.values():
            known.add(Span(gap.first_sequence, gap.last_sequence))
        return known.absent(Span(self._since, self.highest if last is None else last))

    def lost(self, gap: GapMessage) -> int:
        """How many messages of a gap's stretch have not arrived."""
        return sum(span.size for span in self._arrived.absent(Span(gap.first_sequence, gap.last_sequence)))

    def breaches(self, committed: int | None = None) -> list[str]:
        """Which promises are broken, in words.

        Args:
            committed: the last sequence that the device's store has committed; None: not known, then I1 is held
                against what has arrived alone.
        """
        found = [f"I2: {sequence} arrived again with other bytes" for sequence in self.altered]
        for gap in self._gaps.values():
            if (lost := self.lost(gap)) > gap.dropped:
                found.append(f"I1: gap message {gap.sequence} declares {gap.dropped} dropped, but {lost} never arrived")
        for span in self.missing(max(committed or 0, self.highest)):
            tail = span.first > self.highest
            found.append(f"I1: {span} committed and never arrived" if tail else f"I3: {span} skipped and not declared")
        if committed is not None and self.highest > committed:
            found.append(f"I1: {self.highest} arrived, but nothing above {committed} was committed")
        return found


class _Head(Stamped):
    """What every stamped message has, of whatever version."""

    schema_id: str = Field(alias="schema")


class Ledger:
    """The accounts of all stores, by (device, epoch)."""

    def __init__(self, *, since_first: bool = False) -> None:
        self.accounts: dict[tuple[str, str], Account] = {}
        self._since_first = since_first

    def enter(self, body: bytes) -> Entry:
        """Take one message down, of whatever kind and version, as long as it is stamped.

        Raises InputError when it bears no stamp.
        """
        try:
            head = _Head.model_validate_json(body, extra="ignore")
            is_gap = head.schema_id.startswith("edged.gap/")
            gap = GapMessage.model_validate_json(body, extra="ignore") if is_gap else None
        except ValidationError as error:
            raise InputError(f"not a message of edged: {first_fault(error)}") from error
        stamp, key = head.stamp, (head.device, head.epoch)
        if key not in self.accounts:
            self.accounts[key] = Account(1 if self._since_first else stamp.sequence)
        return self.accounts[key].enter(stamp, body, gap)

    def breaches(self, committed: Mapping[tuple[str, str], int] | None = None) -> list[str]:
        """Which promises are broken, for each store; `committed` gives the last sequence of each that is known."""
        last = committed or {}
        silent = [f"{'/'.join(key)}: I1: nothing arrived of {last[key]}" for key in last if key not in self.accounts]
        return silent + [
            f"{device}/{epoch}: {breach}"
            for (device, epoch), account in self.accounts.items()
            for breach in account.breaches(last.get((device, epoch)))
        ]


def first_fault(error: ValidationError) -> str:
    """Say in a few words what a message that can't be read has wrong."""
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else fault["msg"]
