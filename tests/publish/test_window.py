"""The window of messages in flight: oldest first, bounded, and no row blocks the others."""

from collections.abc import Collection

import pytest

from edged.outbox import Row
from edged.publish import window as module
from edged.publish.window import FLIGHT_BYTES, FRUITLESS, SIZE, STRIKES, Window


def row(sequence: int, size: int = 2) -> Row:
    return Row("epoch", sequence, "edged/shop/door/window", b"{}".ljust(size))


class Shelf:
    """What the outbox would hand out."""

    def __init__(self, count: int) -> None:
        self.rows = {sequence: row(sequence) for sequence in range(1, count + 1)}

    def fetch(self, limit: int, after: int, shut: Collection[str]) -> list[Row]:
        due = (each for sequence, each in sorted(self.rows.items()) if sequence > after)
        return [each for each in due if each.topic not in shut][:limit]


class Traffic:
    """A window, a shelf and the packet ids between them."""

    def __init__(self, count: int, receive_maximum: int = 65535) -> None:
        self.shelf = Shelf(count)
        self.window = Window()
        self.mids: dict[int, int] = {}
        self.window.connected(receive_maximum)

    def send(self, now: float = 0) -> list[int]:
        sent = self.window.due(self.shelf.fetch, now)
        for each in sent:
            self.mids[each.sequence] = each.sequence + 1000
            self.window.sent(self.mids[each.sequence], each)
        return [each.sequence for each in sent]

    def take(self, sequence: int) -> None:
        assert self.window.taken(self.mids[sequence]) is not None
        self.window.settled(self.window.to_settle())
        del self.shelf.rows[sequence]


def test_no_more_than_the_window_is_in_flight() -> None:
    """The rest waits in the outbox."""
    traffic = Traffic(100)
    assert traffic.send() == list(range(1, SIZE + 1))
    assert traffic.send() == []
    traffic.take(3)
    assert traffic.send() == [SIZE + 1]


def test_a_slow_line_is_not_given_more_than_it_carries_in_time() -> None:
    """Bytes in flight are bounded too, and a row that is larger than the bound flies alone."""
    traffic = Traffic(4)
    for sequence, size in ((1, FLIGHT_BYTES // 2), (2, FLIGHT_BYTES // 2), (3, 2 * FLIGHT_BYTES), (4, 2)):
        traffic.shelf.rows[sequence] = row(sequence, size)
    assert traffic.send() == [1, 2]
    traffic.take(1)
    assert traffic.send() == []
    traffic.take(2)
    assert traffic.send() == [3]
    assert traffic.send() == []
    traffic.take(3)
    assert traffic.send() == [4]


def test_a_broker_that_allows_less_gets_less() -> None:
    """Receive Maximum (MQTT 5, 3.2.2.3.3) is kept."""
    assert Traffic(100, receive_maximum=3).send() == [1, 2, 3]


def test_lost_begins_again_with_the_oldest() -> None:
    """What was in flight when a connection ended is sent again, in order."""
    traffic = Traffic(100)
    traffic.send()
    traffic.take(1)
    traffic.window.lost(now=0)
    traffic.window.connected(65535)
    assert traffic.send() == list(range(2, SIZE + 2))


def test_a_refused_row_lets_the_others_pass_and_comes_again() -> None:
    """A poisoned row never blocks the rest."""
    traffic = Traffic(SIZE + 5)
    traffic.send(now=0)
    traffic.window.refused(traffic.mids[1], now=0)
    assert traffic.send(now=1) == [SIZE + 1]
    for sequence in range(2, SIZE + 2):
        traffic.take(sequence)
    assert 1 not in traffic.send(now=2)
    assert traffic.send(now=module.FIRST_HOLD_S) == [1]


def test_a_row_refused_again_waits_longer() -> None:
    """The broker isn't pestered."""
    traffic = Traffic(1)
    traffic.send(now=0)
    traffic.window.refused(traffic.mids[1], now=0)
    assert traffic.send(now=60) == [1]
    traffic.window.refused(traffic.mids[1], now=60)
    assert traffic.send(now=120) == []
    assert traffic.send(now=180) == [1]


def test_all_refused_stops_the_sending_for_a_while() -> None:
    """A broker that refuses everything does not see the whole outbox go by."""
    traffic = Traffic(100)
    for sequence in traffic.send(now=0):
        traffic.window.refused(traffic.mids[sequence], now=0)
    assert traffic.send(now=1) == []
    assert traffic.send(now=61) == list(range(1, SIZE + 1))


def test_a_topic_that_is_refused_lets_the_others_pass_and_catches_up_when_it_is_not() -> None:
    """However many rows of it wait in front."""
    traffic = Traffic(3 * SIZE)
    for sequence in range(2 * SIZE + 1, 3 * SIZE + 1):
        traffic.shelf.rows[sequence] = Row("epoch", sequence, "edged/shop/till/window", b"{}")
    for sequence in traffic.send(now=0):
        traffic.window.refused(traffic.mids[sequence], now=0)
    others = traffic.send(now=1)
    assert others == list(range(2 * SIZE + 1, 3 * SIZE + 1))
    for sequence in others:
        traffic.take(sequence)
    assert traffic.send(now=1) == []
    for sequence in traffic.send(now=61):
        traffic.take(sequence)
    assert traffic.send(now=61) == list(range(SIZE + 1, 2 * SIZE + 1))


def test_a_row_that_kills_connections_is_found_and_held() -> None:
    """On a broker that hangs up instead of answering, the poisoned row is singled out, and the rest goes on."""
    traffic = Traffic(10)
    suspects = []
    for attempt in range(FRUITLESS + STRIKES):
        sent = traffic.send(now=attempt)
        assert len(sent) == (10 if attempt < FRUITLESS else 1)
        suspects.append(traffic.window.lost(now=attempt))
        traffic.window.connected(65535)
    assert [each.sequence for each in suspects if each] == [1]
    assert traffic.send(now=10) == [2]
    traffic.take(2)
    assert traffic.send(now=10) == list(range(3, 11))


def test_a_broker_that_only_dies_holds_nothing_back() -> None:
    """Connections that die without a message in flight accuse none."""
    traffic = Traffic(10)
    for _ in range(20):
        assert traffic.window.lost(now=0) is None
        traffic.window.connected(65535)
    assert len(traffic.send()) == 10


def test_rows_that_the_outbox_cannot_settle_are_bounded_and_not_sent_again() -> None:
    """With a full disk publishing goes on for a while, in bounded memory."""
    traffic = Traffic(2000)
    sent: list[int] = []
    while batch := traffic.send():
        sent += batch
        for sequence in batch:
            traffic.window.taken(traffic.mids[sequence])
    assert sent == list(range(1, module.TAKEN_AT_MOST + 1))


def test_a_new_epoch_begins_with_its_first_row() -> None:
    """After the outbox file was replaced, its low sequences are sent."""
    traffic = Traffic(100)
    for sequence in traffic.send():
        traffic.take(sequence)
    traffic.shelf.rows = {1: Row("other", 1, "edged/shop/door/window", b"{}")}
    assert traffic.send() == []
    traffic.window.rewind()
    assert traffic.send() == [1]


@pytest.mark.parametrize("mid", [0, 77])
def test_an_answer_to_nothing_changes_nothing(mid: int) -> None:
    """A broker may send what it likes."""
    traffic = Traffic(1)
    traffic.send()
    assert traffic.window.taken(mid) is None
    assert traffic.window.refused(mid, now=0) is None
    assert traffic.window.discarded(mid) is None
    assert traffic.window.flying == 1


def test_a_row_counts_as_held_until_its_next_try_had_time_to_be_answered() -> None:
    """What the broker refuses goes on being told while the refused row waits, and no longer."""
    traffic = Traffic(1)
    traffic.send()
    assert not traffic.window.holds(now=0)
    traffic.window.refused(traffic.mids[1], now=0)
    assert traffic.window.holds(now=module.FIRST_HOLD_S)
    assert not traffic.window.holds(now=module.FIRST_HOLD_S + module.RETRY_TAKES_S)
    traffic.send(now=module.FIRST_HOLD_S)
    traffic.take(1)
    assert not traffic.window.holds(now=module.FIRST_HOLD_S)
