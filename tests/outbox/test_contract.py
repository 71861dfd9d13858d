"""One contract for both places where messages wait: the outbox file, and the memory that stands in for it.

What is put in comes out oldest first, stays until it is settled, and is bounded: beyond the bound the oldest go, and
their number is known exactly.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from edged.messages.common import Stamp
from edged.outbox import MemoryOutbox, Outbox, Row
from tests.outbox.making import window

MOST = 10


class Queue(Protocol):
    """What both are, in the words of this contract. Messages are told apart by their camera."""

    def put(self, camera: str) -> None:
        """Take a message in."""

    def oldest(self) -> str | None:
        """The camera of the message whose turn it is."""

    def settle(self) -> None:
        """The oldest has been handed on."""

    def lost(self) -> int:
        """How many had to go, as it will be declared."""

    def declared(self) -> None:
        """The declaration has been handed on."""

    def held(self) -> int:
        """How many rows or entries it holds."""


class OfMemory:
    """The fall-back."""

    def __init__(self) -> None:
        self._memory = MemoryOutbox(MOST)

    def put(self, camera: str) -> None:
        self._memory.append(partial(window, camera=camera))

    def oldest(self) -> str | None:
        compose = self._memory.oldest
        return None if compose is None else compose(Stamp("shop", "0a1b2c3d", 1)).camera

    def settle(self) -> None:
        self._memory.settle()

    def lost(self) -> int:
        return self._memory.lost

    def declared(self) -> None:
        self._memory.declared()

    def held(self) -> int:
        return len(self._memory)


class OfFile:
    """The outbox; its gap messages are declarations."""

    def __init__(self, folder: Path) -> None:
        self.outbox = Outbox.open(folder, "shop", max_messages=MOST, replay_horizon_s=0)

    def put(self, camera: str) -> None:
        self.outbox.append(partial(window, camera=camera))

    def oldest(self) -> str | None:
        return next((json.loads(row.body)["camera"] for row in self._rows("window")), None)

    def settle(self) -> None:
        self.outbox.settle(self._rows("window")[:1])

    def lost(self) -> int:
        return sum(json.loads(row.body)["dropped"] for row in self._rows("gap"))

    def declared(self) -> None:
        self.outbox.settle(self._rows("gap"))

    def held(self) -> int:
        return len(self._rows("window"))

    def _rows(self, kind: str) -> list[Row]:
        return [row for row in self.outbox.waiting(1000) if row.topic.endswith(f"/{kind}")]


@pytest.fixture(params=["file", "memory"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Queue]:
    if request.param == "memory":
        yield OfMemory()
        return
    of_file = OfFile(tmp_path)
    yield of_file
    of_file.outbox.close()


def drained(queue: Queue) -> list[str]:
    cameras = []
    while (camera := queue.oldest()) is not None:
        cameras.append(camera)
        queue.settle()
    return cameras


def test_an_empty_one_has_nothing_to_hand_on(queue: Queue) -> None:
    """None, and nothing lost."""
    assert (queue.oldest(), queue.lost(), queue.held()) == (None, 0, 0)


def test_what_goes_in_comes_out_oldest_first(queue: Queue) -> None:
    """Order is kept."""
    for number in range(MOST):
        queue.put(str(number))
    assert drained(queue) == [str(number) for number in range(MOST)]
    assert queue.lost() == 0


def test_the_oldest_stays_until_it_is_settled(queue: Queue) -> None:
    """A try that failed is tried again."""
    queue.put("a")
    queue.put("b")
    assert (queue.oldest(), queue.oldest()) == ("a", "a")
    queue.settle()
    assert queue.oldest() == "b"


@pytest.mark.parametrize("excess", [1, 2, 3 * MOST])
def test_beyond_the_bound_the_oldest_go_and_are_counted_exactly(queue: Queue, excess: int) -> None:
    """Bounded, with nothing lost silently."""
    put = [str(number) for number in range(MOST + excess)]
    for camera in put:
        queue.put(camera)
    assert MOST - 1 <= queue.held() <= MOST  # a gap message takes a row
    assert queue.lost() == len(put) - queue.held()
    assert drained(queue) == put[queue.lost() :]


def test_a_declaration_is_made_once(queue: Queue) -> None:
    """What was declared is not declared again with the next loss."""
    for number in range(MOST + 3):
        queue.put(str(number))
    before = queue.lost()
    queue.declared()
    assert (before >= 3, queue.lost()) == (True, 0)
    drained(queue)
    for number in range(MOST + 2):
        queue.put(str(number))
    assert queue.lost() == MOST + 2 - queue.held()


def test_room_made_by_settling_is_room_again(queue: Queue) -> None:
    """A queue that is emptied as fast as it fills loses nothing."""
    for number in range(5 * MOST):
        queue.put(str(number))
        assert queue.oldest() == str(number)
        queue.settle()
    assert queue.lost() == 0
