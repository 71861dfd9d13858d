"""Looks at a recording's pictures ahead of the loop that asks for them, on every core, and in their order.

Strategy: source and eyes at once. Frames are fetched a few ahead, each look is done by one of several threads, and when
the loop takes a frame its look is under way already. The loop sees no difference, nor do its messages.

Rules:
  - At most one look for each thread, and one more, is under way, and few frames are held: an hour costs no more memory
    than a minute.
  - Each thread has models of its own, for a model holds the tensors of one picture.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final, Protocol

from edged.analysis.faces import Emotions
from edged.camera.frame import Frame, FrameSource
from edged.config.model import Camera, Config
from edged.service.eyes import Eyes
from edged.service.line import Sees
from edged.vision.sighting import Sighting

MOST_THREADS: Final = 4
MOST_FRAMES: Final = 16
"""Held at a time, looked at or not."""

Looked = tuple[list[Sighting], Sees]


class Onlooker(Protocol):
    """Who is shown what is looked at, in the order of time."""

    @property
    def wants_every_frame(self) -> bool:
        """Whether `pass_by` has any use for a frame."""

    def see(self, frame: Frame, sightings: Sequence[Sighting]) -> None:
        """Take in a look."""

    def pass_by(self, frame: Frame) -> None:
        """Take in a frame that isn't looked at."""


@dataclass(frozen=True, slots=True)
class Looker:
    """The models of one thread."""

    eyes: Eyes
    emotions: Emotions | None
    """Reads the faces whose emotion the service wouldn't; None: they stay unread."""

    def look(self, frame: Frame) -> Looked:
        """Find the faces of a frame; say which models did."""
        sightings, sees = self.eyes.look(frame)
        if self.emotions is not None:
            sightings = self.emotions.complete(frame.pixels, sightings)
        return sightings, sees


def lookers(config: Config, camera: Camera, *, every_emotion: bool) -> list[Looker]:
    """Load the models of as many threads as there are cores, four at the most; of one where an Edge TPU works.

    Raises what Vision raises.
    """
    first = _looker(config, camera, every_emotion=every_emotion)
    threads = 1 if "edgetpu" in first.eyes.sees.runtime else min(len(os.sched_getaffinity(0)), MOST_THREADS)
    return [first, *(_looker(config, camera, every_emotion=every_emotion) for _ in range(threads - 1))]


def _looker(config: Config, camera: Camera, *, every_emotion: bool) -> Looker:
    return Looker(Eyes(config, [camera]), Emotions(config.vision) if every_emotion else None)


class Ahead(FrameSource):
    """A recording and its looks."""

    live = False

    def __init__(
        self, source: FrameSource, idle: Sequence[Looker], onlooker: Onlooker, due: Callable[[float], bool]
    ) -> None:
        """Read `source` with the models of `idle`; `due` chooses the frames to be looked at."""
        self._source = source
        self._idle: SimpleQueue[Looker] = SimpleQueue()
        for looker in idle:
            self._idle.put(looker)
        self._onlooker = onlooker
        self._due = due
        self._sees = idle[0].eyes.sees
        self._pool = ThreadPoolExecutor(len(idle), thread_name_prefix="look")
        self._most = len(idle) + 1
        self._waiting: deque[tuple[Frame, Future[Looked] | None]] = deque()
        self._under_way = 0
        self._frame: Frame | None = None
        self._look: Future[Looked] | None = None
        self._ended = False

    @property
    def sees(self) -> Sees:
        """Which models looked last, or will look first."""
        return self._sees

    def grab(self) -> float | None:
        """Go to the next frame that is to be looked at."""
        while True:
            self._fetch()
            if not self._waiting:
                return None
            frame, look = self._waiting.popleft()
            if look is not None:
                self._under_way -= 1
                self._frame, self._look = frame, look
                return frame.captured
            self._onlooker.pass_by(frame)

    def retrieve(self) -> Frame | None:
        """Return the frame that `grab` went to."""
        return self._frame

    def look(self, frame: Frame) -> Looked:
        """Return what was found in the frame that was read last."""
        if self._look is None or frame is not self._frame:
            raise ValueError(f"{frame} isn't the frame that was read last")
        sightings, self._sees = self._look.result()
        self._onlooker.see(frame, sightings)
        return sightings, self._sees

    def close(self) -> None:
        """Let the threads end and close the recording."""
        self._pool.shutdown(cancel_futures=True)
        self._source.close()

    def _fetch(self) -> None:
        """Fetch frames until enough looks are under way."""
        while not self._ended and self._under_way < self._most and len(self._waiting) < MOST_FRAMES:
            captured = self._source.grab()
            if captured is None:
                self._ended = True
                return
            due = self._due(captured)
            if not due and not self._onlooker.wants_every_frame:
                continue
            frame = self._source.retrieve()
            if frame is None:
                continue
            self._waiting.append((frame, self._pool.submit(self._run, frame) if due else None))
            self._under_way += due

    def _run(self, frame: Frame) -> Looked:
        looker = self._idle.get()
        try:
            return looker.look(frame)
        finally:
            self._idle.put(looker)
