"""`edged run` where another one is at work: one sentence and the end, not a restart for ever."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edged.outbox.files import Role, at_work, exclusive
from tests.brokers import DEADLINE_S, wait_until


def command(folder: Path) -> list[str]:
    settings = (f"outbox.folder={folder}", "camera.source=no-such.mp4")
    return [sys.executable, "-m", "edged", "run", *(word for each in settings for word in ("--set", each))]


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `edged run` to its end."""
    return subprocess.run(command(folder), capture_output=True, text=True, check=False, timeout=DEADLINE_S)


@pytest.mark.parametrize("role", ["run", "publish"])
def test_refuses_and_says_who_is_there(tmp_path: Path, role: Role) -> None:
    """Whether the other one was started by `edged run` or by systemd."""
    with exclusive(tmp_path, role):
        second = run(tmp_path)
    assert second.returncode == 75
    assert second.stderr.startswith(f"edged: another edged {role} (pid ")
    assert len(second.stderr.splitlines()) == 1


def test_waits_for_what_a_killed_one_has_left_behind(tmp_path: Path) -> None:
    """The children of a supervisor that was killed end a moment later, and that is no reason to refuse."""
    with exclusive(tmp_path, "sense"):
        ended: list[subprocess.CompletedProcess[str]] = []
        waiting = threading.Thread(target=lambda: ended.append(run(tmp_path)))
        waiting.start()
        waiting.join(0.5)
    waiting.join(DEADLINE_S)
    assert "another edged" not in ended[0].stderr


def test_ends_at_once_when_it_is_told_to_while_it_waits(tmp_path: Path) -> None:
    """Whoever stops it needn't wait for what another one has left behind."""
    with exclusive(tmp_path, "sense"):
        process = subprocess.Popen(command(tmp_path))
        wait_until(lambda: at_work(tmp_path, "run") is True, "it is at work")
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
