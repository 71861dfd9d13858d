"""A full outbox drops the oldest and declares exactly what it dropped."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edged.outbox import Outbox, Row
from tests.outbox.making import window


def filled(folder: Path, count: int, most: int = 10) -> Outbox:
    outbox = Outbox.open(folder, "shop", max_messages=most)
    for _ in range(count):
        outbox.append(window)
    return outbox


def gaps(rows: list[Row]) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in rows if row.topic.endswith("/gap")]


def test_overfilled_declares_exactly_what_is_missing_in_one_gap_message(tmp_path: Path) -> None:
    """However many are dropped, one gap message tells all of them."""
    rows = filled(tmp_path, 210).waiting(100)
    (gap,) = gaps(rows)
    there = {row.sequence for row in rows}
    missing = set(range(1, max(there) + 1)) - there
    assert gap["dropped"] == len(missing)
    assert (gap["first_sequence"], gap["last_sequence"]) == (min(missing), max(missing))
    assert gap["reason"] == "outbox_full"
    assert len(rows) == 10


def test_bytes_are_bounded_too_and_what_they_cost_is_declared_exactly(tmp_path: Path) -> None:
    """The file stays within its bytes, however large the messages are."""
    most = 1 << 20
    outbox = Outbox.open(tmp_path, "shop", max_messages=1_000_000, max_bytes=most)
    for _ in range(200):
        outbox.append(partial(window, runtime="x" * 20_000))
    rows = outbox.waiting(1000)
    (gap,) = gaps(rows)
    there = {row.sequence for row in rows}
    assert gap["dropped"] == max(there) - len(there) > 100
    assert (tmp_path / "outbox.sqlite").stat().st_size <= most
    outbox.close()


def test_what_memory_had_to_drop_is_declared_with_numbers_of_its_own(tmp_path: Path) -> None:
    """Messages that the disk took too long for get numbers that never come: no hole stays undeclared."""
    outbox = filled(tmp_path, 2)
    outbox.forgo(5)
    outbox.forgo(1)
    outbox.append(window)
    rows = outbox.waiting(100)
    (gap,) = gaps(rows)
    assert [row.sequence for row in rows] == [1, 2, 8, 10]
    assert (gap["dropped"], gap["first_sequence"], gap["last_sequence"]) == (6, 3, 9)
    assert gap["reason"] == "store_failed"


def test_the_gap_message_waits_in_its_own_turn(tmp_path: Path) -> None:
    """It has a sequence like any other message and is sent in order."""
    rows = filled(tmp_path, 11).waiting(100)
    assert [row.sequence for row in rows] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert rows[-2].topic == "edged/shop/gap"


def test_a_gap_message_that_was_offered_never_changes(tmp_path: Path) -> None:
    """Duplicates are byte-identical, those of a gap message too."""
    outbox = filled(tmp_path, 11)
    offered = next(row for row in outbox.waiting(100) if row.topic.endswith("/gap"))
    outbox.append(window)
    again = {row.sequence: row for row in outbox.waiting(100)}
    assert again[offered.sequence] == offered
    assert len(gaps(list(again.values()))) == 2


def test_an_offered_gap_message_that_must_go_is_taken_over_by_the_next(tmp_path: Path) -> None:
    """What was declared once stays declared."""
    outbox = filled(tmp_path, 11)
    outbox.waiting(100)
    for _ in range(50):
        outbox.append(window)
    rows = outbox.waiting(100)
    (gap,) = gaps(rows)
    there = {row.sequence for row in rows}
    assert gap["dropped"] == outbox.counts().last_sequence - len(there)
    assert gap["first_sequence"] == 1


def test_acknowledged_rows_go_before_waiting_ones_and_undeclared(tmp_path: Path) -> None:
    """What the broker has is not lost."""
    outbox = filled(tmp_path, 10)
    outbox.settle(outbox.waiting(4))
    for _ in range(4):
        outbox.append(window)
    rows = outbox.waiting(100)
    assert [row.sequence for row in rows] == list(range(5, 15))
    assert gaps(rows) == []
    assert outbox.counts().dropped == 0


def test_a_row_set_aside_is_declared_unsendable(tmp_path: Path) -> None:
    """A poisoned message goes, and says so."""
    outbox = filled(tmp_path, 3)
    outbox.set_aside(outbox.waiting(1, after=1))
    rows = outbox.waiting(100)
    (gap,) = gaps(rows)
    assert [row.sequence for row in rows] == [1, 3, 4]
    assert (gap["dropped"], gap["first_sequence"], gap["last_sequence"]) == (1, 2, 2)
    assert gap["reason"] == "unsendable"


@settings(max_examples=20, deadline=None)
@given(
    steps=st.lists(st.sampled_from(["append", "append", "append", "offer", "settle", "aside", "replay"]), max_size=40)
)
def test_every_sequence_waits_was_acknowledged_or_is_declared(steps: list[str]) -> None:
    """I1 and I2, whatever the order of things."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox.open(Path(folder), "shop", max_messages=6)
        seen: dict[int, bytes] = {}
        acknowledged: set[int] = set()
        declared: set[int] = set()
        for step in steps:
            if step == "append":
                outbox.append(window)
                continue
            rows = outbox.waiting(3)
            for row in rows:
                assert seen.setdefault(row.sequence, row.body) == row.body
            if step == "settle":
                outbox.settle(rows)
                acknowledged |= {row.sequence for row in rows}
            elif step == "aside" and rows:
                outbox.set_aside(rows[:1])
            elif step == "replay":
                outbox.settle(outbox.again(outbox.replay(), 3))
        everything = outbox.waiting(100)
        for gap in (json.loads(body) for body in [*seen.values(), *(row.body for row in everything)]):
            if gap["schema"] == "edged.gap/1":
                declared |= set(range(gap["first_sequence"], gap["last_sequence"] + 1))
        waiting = {row.sequence for row in everything}
        assert waiting | acknowledged | declared == set(range(1, outbox.counts().last_sequence + 1))
        assert len(everything) <= 6
        outbox.close()
