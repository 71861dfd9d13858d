"""The outbox among real processes that die at any instant."""

import multiprocessing
import os
import random
import signal
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest

from edged.errors import InUseError
from edged.outbox import Outbox, exclusive
from tests.outbox.making import window

FORK = multiprocessing.get_context("fork")
KILLS = 50


def append_for_ever(folder: Path, pipe: int) -> None:
    outbox = Outbox.open(folder, "shop")
    while True:
        os.write(pipe, outbox.append(window).sequence.to_bytes(4, "big"))


def killed_after(folder: Path, commits: int) -> int:
    """Let a child append; SIGKILL it after so many commits; give the last sequence that it told."""
    reader, writer = os.pipe()
    child: ForkProcess = FORK.Process(target=append_for_ever, args=(folder, writer))
    child.start()
    os.close(writer)
    last = 0
    with os.fdopen(reader, "rb") as told:
        for _ in range(commits):
            last = int.from_bytes(told.read(4), "big")
        child.kill()
        while len(word := told.read(4)) == 4:
            last = int.from_bytes(word, "big")
    child.join()
    child.close()
    return last


def test_killed_at_random_nothing_committed_is_lost_and_no_number_skipped(tmp_path: Path) -> None:
    """Promise 3: a release that was committed survives kill -9."""
    chance = random.Random(2)
    for _ in range(KILLS):
        told = killed_after(tmp_path, chance.randrange(0, 8))
        outbox = Outbox.open(tmp_path, "shop")
        rows = [row.sequence for row in outbox.waiting(10_000)]
        assert rows == list(range(1, len(rows) + 1))
        assert len(rows) >= told
        assert outbox.quarantined is None
        outbox.close()
    assert len(rows) > KILLS


def hold(folder: Path, pipe: int) -> None:
    with exclusive(folder, "sense"):
        os.write(pipe, b"x")
        signal.pause()


def test_a_second_process_of_the_role_refuses_and_names_the_first(tmp_path: Path) -> None:
    """Two instances never share a state folder; the other role may; kill -9 leaves no stale lock."""
    reader, writer = os.pipe()
    first = FORK.Process(target=hold, args=(tmp_path, writer))
    first.start()
    assert os.read(reader, 1) == b"x"
    with pytest.raises(InUseError, match=rf"another edged sense \(pid {first.pid}\)"), exclusive(tmp_path, "sense"):
        pass
    with exclusive(tmp_path, "publish"):
        pass
    first.kill()
    first.join()
    with exclusive(tmp_path, "sense"):
        pass
    os.close(reader)
    os.close(writer)
