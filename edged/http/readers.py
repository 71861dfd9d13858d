"""The threads that look at pictures: each with models of its own; so many may wait, and no analysis without an end.

Strategy: whoever wants a picture looked at takes a place first, before the picture is even received. Places are few, so
neither memory nor waiting time can grow.

Rules:
  - The event loop never waits for a model: it hands the work to a thread and goes on.
  - A thread can't be killed. One that is late is counted out until it ends; when all are late, no place is given.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final, TypeVar

import numpy as np

from edged.analysis.faces import PictureReader
from edged.camera.still import Still
from edged.config.model import Vision
from edged.http.problems import ProblemError

MOST_WAITING: Final = 8
"""Requests beyond those that are being looked at."""
LIMIT_S: Final = 30.0
"""From the end of the upload to the answer."""

T = TypeVar("T")


class Readers:
    """A pool of picture readers."""

    def __init__(self, settings: Vision, threads: int, limit_s: float = LIMIT_S) -> None:
        """Prepare `threads` threads; nothing is loaded yet."""
        self._settings = settings
        self._threads = threads
        self._limit_s = limit_s
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="look")
        self._idle: SimpleQueue[PictureReader] = SimpleQueue()
        self._taken = 0
        self._late = 0
        self.ready = False
        """Whether the models are loaded."""

    @property
    def taken(self) -> int:
        """Places that are taken."""
        return self._taken

    @property
    def held_up(self) -> bool:
        """Whether every thread is busy with something that should have ended."""
        return self._late >= self._threads

    def load(self) -> None:
        """Load the models, and use each once. Raises what PictureReader raises."""
        blank = Still(np.zeros((480, 640, 3), np.uint8), 640, 480)
        for _ in range(self._threads):
            reader = PictureReader(self._settings)
            reader.find(blank, every_emotion=True)
            self._idle.put(reader)
        self.ready = True

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place, from before the upload until the answer. Raises ProblemError when there is none."""
        if not self.ready:
            raise ProblemError(
                503, "the models are being loaded: try again in some seconds", retry_after_s=3, close=True
            )
        if self.held_up:
            raise ProblemError(503, "all readers are held up: try again in a minute", retry_after_s=60, close=True)
        if self._taken >= self._threads + MOST_WAITING:
            raise ProblemError(
                429, "too many pictures at once: send the next when an answer has come", retry_after_s=1, close=True
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def run(self, look: Callable[[PictureReader], T]) -> T:
        """Have a thread do something with its reader. Raises ProblemError when it takes too long."""
        work = self._pool.submit(self._with_a_reader, look)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(work), self._limit_s)
        except TimeoutError:
            self._count_out(work)
            raise ProblemError(
                504, f"the analysis took longer than {self._limit_s:g} s: send a smaller picture, or later"
            ) from None

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _with_a_reader(self, look: Callable[[PictureReader], T]) -> T:
        reader = self._idle.get()
        try:
            return look(reader)
        finally:
            self._idle.put(reader)

    def _count_out(self, work: "Future[T]") -> None:
        if not work.running():
            return
        self._late += 1
        loop = asyncio.get_running_loop()
        work.add_done_callback(lambda _: None if loop.is_closed() else loop.call_soon_threadsafe(self._count_in))

    def _count_in(self) -> None:
        self._late -= 1
