"""`edged aim` as a person uses it, on the sample video."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from edged.cli.main import main
from edged.errors import ExitCode
from edged.outbox.files import exclusive
from tests.end_to_end.conftest import thinned
from tests.end_to_end.process import environment, finish_plain
from tests.end_to_end.process import wait_for as wait


@pytest.fixture
def options(repository: Path, tmp_path: Path) -> list[str]:
    """Words of the command line: the sample video, in real time."""
    keys = {"camera.source": repository / "tools/sample/sample.mp4", "outbox.folder": tmp_path, "camera.loop": "true"}
    return [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]


def test_one_view_as_json(options: list[str]) -> None:
    """Faces, needs, light and sharpness, once, and the end."""
    command = [sys.executable, "-m", "edged", "aim", "--json", "--once", *options]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    told = json.loads(ended.stdout)
    assert (told["width"], told["height"], told["state"]) == (640, 480, "live")
    assert told["needed_px"]["emotion"] > 0
    assert "personal data" in ended.stderr


def test_a_recording_that_is_over_is_said(options: list[str], repository: Path, tmp_path: Path) -> None:
    """Exit code 0, and the last words say why it ended."""
    short = thinned(repository / "tools/sample/sample.mp4", tmp_path / "short.mp4", 5, seconds=2)
    words = ["--set", f"camera.source={short}", "--set", "camera.loop=false"]
    ended = finish_plain("aim", "--json", *options, *words)
    assert ended.returncode == ExitCode.OK
    assert ended.stderr.splitlines()[-1] == "edged: the recording is over"


def test_while_the_service_has_the_camera_that_is_said(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two programs can't have one camera."""
    with exclusive(tmp_path, "sense"):
        assert main(["aim", "--json", "--once", *options]) == ExitCode.TRY_LATER
    assert "systemctl stop edged-sense" in capsys.readouterr().err


def test_a_camera_that_is_not_configured_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the names of those that are."""
    assert main(["aim", "--json", "--camera", "roof", *options]) == ExitCode.USAGE
    assert "the configuration has camera" in capsys.readouterr().err


def test_the_terminal_shows_frames_and_is_left_clean(options: list[str]) -> None:
    """80×24; Ctrl-C gives the terminal back, with exit code 0."""
    ours, theirs = pty.openpty()
    surroundings = {**environment(), "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [sys.executable, "-m", "edged", "aim", *options], stdout=theirs, stderr=subprocess.PIPE, env=surroundings
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    said: list[str] = []
    try:
        wait(lambda: "┌" in _read(ours, said), "a face is framed")
        process.send_signal(signal.SIGINT)
        wait(lambda: (_read(ours, said), process.poll() is not None)[1], "it ends")
        assert process.returncode == ExitCode.OK
        assert process.stderr is not None
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    text = "".join(said)
    assert "\x1b[?1049h" in text
    assert text.rindex("\x1b[?1049l") > text.rindex("┌")
    assert re.search(r"needed.*px for emotion", text)


def _read(terminal: int, said: list[str]) -> str:
    """Take in what was written since; give all of it."""
    with suppress(OSError):  # nothing yet, or the other end is gone
        said.append(os.read(terminal, 1 << 20).decode(errors="replace"))
    return "".join(said)
