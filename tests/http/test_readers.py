"""The pool of readers: what takes too long, and what comes before it is ready."""

import asyncio
import threading

import pytest

from edged.analysis.faces import PictureReader
from edged.config.model import Vision
from edged.http.problems import ProblemError
from edged.http.readers import Readers


@pytest.fixture(scope="module")
def settings() -> Vision:
    return Vision()


def status_of(readers: Readers) -> int:
    """What a caller is told who asks for a place: 0 when there is one."""
    try:
        with readers.place():
            return 0
    except ProblemError as error:
        return error.problem.status


def test_before_the_models_are_loaded_no_place_is_given(settings: Vision) -> None:
    """503, and when to come back."""
    readers = Readers(settings, 1)
    with pytest.raises(ProblemError, match="being loaded") as refused, readers.place():
        pass
    assert (refused.value.problem.status, refused.value.headers["retry-after"]) == (503, "3")
    readers.close()


async def hold_up(readers: Readers, until: threading.Event) -> None:
    """Have a thread do something that takes too long."""
    begun = threading.Event()

    def wait(_: PictureReader) -> None:
        begun.set()
        until.wait()

    while not begun.is_set():  # on a busy machine the time may be over before it begins
        with pytest.raises(ProblemError, match="longer than") as told:
            await readers.run(wait)
        assert told.value.problem.status == 504


def test_what_takes_too_long_is_told_and_counted_out(settings: Vision) -> None:
    """504 for the one that is late, 503 for others as long as no thread is free; then all is well again."""
    readers = Readers(settings, 1, limit_s=0.05)
    readers.load()
    go_on = threading.Event()

    async def see() -> None:
        await hold_up(readers, go_on)
        assert status_of(readers) == 503
        go_on.set()
        while readers.held_up:
            await asyncio.sleep(0)
        assert status_of(readers) == 0
        readers.close()

    asyncio.run(see())


def test_what_waits_too_long_is_told_and_never_begun(settings: Vision) -> None:
    """A picture that nobody has begun to look at when its time is over isn't looked at afterwards."""
    readers = Readers(settings, 1, limit_s=0.05)
    readers.load()
    go_on = threading.Event()
    looked: list[PictureReader] = []

    async def see() -> None:
        await hold_up(readers, go_on)
        with pytest.raises(ProblemError) as told:
            await readers.run(looked.append)
        assert told.value.problem.status == 504
        go_on.set()
        while readers.held_up:
            await asyncio.sleep(0)
        readers.close()

    asyncio.run(see())
    assert not looked
