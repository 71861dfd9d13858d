"""A loop that hangs with Python's lock in its hand: a real process, ended by its supervisor, says where it hung.

That each stage which hangs alone is named, and that `edged run` replaces a halted child, is held by the cases
blocked-stage and halted-child of tools/faults, whose short forms tests/faults runs.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

from edged.service.notify import Hearing
from tests.end_to_end.process import Running, Settings, command, environment, wait_for

LIMIT_S = 3.0


def test_stage_that_hangs_with_pythons_lock_is_named_when_aborted(short_sample: Path, tmp_path: Path) -> None:
    """No thread of the process can act any more: it falls silent, and its supervisor's SIGABRT makes it say where."""
    state = str(tmp_path / "state")
    settings: Settings = {"camera.source": str(short_sample), "camera.loop": True, "outbox.folder": state}
    _, _, _, *arguments = command(["sense"], settings)
    hearing, log = Hearing(), tmp_path / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.service.stuck", "edged.service.eyes:Eyes.look", *arguments, "--holding"],
            env={**environment(), **hearing.environment(LIMIT_S)},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    edged = Running(process, log)
    told: list[tuple[str, str]] = []
    fed = time.monotonic()

    def silent() -> bool:
        nonlocal fed
        news = hearing.heard(process.pid)
        told.extend(news)
        fed = time.monotonic() if ("WATCHDOG", "1") in news else fed
        return ("WATCHDOG", "1") in told and time.monotonic() - fed > LIMIT_S

    try:
        wait_for(silent, "silence", edged.said)
        assert ("READY", "1") in told
        process.send_signal(signal.SIGABRT)
        assert edged.wait() == -signal.SIGABRT
        assert "in _see" in edged.said()
    finally:
        process.kill()
        process.wait()
        hearing.close()
