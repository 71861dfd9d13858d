"""Only the newest frame of a camera is looked at, and every camera gets its turn."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edged.camera.capture import WITHIN_S
from edged.camera.desk import Desk
from edged.camera.frame import Frame
from edged.camera.report import Kind, Order, Report
from edged.camera.state import CameraState
from edged.camera.worker import CameraWorker
from edged.config.model import Camera
from tests.camera.clips import picture, write_folder
from tests.camera.fakes import FakeCaptureProcess, FakeClock

PATIENCE_S = 60.0


class Cameras:
    """Workers whose processes are fake."""

    def __init__(self, *names: str) -> None:
        self.desk = Desk()
        self.processes: dict[str, FakeCaptureProcess] = {}
        for name in names:
            worker = CameraWorker(Camera(id=name), max_fps=10.0, hire=self._hire, clock=FakeClock())
            self.desk.add(worker)
            worker.open()

    def _hire(self, order: Order) -> FakeCaptureProcess:
        self.processes[order.id] = FakeCaptureProcess(order, FakeClock())
        return self.processes[order.id]

    def show(self, name: str) -> None:
        self.processes[name].frame = Frame(name, 0.0, picture())
        self.processes[name].said.append(Report(Kind.FRAME, WITHIN_S))

    def turn(self) -> str:
        frame = self.desk.take(0)
        assert frame is not None
        return frame.camera


def test_cameras_take_turns_although_one_is_faster() -> None:
    """A camera that lays down ten frames for one of another gets no more turns."""
    cameras, turns = Cameras("fast", "slow"), []
    for _ in range(6):
        for _ in range(10):
            cameras.show("fast")
        cameras.show("slow")
        turns += [cameras.turn(), cameras.turn()]
    assert turns == ["fast", "slow"] * 6


def test_the_longest_ago_goes_first() -> None:
    """Turns count, not arrival: who was just served waits behind who came later."""
    cameras = Cameras("a", "b", "c")
    for name in ("a", "b", "c"):
        cameras.show(name)
        cameras.turn()
    for name in ("c", "b", "a"):
        cameras.show(name)
    assert [cameras.turn() for _ in range(3)] == ["a", "b", "c"]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[CameraWorker]:
    """A real capture process with a picture every tenth of a second."""
    folder = write_folder(tmp_path / "pictures", 3)
    worker = CameraWorker(Camera(id="door", source=str(folder), fps=10, loop=True), max_fps=100.0)
    yield worker
    assert worker.stop(time.monotonic() + PATIENCE_S)


def test_a_waiting_taker_is_woken(slow: CameraWorker) -> None:
    """A frame reaches one who already waits, long before the time is out."""
    desk = Desk()
    desk.add(slow)
    slow.open()
    began = time.monotonic()
    taken = [desk.take(PATIENCE_S) for _ in range(10)]
    assert None not in taken
    assert time.monotonic() - began < PATIENCE_S
    assert slow.standing.state is CameraState.LIVE


@pytest.mark.parametrize("timeout", [0.0, -1.0, 0.01])
def test_nothing_comes_within_the_time(timeout: float) -> None:
    """Waiting has an end, also where there is no camera at work."""
    desk = Desk()
    assert desk.take(timeout) is None
    desk.add(CameraWorker(Camera(id="door"), max_fps=10.0))
    assert desk.take(timeout) is None
    assert desk.empty
