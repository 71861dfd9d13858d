"""Videos under way, with children that do what a hostile video could make the real one do."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from tempfile import TemporaryFile

import pytest

from edged.http import jobs as room
from edged.http.jobs import Job, Jobs, State
from edged.http.problems import ProblemError
from tests.end_to_end.process import LONG_S


def python(program: str) -> tuple[str, ...]:
    return sys.executable, "-c", program


WELL = python("print('{}')")


def with_jobs(jobs: Jobs, see: Callable[[Jobs], Awaitable[None]]) -> None:
    """Let `see` do something; nothing is left behind."""

    async def run() -> None:
        async with asyncio.timeout(LONG_S):
            await see(jobs)
            await jobs.close()

    asyncio.run(run())


async def done(jobs: Jobs) -> Job:
    job = jobs.begin(TemporaryFile(), [])  # noqa: SIM115  (the job closes it)
    assert job.task is not None
    await job.task
    return job


@pytest.mark.parametrize(
    ("program", "status", "said"),
    [
        ("b = bytearray(4 << 30)", 500, "too much memory"),
        ("import sys; print('{nonsense', file=sys.stderr)", 500, "please report it"),
        ("import os; os.abort()", 500, "breaks the decoder"),
        ("import sys\nprint('edged: the film is damaged', file=sys.stderr)\nsys.exit(65)", 422, "the film is damaged"),
        ("import sys\nprint('edged: there is no FFmpeg', file=sys.stderr)\nsys.exit(69)", 501, "there is no FFmpeg"),
        ("import sys\nprint('edged: File too large', file=sys.stderr)\nsys.exit(73)", 413, "shorter video"),
    ],
)
def test_whatever_becomes_of_the_child_is_told(program: str, status: int, said: str) -> None:
    """As a problem, and the next video is analysed."""

    async def see(jobs: Jobs) -> None:
        job = await done(jobs)
        assert job.state is State.FAILED
        assert job.problem is not None
        assert (job.problem.status, job.result) == (status, None)
        assert said in job.problem.detail

    with_jobs(Jobs(python(program)), see)


def test_a_result_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child can't fill the disk: the kernel stops it (RLIMIT_FSIZE)."""
    monkeypatch.setattr(room, "MOST_RESULT_BYTES", 1 << 16)

    async def see(jobs: Jobs) -> None:
        job = await done(jobs)
        assert job.problem is not None
        assert job.problem.status == 500

    with_jobs(Jobs(python("import sys; sys.stdin.read(); print('x' * (1 << 20))")), see)


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """504, and the child is gone."""
    monkeypatch.setattr(room, "LIMIT_S", 0.2)

    async def see(jobs: Jobs) -> None:
        job = await done(jobs)
        assert job.problem is not None
        assert job.problem.status == 504

    with_jobs(Jobs(python("import signal; signal.pause()")), see)


def test_results_expire() -> None:
    """An hour later, here at once: the id is unknown again, and the file is closed."""

    async def see(jobs: Jobs) -> None:
        job = await done(jobs)
        while jobs.count(State.SUCCEEDED):
            await asyncio.sleep(0)
        with pytest.raises(ProblemError, match="expired") as told:
            jobs.find(job.id)
        assert told.value.problem.status == 404
        assert job.result is not None
        assert job.result.closed

    with_jobs(Jobs(WELL, kept_s=0.0), see)


def test_of_too_many_results_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the disk they take has a bound."""
    monkeypatch.setattr(room, "MOST_RESULTS", 2)

    async def see(jobs: Jobs) -> None:
        first, *others = [await done(jobs) for _ in range(3)]
        assert jobs.count(State.SUCCEEDED) == 2
        assert [jobs.find(job.id) for job in others] == others
        with pytest.raises(ProblemError):
            jobs.find(first.id)

    with_jobs(Jobs(WELL), see)
