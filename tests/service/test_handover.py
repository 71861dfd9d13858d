"""The handover keeps what the store can't take just now."""

from collections.abc import Callable
from functools import partial

import pytest

from edged.errors import StoreError
from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.messages.window import WindowMessage
from edged.outbox.memory import MOST_WAITING
from edged.service.handover import RETRY_S, Handover
from tests.outbox.making import window


class Clock:
    """A monotonic clock by hand."""

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


class FlakyStore:
    """A store by hand that refuses when told to, and gives numbers as the real one does."""

    def __init__(self) -> None:
        self.refuses = False
        self.taken: list[WindowMessage] = []
        self.forgone = 0
        self.asked = 0

    def append(self, compose: Callable[[Stamp], WindowMessage]) -> Stamp:
        self.asked += 1
        if self.refuses:
            raise StoreError("the disk is full")
        stamp = Stamp("shop", "0a1b2c3d", len(self.taken) + 1)
        self.taken.append(compose(stamp))
        return stamp

    def forgo(self, count: int) -> None:
        if self.refuses:
            raise StoreError("the disk is full")
        self.forgone += count

    def report(self, report: SenseReport) -> None:
        if self.refuses:
            raise StoreError("the disk is full")


def numbered(number: int, stamp: Stamp) -> WindowMessage:
    return window(stamp, camera=str(number))


def test_messages_refused_are_given_later_in_order() -> None:
    """A full disk delays messages, it neither loses nor reorders them, and no number is used up meanwhile."""
    store = FlakyStore()
    clock = Clock()
    handover = Handover(store, monotonic=clock)
    store.refuses = True
    handover.put([partial(numbered, 1), partial(numbered, 2)])
    assert handover.fault == "the disk is full"
    store.refuses = False
    clock.now += RETRY_S
    handover.put([partial(numbered, 3)])
    assert handover.fault is None
    assert [(m.camera, m.sequence) for m in store.taken] == [("1", 1), ("2", 2), ("3", 3)]


def test_memory_stays_bounded() -> None:
    """However long the store refuses, only so much waits; the oldest go, and their number is declared first."""
    store = FlakyStore()
    store.refuses = True
    handover = Handover(store)
    handover.put(partial(numbered, i) for i in range(MOST_WAITING + 5))
    store.refuses = False
    handover.finish([])
    assert store.forgone == 5
    assert [m.camera for m in store.taken] == [str(i) for i in range(5, MOST_WAITING + 5)]


def test_fault_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A lasting fault doesn't fill the journal."""
    store = FlakyStore()
    store.refuses = True
    handover = Handover(store)
    for i in range(5):
        handover.put([partial(numbered, i)])
    assert len(caplog.records) == 1


def test_a_store_that_refuses_is_asked_only_now_and_then() -> None:
    """A try may cost its deadline: sensing must not pay it at every frame."""
    store, clock = FlakyStore(), Clock()
    store.refuses = True
    handover = Handover(store, monotonic=clock)
    handover.put([partial(numbered, 1)])
    for _ in range(100):
        clock.now += RETRY_S / 200
        handover.put([])
    assert store.asked == 1
    clock.now += RETRY_S
    handover.put([])
    assert store.asked == 2


def test_the_last_messages_are_tried_at_once() -> None:
    """A process that ends doesn't wait for the next try."""
    store = FlakyStore()
    store.refuses = True
    handover = Handover(store)
    handover.put([partial(numbered, 1)])
    store.refuses = False
    handover.finish([partial(numbered, 2)])
    assert [m.camera for m in store.taken] == ["1", "2"]
