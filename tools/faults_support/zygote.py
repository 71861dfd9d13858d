"""Processes by the thousand: one process has everything loaded, and each process under test is a fork of it.

    python -m tools.faults_support.zygote           # then one JSON request a line; one JSON answer a line

What runs in a fork is the command line of `edged`, or of the producer, as it would run by itself; only the seconds of
loading are saved. A fork may be told to kill itself, by SIGKILL, at the n-th time that it comes to a POINT, and to be
hasty: it then tries to reach the broker again after a tenth of a second, however often that has failed.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .parts import ROOT

POINTS = (
    "before commit",
    "after commit",
    "before publish",
    "after publish",
    "at PUBACK",
    "before settle",
    "after settle",
)
"""Instants at which a fork can be told to die; those of a commit are reached by producers as well."""
FORK_POINTS = {"producer": POINTS[:2], "edged": POINTS}


class Zygote:
    """The parent's side."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.faults_support.zygote"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("EDGED_")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(
        self, program: str, words: Sequence[str], log: Path, die: tuple[str, int] | None = None, *, hasty: bool = False
    ) -> int:
        """Fork a `producer` or an `edged` with these words; give its process id."""
        request = {"start": program, "words": list(words), "log": str(log), "die": die, "hasty": hasty}
        return int(self._ask(request))

    def ended(self, pid: int) -> int | None:
        """The exit status of a fork, as waitpid gives it; None while it runs."""
        status: int | None = self._ask({"ended": pid})
        return status

    def kill(self, pid: int) -> int:
        """End a fork with SIGKILL and give its exit status."""
        return int(self._ask({"kill": pid}))

    def close(self) -> None:
        """End the zygote and all its forks."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def zygote() -> Iterator[Zygote]:
    """A zygote, ended with its forks at the end."""
    made = Zygote()
    try:
        yield made
    finally:
        made.close()


def _serve() -> None:
    import edged.cli.main
    import edged.cli.services
    import edged.service.publish

    from . import producer

    programs = {"edged": edged.cli.main.main, "producer": producer.main}
    children: dict[int, int | None] = {}
    for line in sys.stdin:
        request = json.loads(line)
        answer: int | None = None
        if "start" in request:
            answer = _fork(programs[request["start"]], request)
            children[answer] = None
        elif "kill" in request:
            pid = request["kill"]
            if children[pid] is None:
                os.kill(pid, signal.SIGKILL)
                children[pid] = os.waitpid(pid, 0)[1]
            answer = children[pid]
        else:
            pid = request["ended"]
            if children[pid] is None and os.waitpid(pid, os.WNOHANG) != (0, 0):
                children[pid] = -1
            answer = children[pid]
        print(json.dumps(answer), flush=True)
    for pid, status in children.items():
        if status is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _fork(main: Callable[[Sequence[str]], object], request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        null = os.open(os.devnull, os.O_RDONLY)
        for number, target in ((0, null), (1, log), (2, log)):
            os.dup2(target, number)
        if request["hasty"]:
            from edged.publish import publisher

            publisher.delay_s = lambda _failures, _share: 0.1
        if request["die"] is not None:
            _arm(*request["die"])
        code = int(main(request["words"]) or 0)  # type: ignore[call-overload]
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _arm(point: str, times: int) -> None:
    """Let this process kill itself at the n-th time that it comes to a point."""
    from edged.outbox import Outbox
    from edged.publish.drain import Drain
    from edged.publish.link import Link

    left = times

    def come() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    when, what = point.split()
    if what == "commit":
        connect = sqlite3.connect

        class Mortal(sqlite3.Connection):
            def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
                if sql == "COMMIT" and when == "before":
                    come()
                cursor = super().execute(sql, *arguments)
                if sql == "COMMIT" and when == "after":
                    come()
                return cursor

        sqlite3.connect = lambda *given, **named: connect(*given, **named, factory=Mortal)  # type: ignore[assignment]
        return
    owner, name = {"publish": (Link, "send"), "PUBACK": (Drain, "answered"), "settle": (Outbox, "settle")}[what]
    real = getattr(owner, name)

    def mortal(*given: Any, **named: Any) -> Any:
        if when in {"before", "at"}:
            come()
        result = real(*given, **named)
        if when == "after":
            come()
        return result

    setattr(owner, name, mortal)


if __name__ == "__main__":
    _serve()
