"""The outbox numbers, keeps and hands out messages."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edged.errors import ConfigError, FaultError, StateFolderError
from edged.messages.common import Stamp
from edged.messages.window import WindowMessage
from edged.outbox import Outbox, Replay
from tests.outbox.making import report, window

FILES = Path(__file__).parent / "files"


class Clock:
    """A monotonic clock by hand."""

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(tmp_path: Path, clock: Clock) -> Iterator[Outbox]:
    opened = Outbox.open(tmp_path, "shop", replay_horizon_s=100, monotonic=clock)
    yield opened
    opened.close()


def sequences(outbox: Outbox) -> list[int]:
    return [row.sequence for row in outbox.waiting(1000)]


def again(outbox: Outbox, due: Replay | None) -> list[int]:
    assert due is not None
    return [row.sequence for row in outbox.again(due, 1000)]


def test_appended_messages_are_numbered_from_one_without_gaps(outbox: Outbox) -> None:
    """The sequence of an epoch has no gaps."""
    stamps = [outbox.append(window) for _ in range(3)]
    assert [stamp.sequence for stamp in stamps] == [1, 2, 3]
    assert {(stamp.device, stamp.epoch) for stamp in stamps} == {("shop", outbox.epoch)}


def test_what_waits_is_what_was_composed_byte_for_byte(outbox: Outbox) -> None:
    """The stored text is what is sent."""
    stamp = outbox.append(window)
    (row,) = outbox.waiting(10)
    assert row.body == window(stamp).model_dump_json().encode()
    assert row.topic == "edged/shop/door/window"


def test_waiting_gives_the_oldest_first_and_can_go_on_after_a_sequence(outbox: Outbox) -> None:
    """Oldest first."""
    for _ in range(5):
        outbox.append(window)
    assert [row.sequence for row in outbox.waiting(2)] == [1, 2]
    assert [row.sequence for row in outbox.waiting(2, after=2)] == [3, 4]


def test_reopened_goes_on_where_it_was(tmp_path: Path) -> None:
    """Epoch and sequence survive the process."""
    first = Outbox.open(tmp_path, "shop")
    first.append(window)
    first.close()
    second = Outbox.open(tmp_path, "shop")
    assert second.epoch == first.epoch
    assert second.append(window).sequence == 2
    assert sequences(second) == [1, 2]


def test_a_message_that_fails_to_compose_uses_up_no_number(outbox: Outbox) -> None:
    """A number belongs to a message that is kept."""

    def broken(stamp: Stamp) -> WindowMessage:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        outbox.append(broken)
    assert outbox.append(window).sequence == 1


def test_a_message_with_another_stamp_is_refused(outbox: Outbox) -> None:
    """Only the store numbers messages."""
    with pytest.raises(FaultError, match="stamp"):
        outbox.append(lambda stamp: window(stamp._replace(sequence=7)))
    assert sequences(outbox) == []


@pytest.mark.parametrize(
    ("kind", "topic", "body"),
    [
        ("window", "edged/shop/door/window", '{"schema":"edged.faces/1","sequence":1}'),
        ("faces", "edged/shop/door/faces", '{"schema":"edged.faces/1","sequence":1}'),
        ("window", "edged/shop/door/faces", '{"schema":"edged.window/1","sequence":1}'),
        ("window", "edged/shop/door/window", '{"schema":"edged.window/1","sequence":2}'),
        ("window", "edged/shop/door/window", "x"),
        ("window", "edged/shop/door/window", '{"schema":"edged.window/1","sequence":1,"picture":"iVBORw0KGgo"}'),
        ("gap", "edged/shop/gap", '{"schema":"edged.gap/1","sequence":1,"visits":3}'),
        ("window", "edged/shop/door/window", f'{{"schema":"edged.window/1","sequence":1,"x":"{"x" * 70_000}"}}'),
    ],
)
def test_the_file_itself_refuses_all_but_a_window_or_a_gap(
    outbox: Outbox, tmp_path: Path, kind: str, topic: str, body: str
) -> None:
    """Even a bug above the tables puts nothing else on the way to the network."""
    with sqlite3.connect(tmp_path / "outbox.sqlite") as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("INSERT INTO message (sequence, kind, topic, body) VALUES (1, ?, ?, ?)", (kind, topic, body))


def test_settled_rows_wait_no_more(outbox: Outbox) -> None:
    """Acknowledged is done."""
    for _ in range(3):
        outbox.append(window)
    outbox.settle(outbox.waiting(2))
    assert sequences(outbox) == [3]
    assert (outbox.counts().waiting, outbox.counts().settled) == (1, 2)


def test_rows_settled_within_the_horizon_come_again_after_a_reconnect(outbox: Outbox, clock: Clock) -> None:
    """A PUBACK isn't durable at the broker. They don't count as waiting, and don't stand before what waits."""
    for clock.now in (5000, 5050, 5120):
        outbox.append(window)
        outbox.settle(outbox.waiting(1))
    outbox.append(window)
    due = outbox.replay()
    assert again(outbox, due) == [2, 3]
    assert sequences(outbox) == [4]
    assert (outbox.counts().waiting, outbox.counts().settled) == (1, 3)


def test_a_broker_that_was_away_for_long_still_gets_what_it_forgot(outbox: Outbox, clock: Clock) -> None:
    """The horizon counts back from the newest acknowledgement: while a broker is away, it saves nothing."""
    outbox.append(window)
    outbox.settle(outbox.waiting(1))
    clock.now += 1e6
    assert outbox.prune() == 0
    assert again(outbox, outbox.replay()) == [1]


def test_a_replay_goes_on_where_a_broken_link_left_it(outbox: Outbox, clock: Clock) -> None:
    """However early the link breaks, each connection gets further: what came again goes to the end of the line."""
    for _ in range(6):
        outbox.append(window)
    outbox.settle(outbox.waiting(6))
    due, came = None, []
    for _ in range(3):
        clock.now += 1
        due = outbox.replay(due)
        rows = outbox.again(due, 2)
        clock.now += 1
        outbox.settle(rows)
        came += [row.sequence for row in rows]
    assert came == [1, 2, 3, 4, 5, 6]
    assert again(outbox, due) == [1, 2, 3, 4]  # acknowledged before the last connection began


def test_what_an_unfinished_replay_still_has_to_send_is_not_removed(outbox: Outbox, clock: Clock) -> None:
    """New acknowledgements move the horizon on, but not past a replay that waits behind them."""
    outbox.append(window)
    outbox.settle(outbox.waiting(1))
    clock.now += 1
    due = outbox.replay()
    clock.now += 500
    outbox.append(window)
    outbox.settle(outbox.waiting(1))
    assert outbox.prune(due) == 0
    clock.now += 1
    assert again(outbox, outbox.replay(due)) == [1, 2]
    assert outbox.prune() == 1
    assert again(outbox, outbox.replay()) == [2]


def test_a_row_does_not_come_again_for_ever(outbox: Outbox, clock: Clock) -> None:
    """Each acknowledgement renews it, but only until six horizons have passed since the first one."""
    outbox.append(window)
    came = 0
    outbox.settle(outbox.waiting(1))
    for _ in range(30):
        clock.now += 30
        rows = outbox.again(outbox.replay(), 10)
        came += len(rows)
        outbox.settle(rows)
    assert came == 20
    assert outbox.counts().settled == 0


@pytest.mark.parametrize(("heard_from", "came"), [(0, 20), (900, 50), (10_000, 120)])
def test_a_row_that_nobody_heard_is_new_to_whoever_listens_at_last(
    outbox: Outbox, clock: Clock, heard_from: float, came: int
) -> None:
    """Its six horizons begin then; and what nobody ever hears comes no longer than a day (36 horizons)."""
    outbox.append(window)
    rows = outbox.waiting(1)
    began = clock.now
    for clock.now in range(5000, 10_000, 30):
        heard = clock.now - began >= heard_from
        outbox.settle(*((rows, []) if heard else ([], rows)))
        rows = outbox.again(outbox.replay(), 10)
        came -= len(rows)
    assert (came, outbox.counts().settled) == (0, 0)


def test_a_row_that_is_refused_when_it_comes_again_is_done_with(outbox: Outbox) -> None:
    """The broker has had it once, so it isn't declared as dropped."""
    outbox.append(window)
    rows = outbox.waiting(1)
    outbox.settle(rows)
    outbox.set_aside(rows)
    assert again(outbox, outbox.replay()) == sequences(outbox) == []
    assert outbox.counts().dropped == 0


def test_the_horizon_is_kept_over_a_reboot_and_whatever_the_wall_clock_says(tmp_path: Path) -> None:
    """A device that boots in 1970 still has all that its broker may have lost; what the device slept doesn't count."""
    outbox = Outbox.open(tmp_path, "shop", replay_horizon_s=100, monotonic=lambda: 70_000.0, wall=lambda: 1.79e9)
    for _ in range(2):
        outbox.append(window)
        outbox.settle(outbox.waiting(1))
    outbox.close()
    after = Clock()
    after.now = 3.0
    outbox = Outbox.open(tmp_path, "shop", replay_horizon_s=100, monotonic=after, wall=lambda: 12.0)
    for after.now, kept in ((102.0, [1, 2, 3]), (104.0, [3, 4])):
        outbox.append(window)
        outbox.settle(outbox.waiting(1))
        outbox.prune()
        assert again(outbox, outbox.replay()) == kept
    outbox.close()


@pytest.mark.parametrize(("version", "waiting"), [(1, [2, 3]), (2, [3]), (3, [3])])
def test_a_file_of_an_older_version_is_brought_up_to_date(tmp_path: Path, version: int, waiting: list[int]) -> None:
    """An update of edged loses no message, goes on counting, and knows which ones were acknowledged.

    The files were written by the code of those versions: sequence 1 settled, 2 (but in the first) in replay, 3 new.
    """
    shutil.copy(FILES / f"version-{version}.sqlite", tmp_path / "outbox.sqlite")
    outbox = Outbox.open(tmp_path, "shop")
    assert outbox.epoch == f"0a0b0c0{version}"
    assert sequences(outbox) == waiting
    assert again(outbox, outbox.replay()) == [number for number in (1, 2) if number not in waiting]
    assert outbox.append(window).sequence == 4
    outbox.close()


def test_its_files_are_closed_to_other_users(tmp_path: Path) -> None:
    """Database and journals are made with the mode of the lock files, whatever the umask leaves open."""
    before = os.umask(0)
    try:
        outbox = Outbox.open(tmp_path, "shop")
        outbox.append(window)
    finally:
        os.umask(before)
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    outbox.close()
    names = ("outbox.sqlite", "outbox.sqlite-wal", "outbox.sqlite-shm", "outbox.lock")
    assert modes == dict.fromkeys(names, "0o640")


def test_rows_settled_before_the_horizon_are_removed(outbox: Outbox, clock: Clock) -> None:
    """Acknowledged rows stay for the replay horizon and no longer."""
    for clock.now in (5000, 5110):
        outbox.append(window)
        outbox.settle(outbox.waiting(1))
    assert outbox.prune() == 1
    assert outbox.counts().settled == 1


def test_closing_leaves_the_journal_where_it_is(tmp_path: Path) -> None:
    """On a full disk it could not be made again."""
    outbox = Outbox.open(tmp_path, "shop")
    outbox.append(window)
    outbox.close()
    assert (tmp_path / "outbox.sqlite-wal").stat().st_size > 0
    again = Outbox.open(tmp_path, "shop")
    assert sequences(again) == [1]
    again.close()


def test_room_is_taken_on_the_disk_in_advance_and_kept(tmp_path: Path) -> None:
    """File and journal have blocks of their own, not holes."""
    reserve = 2 << 20
    outbox = Outbox.open(tmp_path, "shop", reserve_bytes=reserve)

    def taken() -> list[int]:
        return [(tmp_path / name).stat().st_blocks * 512 for name in ("outbox.sqlite", "outbox.sqlite-wal")]

    before = taken()
    assert min(before) >= reserve
    for _ in range(400):
        outbox.append(window)
    assert taken() == before
    outbox.close()
    Outbox.open(tmp_path, "shop", reserve_bytes=reserve).close()
    assert taken() == before


def test_a_row_of_an_earlier_epoch_settles_nothing(outbox: Outbox) -> None:
    """An acknowledgement counts for the message it was given for."""
    stamp = outbox.append(window)
    (row,) = outbox.waiting(1)
    other = type(row)(epoch="another", sequence=stamp.sequence, topic=row.topic, body=row.body)
    outbox.settle([other])
    outbox.set_aside([other])
    assert sequences(outbox) == [1]


def test_a_report_reaches_the_other_process_and_a_newer_one_replaces_it(outbox: Outbox, tmp_path: Path) -> None:
    """How sense is doing crosses by the outbox file."""
    other = Outbox.open(tmp_path, "shop")
    assert other.latest_report() is None
    outbox.report(report(at=1))
    outbox.report(report(at=2))
    assert other.latest_report() == report(at=2)
    other.close()


def test_a_write_of_another_process_is_noticed_once_and_ones_own_never(outbox: Outbox, tmp_path: Path) -> None:
    """The sender looks into the outbox only when there is news."""
    other = Outbox.open(tmp_path, "shop")
    outbox.changed()
    assert not outbox.changed()
    other.append(window)
    assert outbox.changed()
    outbox.append(window)
    assert not outbox.changed()
    other.close()


def test_another_device_is_refused(tmp_path: Path) -> None:
    """Messages of two devices never share a count."""
    Outbox.open(tmp_path, "shop").close()
    with pytest.raises(ConfigError, match=r"'shop'.*'bar'"):
        Outbox.open(tmp_path, "bar")


def test_a_file_of_a_newer_edged_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Going back a version loses no message."""
    outbox = Outbox.open(tmp_path, "shop")
    outbox.append(window)
    outbox.close()
    with sqlite3.connect(tmp_path / "outbox.sqlite") as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(StateFolderError, match="newer edged"):
        Outbox.open(tmp_path, "shop")
    assert not list(tmp_path.glob("*corrupt*"))
