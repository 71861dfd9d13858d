"""What the sensing process writes, as the kernel sees it: messages in its state folder, and no picture."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from tests.conftest import missing
from tests.end_to_end.process import Settings, finish

CALLS = "trace=/^(open|openat|openat2|creat|rename.*|link|linkat|symlink.*|mkdir.*|mknod.*|memfd_create)$"
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF", b"\x00\x00\x00\x18ftyp", b"\x00\x00\x00\x20ftyp", b"BM6")
"""How JPEG, PNG, GIF, WebP and AVI, MP4 and BMP files begin."""
IN_MEMORY = Path("edged-stderr")
"""No file: where a runtime's words go while it loads a model."""
RUN = 24
"""Bytes of a picture in a row that don't turn up elsewhere by chance."""


def settings(video: Path, state: Path, k: int = 2) -> Settings:
    return {
        "camera.source": str(video),
        "camera.pace": "fast",
        "camera.start": "2026-11-22T08:00:00Z",
        "windows.length_s": 5,
        "privacy.k": k,
        "outbox.folder": str(state),
        "log.level": "debug",
    }


@pytest.fixture
def traced(short_sample: Path, tmp_path: Path, require_tool: Callable[[str], str]) -> tuple[list[str], Path]:
    """Lines of the trace of a run of `edged sense` at the most talkative log level, and its state folder."""
    trace, state = tmp_path / "trace", tmp_path / "state"
    wrapper = (require_tool("strace"), "-f", "-s", "4096", "-e", CALLS, "-o", str(trace))
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        missing("strace may not trace here")
    options = settings(short_sample, state)
    # Where the package may be written, Python would keep what it compiled; on a device it may not be.
    done = finish(["sense"], options, wrapper=("env", "PYTHONDONTWRITEBYTECODE=1", *wrapper))
    assert done.returncode == 0, done.stderr
    lines = trace.read_text().splitlines()
    assert any("exited with 0" in line for line in lines)
    return lines, state


def writes(line: str) -> bool:
    """Whether a traced call could change a file and has succeeded."""
    if re.search(r"= -1 E", line) or "(" not in line:
        return False
    opening = "openat(" in line or " open(" in line
    return not opening or bool(re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE", line))


def test_sense_writes_nowhere_but_into_its_state_folder(traced: tuple[list[str], Path]) -> None:
    """Every file that is opened for writing, made or renamed, by any of its threads and children."""
    lines, state = traced
    changing = [line for line in lines if writes(line) and "---" not in line and "+++" not in line]
    assert any(str(state) in line for line in changing)
    for line in changing:
        paths = [Path(path) for path in re.findall(r'"([^"]*)"', line)]
        assert paths, line
        for path in paths:
            assert path in {Path("/dev/null"), IN_MEMORY, state} or state in path.parents, line


def test_nothing_written_is_a_picture(traced: tuple[list[str], Path], short_sample: Path) -> None:
    """No file holds the beginning of a picture file, nor any bytes of a decoded frame in a row."""
    _, state = traced
    written = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert written
    reader = cv2.VideoCapture(str(short_sample))
    pieces: set[bytes] = set()
    while (frame := reader.read()[1]) is not None:
        for view in (frame, cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)):
            pieces.update(_pieces(view.tobytes()))
    reader.release()
    assert len(pieces) > 10_000
    for path, content in written.items():
        assert not [magic for magic in MAGIC if magic in content], path
        found = {content[i : i + RUN] for i in range(len(content) - RUN)} & pieces
        assert not found, path


def _pieces(pixels: bytes) -> set[bytes]:
    """Runs of a picture, spread over all of it, without those of one colour that any file of zeros holds."""
    runs = (pixels[i : i + RUN] for i in range(0, len(pixels) - RUN, 997))
    return {run for run in runs if len(set(run)) > 6}


def test_files_are_as_large_whoever_was_in_view(short_sample: Path, tmp_path: Path, videos: Path) -> None:
    """Withheld windows of two visitors and windows of nobody leave files of the same names and sizes."""
    empty = blank(short_sample, videos / "empty.mp4")
    sizes = []
    for name, video in (("people", short_sample), ("nobody", empty)):
        done = finish(["sense"], settings(video, tmp_path / name, k=10))
        assert done.returncode == 0, done.stderr
        found = (path for path in (tmp_path / name).iterdir() if not path.name.endswith(".lock"))
        sizes.append({path.name: path.stat().st_size for path in found})
    assert sizes[0] == sizes[1]


def blank(source: Path, target: Path) -> Path:
    """A video of the same length, rate and size in which nobody is."""
    reader = cv2.VideoCapture(str(source))
    size = int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"mp4v"), reader.get(cv2.CAP_PROP_FPS), size)
    while (frame := reader.read()[1]) is not None:
        frame[:] = 128
        writer.write(frame)
    writer.release()
    reader.release()
    return target
