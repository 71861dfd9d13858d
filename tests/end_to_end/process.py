"""The real `edged` as other programs see it: a command line, processes, what it says, how it ends.

Rules:
  - Waiting means looking again until a deadline; a deadline is generous, and passing it fails the test with what the
    process had said by then.
  - Whatever a test does, none of its processes outlives it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

LONG_S = 120.0
"""Seconds to wait for anything on a busy machine: many times what is needed."""
LOOK_EVERY_S = 0.05

T = TypeVar("T")

Settings = Mapping[str, str | int | float | bool]
"""Configuration keys (`windows.length_s`, or `camera.source` of the first camera) and their values."""


def wait_for(what: Callable[[], T], name: str, said: Callable[[], str] = str) -> T:
    """Look until `what` gives something true, and return that."""
    deadline = time.monotonic() + LONG_S
    while not (found := what()):
        assert time.monotonic() < deadline, f"{name} did not happen within {LONG_S:.0f} s; said so far:\n{said()}"
        time.sleep(LOOK_EVERY_S)
    return found


def environment() -> dict[str, str]:
    """The surroundings of a process under test: nothing of the caller's own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("EDGED_", "PYTHON"))}


def command(words: list[str], settings: Settings, config: Path | None = None) -> list[str]:
    """The command line of `edged WORDS`, with settings laid over a configuration file."""
    chosen = [part for key, value in settings.items() for part in ("--set", f"{key}={json.dumps(value)}")]
    # Without a file of our own, a configuration of this machine's would be taken.
    return [sys.executable, "-m", "edged", *words, "--config", str(config or os.devnull), *chosen]


def finish_plain(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `edged WORDS`, which asks for no configuration, to its end."""
    return _finish([sys.executable, "-m", "edged", *words])


def ask(*words: str) -> str:
    """What `edged WORDS` answers."""
    done = finish_plain(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def finish(
    words: list[str], settings: Settings, config: Path | None = None, wrapper: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run `edged WORDS` to its end, inside `wrapper` when there is one."""
    return _finish([*wrapper, *command(words, settings, config)])


def _finish(command_line: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )


class Running:
    """One `edged` command while it runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def said(self) -> str:
        """What it has written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_for_words(self, words: str) -> None:
        """Wait until it has said something."""
        wait_for(lambda: words in self.said(), f"{words!r}", self.said)

    def child(self, name: str) -> int:
        """Wait for the supervised process of this name, and return its process id."""
        return wait_for(lambda: children_by_name(self.process.pid).get(name, 0), f"a {name} process", self.said)

    def wait(self) -> int:
        """Wait for its end, and return the exit code."""
        return self.process.wait(LONG_S)


@contextmanager
def running(
    words: list[str],
    settings: Settings,
    log: Path,
    config: Path | None = None,
    surroundings: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run `edged WORDS` for as long as the block runs, with `surroundings` added to its environment."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command(words, settings, config),
            env=environment() | dict(surroundings or {}),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
        try:
            yield Running(process, log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def children_by_name(parent: int) -> dict[str, int]:
    """Process ids of the `edged` processes that a process has started, by their command."""
    found: dict[str, int] = {}
    for task in Path(f"/proc/{parent}/task").iterdir():
        for pid in (task / "children").read_text().split():
            words = command_line(int(pid))
            if "edged" in words[:3]:
                found[words[words.index("edged") + 1]] = int(pid)
    return found


def command_line(pid: int) -> list[str]:
    """Words that a process was started with; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def mapped_files(pid: int) -> set[str]:
    """Paths of the files that a process has loaded code or data from."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {fields[5] for line in lines if len(fields := line.split(maxsplit=5)) == 6 and fields[5].startswith("/")}


def inet_sockets(pid: int) -> list[str]:
    """States (hexadecimal, as in /proc/net/tcp) of the internet sockets that a process holds."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    states = []
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        path = Path(f"/proc/{pid}/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[9] in inodes:
                states.append(fields[3])
    return states


LISTENING = "0A"
"""TCP_LISTEN in /proc/net/tcp."""
