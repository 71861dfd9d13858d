"""Real capture processes: what they are told, what they know, how they die, and that they leave nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edged.camera.desk import Desk
from edged.camera.state import CameraState
from edged.camera.worker import CameraWorker
from edged.config.model import Camera
from tests.camera.clips import write_folder
from tests.camera.test_stream import PATIENCE_S, SECRET, eventually

OWNER = """
import sys, time
from edged.camera.desk import Desk
from edged.camera.worker import CameraWorker
from edged.config.model import Camera
desk, worker = Desk(), CameraWorker(Camera(id="door", source=sys.argv[1], fps=50, loop=True), max_fps=50.0)
desk.add(worker)
worker.open()
while desk.take(60.0) is None:
    pass
print(worker.process.pid, flush=True)
while True:
    desk.take(1.0)
"""


@pytest.fixture
def endless(tmp_path: Path) -> Camera:
    return Camera(id="door", source=str(write_folder(tmp_path / "pictures", 3)), fps=50, loop=True)


@contextmanager
def at_work(camera: Camera) -> Iterator[tuple[Desk, CameraWorker]]:
    """A worker whose process gives frames."""
    desk, worker = Desk(), CameraWorker(camera, max_fps=50.0)
    desk.add(worker)
    worker.open()
    try:
        eventually(lambda: desk.take(0.1) is not None)
        yield desk, worker
    finally:
        assert worker.stop(time.monotonic() + PATIENCE_S)


def pid_of(worker: CameraWorker) -> int:
    assert worker.process is not None
    return worker.process.pid


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def held() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    return len(list(Path("/proc/self/fd").iterdir())), threads(os.getpid())


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def test_a_killed_process_is_replaced_and_leaves_nothing(endless: Camera) -> None:
    """Killed again and again: frames go on, and descriptors, threads and children are as many as before."""
    with at_work(endless) as (desk, worker):
        before = held()
        for _ in range(3):
            killed = pid_of(worker)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda pid=killed: desk.take(0.1) is not None and pid_of(worker) != pid)  # type: ignore[misc]
            assert is_gone(killed)
        assert held() == before
        assert worker.standing.state is CameraState.LIVE


def test_a_process_that_can_not_be_started_leaves_nothing(endless: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory, no more processes: offline and tried again, without a descriptor lost each time."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    worker = CameraWorker(endless, max_fps=10.0)
    before = held()
    for _ in range(5):
        worker.open()
        assert worker.standing.state is CameraState.OFFLINE
        assert "no capture process can be started" in str(worker.standing.reason)
    assert held() == before
    assert worker.failure is None


def test_a_process_dies_with_its_owner(endless: Camera) -> None:
    """Also when the owner is killed, so that it can't say so: no camera is held by an orphan, no memory is left."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(endless.source)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    child = int(owner.stdout.readline())
    assert "memfd:edged-frames" in Path(f"/proc/{child}/maps").read_text()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    eventually(lambda: is_gone(child))


def test_a_halted_process_dies_with_its_owner(endless: Camera) -> None:
    """SIGKILL reaches even a process that is stopped, or blocked in a driver."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(endless.source)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    child = int(owner.stdout.readline())
    os.kill(child, signal.SIGSTOP)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    eventually(lambda: is_gone(child))


def test_the_service_s_signals_do_not_end_it(endless: Camera) -> None:
    """A stop of the service reaches all of its processes: the sensing process decides when the camera is let go."""
    with at_work(endless) as (desk, worker):
        pid = pid_of(worker)
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        for _ in range(20):
            assert desk.take(PATIENCE_S) is not None
        assert pid_of(worker) == pid


def test_the_password_is_in_no_one_s_sight(endless: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the command line, which every user can read, nor in the environment."""
    monkeypatch.setenv("EDGED_BROKER__PASSWORD", SECRET)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", f"/run/{SECRET}")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rtsp://admin:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/live"
        worker = CameraWorker(Camera(id="door", source=url), max_fps=10.0)
        worker.open()
        try:
            silent.accept()[0].close()
            for name in ("cmdline", "environ"):
                assert SECRET not in Path(f"/proc/{pid_of(worker)}/{name}").read_text()
        finally:
            assert worker.stop(time.monotonic() + PATIENCE_S)


def test_it_knows_no_more_than_it_needs(endless: Camera) -> None:
    """Neither models nor MQTT nor the configuration's library are in its memory; one thread is all it has."""
    with at_work(endless) as (_, worker):
        loaded = Path(f"/proc/{pid_of(worker)}/maps").read_text()
        assert not [word for word in ("pydantic", "litert", "tflite", "sqlite", "_ssl") if word in loaded]
        assert threads(pid_of(worker)) == 1


def test_nobody_else_can_open_the_frames(endless: Camera) -> None:
    """They have no name in any file system, and no other descriptor of ours reaches the process."""
    with at_work(endless) as (_, worker):
        pid = pid_of(worker)
        targets = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
        assert {target for target in targets if target.startswith("/")} <= {
            "/dev/null",
            "/memfd:edged-frames (deleted)",
        }
        assert not list(Path("/dev/shm").glob("*edged*"))


def test_an_owner_s_thread_does_not_matter_while_it_lives(endless: Camera) -> None:
    """Threads that come and go beside the one that opened the camera don't end the process."""
    with at_work(endless) as (desk, worker):
        pid = pid_of(worker)
        others = [threading.Thread(target=int) for _ in range(10)]
        for thread in others:
            thread.start()
        for thread in others:
            thread.join()
        assert desk.take(PATIENCE_S) is not None
        assert pid_of(worker) == pid


def test_frames_are_fresh(endless: Camera) -> None:
    """A reader that sleeps over fifty pictures gets the newest, and the rest are counted as dropped."""
    with at_work(endless) as (desk, worker):
        before, seen = worker.dropped, time.monotonic()
        eventually(lambda: worker.dropped >= before + 20)
        frame = desk.take(PATIENCE_S)
        assert frame is not None
        assert frame.captured > seen
