"""The ledger notices each way in which a delivery can break its promise, and finds no fault with one that keeps it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edged.errors import InputError
from edged.messages.common import Stamp
from edged.messages.gap import GapMessage
from edged.watch import ledger as ledger_module
from edged.watch.ledger import Ledger, Verdict
from edged.watch.spans import Span, Spans
from tests.outbox.making import window

KEY = ("shop", "0a1b2c3d")


def body(sequence: int, runtime: str = "litert") -> bytes:
    return window(Stamp(*KEY, sequence), runtime=runtime).model_dump_json().encode()


def gap(sequence: int, dropped: int, first: int, last: int) -> bytes:
    device, epoch = KEY
    message = GapMessage(
        device=device,
        epoch=epoch,
        sequence=sequence,
        dropped=dropped,
        first_sequence=first,
        last_sequence=last,
        reason="outbox_full",
    )
    return message.model_dump_json().encode()


def kept(*bodies: bytes, since_first: bool = True) -> Ledger:
    ledger = Ledger(since_first=since_first)
    for each in bodies:
        ledger.enter(each)
    return ledger


@given(st.data())
def test_a_delivery_that_keeps_its_promises_has_no_breach(data: st.DataObject) -> None:
    """Whatever comes again, whatever is dropped and declared: the ledger has nothing to say against it."""
    last = data.draw(st.integers(1, 40))
    dropped = data.draw(st.sets(st.integers(1, last)))
    ledger = kept(*(body(each) for each in range(1, last + 1) if each not in dropped))
    for again in data.draw(st.lists(st.sampled_from(range(1, last + 1)))):
        if again not in dropped:
            assert ledger.enter(body(again)).verdict is Verdict.REPEATED
    if dropped:
        ledger.enter(gap(last + 1, len(dropped), min(dropped), max(dropped)))
    assert ledger.breaches({KEY: last + bool(dropped)}) == []


@pytest.mark.parametrize(
    ("bodies", "committed", "says"),
    [
        ([body(1), body(2), body(2, "other")], 2, "I2: 2 arrived again with other bytes"),
        ([body(1), body(4)], 4, "I3: 2 to 3 skipped and not declared"),
        ([body(2)], 2, "I3: 1 skipped and not declared"),
        ([body(1), body(2)], 4, "I1: 3 to 4 committed and never arrived"),
        ([gap(4, 2, 1, 3)], 4, "I1: gap message 4 declares 2 dropped, but 3 never arrived"),
        ([body(1), body(2)], 1, "I1: 2 arrived, but nothing above 1 was committed"),
        ([], 3, "I1: nothing arrived of 3"),
    ],
)
def test_each_broken_promise_is_named(bodies: list[bytes], committed: int, says: str) -> None:
    """The words say which invariant, and which sequences."""
    (breach,) = kept(*bodies).breaches({KEY: committed})
    assert says in breach
    assert "shop/0a1b2c3d" in breach


def test_a_declaration_may_say_more_than_is_missing() -> None:
    """A message may arrive and be dropped all the same, when its acknowledgement came too late."""
    assert kept(body(1), gap(4, 3, 1, 3)).breaches({KEY: 4}) == []


def test_who_joins_late_misses_nothing_before_that() -> None:
    """Old sequences that come again are taken; those that don't are nobody's fault."""
    ledger = kept(body(7), body(3), since_first=False)
    assert ledger.breaches() == []
    entry = ledger.enter(body(10))
    assert (entry.verdict, entry.skipped) == (Verdict.NEW, Span(8, 9))
    assert ledger.breaches() == ["shop/0a1b2c3d: I3: 8 to 9 skipped and not declared"]


def test_what_comes_late_is_no_longer_missing() -> None:
    """A row that was put off arrives after younger ones."""
    ledger = kept(body(1), body(3))
    assert ledger.enter(body(2)).verdict is Verdict.NEW
    assert ledger.breaches({KEY: 3}) == []


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old duplicate is still known as one, but its bytes are no longer compared."""
    monkeypatch.setattr(ledger_module, "REMEMBERED", 2)
    ledger = kept(body(1), body(2), body(3))
    assert ledger.enter(body(3, "other")).verdict is Verdict.ALTERED
    assert ledger.enter(body(1, "other")).verdict is Verdict.REPEATED


def test_a_message_of_a_later_version_is_counted() -> None:
    """Whoever can't read a message still knows that it came."""
    later = body(1).replace(b'"edged.window/1"', b'"edged.window/9","novelty":1')
    assert kept(later).breaches({KEY: 1}) == []


@pytest.mark.parametrize("foreign", [b"", b"\xff", b"[]", b'{"device": "shop"}', b'{"schema": "edged.gap/1"}'])
def test_what_bears_no_stamp_is_refused(foreign: bytes) -> None:
    """Anybody may publish anything below edged/."""
    with pytest.raises(InputError, match="not a message of edged"):
        Ledger().enter(foreign)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 8))), st.integers(1, 60), st.integers(0, 60))
def test_spans_are_a_set(added: list[tuple[int, int]], first: int, more: int) -> None:
    """They hold what was put in and nothing else, in as few stretches as can be."""
    spans, plain = Spans(), set[int]()
    for begin, extra in added:
        spans.add(Span(begin, begin + extra))
        plain |= set(range(begin, begin + extra + 1))
    assert {n for span in spans for n in range(span.first, span.last + 1)} == plain
    assert all(a.last + 1 < b.first for a, b in zip(spans, list(spans)[1:], strict=False))
    assert all((n in spans) == (n in plain) for n in range(70))
    absent = {n for span in spans.absent(Span(first, first + more)) for n in range(span.first, span.last + 1)}
    assert absent == set(range(first, first + more + 1)) - plain
    assert spans.highest == max(plain, default=0)
