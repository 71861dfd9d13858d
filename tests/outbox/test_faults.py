"""The outbox outlives its file, its folder and its neighbours."""

import re
import resource
import sqlite3
from pathlib import Path

import pytest

from edged.errors import StateFolderError, StoreError
from edged.outbox import Outbox
from tests.outbox.making import window

NOON = 1_790_000_000.0


def damage(file: Path) -> None:
    for each in (file, file.with_name(f"{file.name}-wal")):
        each.write_bytes(b"this is no database, " * 500)


def test_a_corrupt_file_is_moved_aside_and_a_new_epoch_begins(tmp_path: Path) -> None:
    """A dying card never stops the service."""
    first = Outbox.open(tmp_path, "shop")
    first.append(window)
    first.close()
    damage(tmp_path / "outbox.sqlite")
    second = Outbox.open(tmp_path, "shop", wall=lambda: NOON)
    assert second.epoch != first.epoch
    assert second.append(window).sequence == 1
    assert second.quarantined == tmp_path / "outbox.sqlite.corrupt-20260921T141320Z"
    assert second.quarantined.read_bytes().startswith(b"this is no database")


def test_a_file_that_corrupts_under_two_processes_is_replaced_for_both(tmp_path: Path) -> None:
    """Whoever meets the damage first begins anew, and the other one follows."""
    sense, publish = Outbox.open(tmp_path, "shop"), Outbox.open(tmp_path, "shop")
    for _ in range(150):
        sense.append(window)
    with sqlite3.connect(tmp_path / "outbox.sqlite") as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (tmp_path / "outbox.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 60)
    stamp = sense.append(window)
    assert publish.changed()
    assert [row.sequence for row in publish.waiting(10)] == [stamp.sequence] == [1]
    assert sense.epoch == publish.epoch == stamp.epoch
    publish.close()
    sense.append(window)
    sense.close()
    again = Outbox.open(tmp_path, "shop")
    assert [row.sequence for row in again.waiting(10)] == [1, 2]


def test_corrupt_files_do_not_pile_up(tmp_path: Path) -> None:
    """The disk stays bounded."""
    for generation in range(1, 6):
        Outbox.open(tmp_path, "shop").close()
        name = "outbox.sqlite" if generation == 1 else f"outbox.{generation}.sqlite"
        damage(tmp_path / name)
    Outbox.open(tmp_path, "shop")
    corrupt = sorted(file.name for file in tmp_path.iterdir() if "corrupt" in file.name)
    assert [re.sub(r"-.*", "", name) for name in corrupt] == ["outbox.4.sqlite.corrupt", "outbox.5.sqlite.corrupt"]


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    """A person learns which folder and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StateFolderError, match=r"state folder .*file/state can't be written .*outbox\.folder"):
        Outbox.open(tmp_path / "file" / "state", "shop")


def test_a_path_that_is_no_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    """The same when something else stands in the outbox's place."""
    (tmp_path / "outbox.sqlite").mkdir()
    with pytest.raises(StateFolderError, match=r"outbox\.sqlite can't be opened"):
        Outbox.open(tmp_path, "shop")


def test_a_locked_file_is_a_passing_fault(tmp_path: Path) -> None:
    """Sense hands over with a deadline; nothing was committed when it passes."""
    outbox = Outbox.open(tmp_path, "shop", deadline_s=0.05)
    blocker = sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        outbox.append(window)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert outbox.append(window).sequence == 1


def test_a_file_that_cannot_grow_is_a_passing_fault(tmp_path: Path) -> None:
    """A full disk costs no number and no message that was committed before."""
    outbox = Outbox.open(tmp_path, "shop")
    outbox.append(window)
    journal = (tmp_path / "outbox.sqlite-wal").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal, hard))
    try:
        with pytest.raises(StoreError, match="can't be used just now"):
            outbox.append(window)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outbox.append(window).sequence == 2
    assert len(outbox.waiting(10)) == 2


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE store SET last_sequence = 1",
        "DROP TABLE filler",
        "PRAGMA user_version = 1",
        "UPDATE message SET body = 'no JSON' WHERE sequence = 2",
    ],
)
def test_content_that_the_rules_never_let_in_counts_as_corrupt(tmp_path: Path, harm: str) -> None:
    """A disk that lies about syncs can mix old pages with new ones, and SQLite may see no harm in it."""
    first = Outbox.open(tmp_path, "shop")
    for _ in range(3):
        first.append(window)
    first.close()
    with sqlite3.connect(tmp_path / "outbox.sqlite") as raw:
        raw.execute("PRAGMA ignore_check_constraints = 1")
        raw.execute(harm)
    raw.close()
    second = Outbox.open(tmp_path, "shop")
    rows = second.waiting(10)
    stamp = second.append(window)
    assert second.quarantined is not None
    assert (rows, stamp.sequence, stamp.epoch != first.epoch) == ([], 1, True)
    second.close()
