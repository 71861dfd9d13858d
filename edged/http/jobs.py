"""Videos that are being analysed, one after the other, each by a process of its own, and their results for a while.

Strategy: `edged analyze` in a child process does the work, and writes into a file without a name. A hostile video can
break that process and nothing else; it has bounds of memory and time, and can be killed at any moment.

Rules:
  - Few at a time, each of bounded size; results are bounded too and expire. So is all disk that is ever used.
  - Nothing has a name in a folder: when this process ends, in whatever way, videos and results are gone.
  - An id can't be guessed: who knows it has sent the video.
"""

import asyncio
import contextlib
import json
import logging
import resource
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from tempfile import TemporaryFile
from typing import IO, Final

from edged.errors import ExitCode
from edged.http.problems import Problem, ProblemError, problem

_log = logging.getLogger("edged.http")

MOST_UNDER_WAY: Final = 4
"""Videos being received, waiting or being analysed."""
MOST_RESULTS: Final = 16
"""The oldest goes first."""
KEPT_S: Final = 3600.0
MOST_RESULT_BYTES: Final = 128 << 20
MOST_MEMORY_BYTES: Final = 3 << 30
"""Of the child (RLIMIT_DATA): pictures of 8K, several under way, and the models."""
LIMIT_S: Final = 3600.0
_UNREADABLE: Final = frozenset({ExitCode.DATA, ExitCode.NO_INPUT})
_MOST_SAID: Final = 500


class State(StrEnum):
    """Where a video stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(slots=True)
class Job:
    """One video."""

    words: tuple[str, ...]
    """Options of `edged analyze`."""
    video: IO[bytes]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: State = State.WAITING
    done_s: float = 0.0
    total_s: float | None = None
    problem: Problem | None = None
    note: str | None = None
    result: IO[bytes] | None = None
    task: "asyncio.Task[None] | None" = None

    def close(self) -> None:
        """Give back what it holds on the disk."""
        self.video.close()
        if self.result is not None:
            self.result.close()


class Jobs:
    """All videos."""

    def __init__(self, command: Sequence[str], kept_s: float = KEPT_S) -> None:
        """Analyse by `command`, to which options and file are added; keep results for `kept_s` seconds."""
        self._command = tuple(command)
        self._kept_s = kept_s
        self._jobs: dict[str, Job] = {}
        self._receiving = 0
        self._one = asyncio.Lock()

    def count(self, *states: State) -> int:
        """How many are in one of these states."""
        return sum(job.state in states for job in self._jobs.values())

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take a place for a video that is to be received. Raises ProblemError when there is none."""
        if self._receiving + self.count(State.WAITING, State.RUNNING) >= MOST_UNDER_WAY:
            raise ProblemError(
                429,
                f"{MOST_UNDER_WAY} videos are under way: send the next when one is done, or cancel one",
                retry_after_s=10,
                close=True,
            )
        self._receiving += 1
        try:
            yield
        finally:
            self._receiving -= 1

    def begin(self, video: IO[bytes], words: Sequence[str]) -> Job:
        """Take a video in; it is analysed when its turn comes."""
        job = Job(tuple(words), video)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job))
        return job

    def find(self, id_: str) -> Job:
        """Return a video's job. Raises ProblemError."""
        try:
            return self._jobs[id_]
        except KeyError:
            raise ProblemError(404, "there is no such video: it was cancelled or has expired; send it anew") from None

    async def drop(self, id_: str) -> None:
        """Cancel a video, or forget its result. Raises ProblemError."""
        job = self.find(id_)
        del self._jobs[id_]
        await _end(job)

    async def close(self) -> None:
        """End all of them."""
        for job in list(self._jobs.values()):
            await _end(job)
        self._jobs.clear()

    async def _run(self, job: Job) -> None:
        async with self._one:
            job.state = State.RUNNING
            try:
                async with asyncio.timeout(LIMIT_S):
                    await self._analyse(job)
            except TimeoutError:
                _fail(job, 504, f"the analysis took longer than {LIMIT_S / 60:g} minutes: send a shorter video")
            except OSError:
                _fail(job, 503, "this machine can't begin an analysis now: try again later")
            except Exception:  # whatever it is, the next video has its turn
                _log.exception("a fault of edged while a video was analysed")
                _fail(job, 500, "a fault of edged, which its log describes: please report it")
            job.video.close()
        self._expire_later(job)

    async def _analyse(self, job: Job) -> None:
        job.result = TemporaryFile()  # noqa: SIM115  (the job closes it)
        video = job.video.fileno()
        child = await asyncio.create_subprocess_exec(
            *self._command,
            *job.words,
            f"/dev/fd/{video}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=job.result,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(video,),
        )
        try:
            for what, most in (
                (resource.RLIMIT_DATA, MOST_MEMORY_BYTES),
                (resource.RLIMIT_FSIZE, MOST_RESULT_BYTES),
                (resource.RLIMIT_CORE, 0),
            ):
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(child.pid, what, (most, most))
            said = await _follow(child, job)
            code = await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        self._judge(job, code, said.replace(f"/dev/fd/{video}", "the file"))

    def _judge(self, job: Job, code: int, said: str) -> None:
        """Say what came out of it: a whole result, a shorter one with a note, or none."""
        if code == ExitCode.OK or (code == ExitCode.DATA and job.result is not None and job.result.seek(0, 2)):
            job.state = State.SUCCEEDED
            job.note = said or None
        elif code in _UNREADABLE:
            _fail(job, 422, said or "the video can't be read: it is damaged")
        elif code == ExitCode.UNAVAILABLE:
            _fail(job, 501, said)
        elif code == ExitCode.CANNOT_CREATE:
            _fail(job, 413, "the result is too long for this service, or for its disk: send a shorter video")
        else:
            _fail(
                job, 500, "the analysis ended without a result: the video needs too much memory, or breaks the decoder"
            )

    def _expire_later(self, job: Job) -> None:
        done = [each for each in self._jobs.values() if each.state in {State.SUCCEEDED, State.FAILED}]
        for oldest in done[: max(0, len(done) - MOST_RESULTS)]:
            self._forget(oldest)
        asyncio.get_running_loop().call_later(self._kept_s, self._forget, job)

    def _forget(self, job: Job) -> None:
        if self._jobs.pop(job.id, None) is not None:
            job.close()


async def _follow(child: asyncio.subprocess.Process, job: Job) -> str:
    """Read what the child says while it works: how far it is, and in the end perhaps a sentence, which is returned."""
    said = ""
    assert child.stderr is not None  # noqa: S101  (it was asked for)
    async for line in child.stderr:
        text = line.decode(errors="replace").strip()
        if text.startswith("{"):
            told = json.loads(text)
            job.done_s, job.total_s = told["done"], told["total"]
        elif text.startswith("edged: ") and "personal data" not in text:
            said = text.removeprefix("edged: ")[:_MOST_SAID]
    return said


def _fail(job: Job, status: int, detail: str) -> None:
    job.state = State.FAILED
    job.problem = problem(status, detail)
    if job.result is not None:
        job.result.close()
        job.result = None


async def _end(job: Job) -> None:
    if job.task is not None:
        job.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await job.task
    job.close()
