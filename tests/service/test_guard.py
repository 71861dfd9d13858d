"""A loop that hangs is ended in time, and the log names the stage: real processes, each with one call that hangs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edged.errors import ExitCode
from edged.service.notify import Hearing
from tests.brokers import Mosquitto, free_port
from tests.end_to_end.process import Running, Settings, children_by_name, command, environment, running, wait_for

LIMIT_S = 3.0


def settings(sample: Path, state: Path, port: int) -> Settings:
    """A camera that never ends."""
    return {
        "camera.source": str(sample),
        "camera.loop": True,
        "windows.length_s": 5,
        "outbox.folder": str(state),
        "broker.port": port,
    }


@contextmanager
def stuck(target: str, words: list[str], with_settings: Settings, folder: Path) -> Iterator[tuple[Running, Hearing]]:
    """A process in which a call hangs, and what its supervisor hears."""
    _, _, _, *arguments = command(words, with_settings)
    hearing, log = Hearing(), folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.service.stuck", target, *arguments],
            env={**environment(), **hearing.environment(LIMIT_S)},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    try:
        yield Running(process, log), hearing
    finally:
        process.kill()
        process.wait()
        hearing.close()


@pytest.mark.parametrize(
    ("stage", "target"),
    [
        ("camera take", "edged.camera.desk:Desk.take"),
        ("windows", "edged.service.post:Post.advance"),
        ("outbox put", "edged.service.handover:Handover.put"),
        ("look", "edged.service.eyes:Eyes.look"),
        ("report", "edged.service.handover:Handover.report"),
    ],
)
def test_blocked_stage_of_sense_ends_the_process_by_name(
    stage: str, target: str, short_sample: Path, tmp_path: Path
) -> None:
    """Whatever hangs, the process ends with OS_ERROR, and the log and the supervisor know the stage."""
    with stuck(target, ["sense"], settings(short_sample, tmp_path / "state", 1), tmp_path) as (edged, hearing):
        _ends_by_name(edged, hearing, stage)


@pytest.mark.parametrize(
    ("stage", "target"),
    [
        ("outbox drain", "edged.publish.drain:Drain.tend"),
        ("link", "edged.publish.link:Link.poll"),
        ("status", "edged.publish.setbacks:Setbacks.tend"),
    ],
)
def test_blocked_stage_of_publish_ends_the_process_by_name(
    stage: str, target: str, sample: Path, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """The same with the loop that has the network."""
    with_settings = settings(sample, tmp_path / "state", mosquitto.port)
    with stuck(target, ["publish"], with_settings, tmp_path) as (edged, hearing):
        _ends_by_name(edged, hearing, stage)


def _ends_by_name(edged: Running, hearing: Hearing, stage: str) -> None:
    assert edged.wait() == ExitCode.OS_ERROR
    assert f"the stage '{stage}' has made no progress for 2 s" in edged.said()
    told = hearing.heard(edged.process.pid)
    assert ("READY", "1") in told
    assert told[-1] == ("STATUS", f"stuck in the stage {stage}")


def test_stage_that_hangs_with_pythons_lock_is_named_when_aborted(short_sample: Path, tmp_path: Path) -> None:
    """No thread of the process can act any more: it falls silent, and its supervisor's SIGABRT makes it say where."""
    with_settings = settings(short_sample, tmp_path / "state", 1)
    target = "edged.service.eyes:Eyes.look"
    with stuck(target, ["sense", "--holding"], with_settings, tmp_path) as (edged, hearing):
        told: list[tuple[str, str]] = []
        fed = time.monotonic()

        def silent() -> bool:
            nonlocal fed
            news = hearing.heard(edged.process.pid)
            told.extend(news)
            fed = time.monotonic() if ("WATCHDOG", "1") in news or not told else fed
            return ("READY", "1") in told and time.monotonic() - fed > LIMIT_S

        wait_for(silent, "silence", edged.said)
        edged.process.send_signal(signal.SIGABRT)
        assert edged.wait() == -signal.SIGABRT
        assert "in _see" in edged.said()


def test_supervisor_replaces_a_child_that_falls_silent(short_sample: Path, tmp_path: Path) -> None:
    """`edged run` guards as systemd does: a halted child is ended within the limit, named, and started again."""
    with running(
        ["run"],
        settings(short_sample, tmp_path / "state", free_port()),
        tmp_path / "log",
        surroundings={"WATCHDOG_USEC": str(round(LIMIT_S * 1e6))},
    ) as edged:
        edged.wait_for_words("looking with")
        for name in ("publish", "sense"):
            halted = edged.child(name)
            wait_for(lambda pid=halted: _listens(pid), "its handlers", edged.said)  # type: ignore[misc]
            os.kill(halted, signal.SIGSTOP)
            edged.wait_for_words(f"{name} has made no progress for 3 s: ending it")
            edged.wait_for_words(f"{name} was killed by SIGKILL; starting it again")
            wait_for(
                lambda name=name, pid=halted: children_by_name(edged.process.pid).get(name, pid) != pid,  # type: ignore[misc]
                f"another {name}",
                edged.said,
            )


def _listens(pid: int) -> bool:
    """Whether a process has handlers for SIGTERM and SIGHUP, and so is up."""
    caught = next(
        int(line.split()[1], 16)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("SigCgt:")
    )
    return all(caught >> (number - 1) & 1 for number in (signal.SIGTERM, signal.SIGHUP))
