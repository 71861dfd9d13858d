"""A camera's worker, driven by a fake clock: its run() is called in the test's own thread, nothing sleeps."""

import logging
import threading
import time
from collections.abc import Callable, Iterable

import pytest

from edged.camera.desk import Desk
from edged.camera.frame import FrameSource
from edged.camera.state import CameraState
from edged.camera.worker import CameraWorker
from edged.config.model import Camera
from edged.errors import CameraError, FaultError, InputError
from tests.camera.fakes import FakeClock, FakeSource

CAMERA = Camera(id="camera")


class Rig:
    """A worker with a fake clock, whose waits pass at once and stop it after `waits` of them."""

    def __init__(self, openings: Iterable[FrameSource | Exception], *, max_fps: float = 1000.0, waits: int = 10**6):
        self.clock = FakeClock()
        self.desk = Desk()
        self.waited: list[float] = []
        self.states: list[CameraState] = []
        self._openings = iter(openings)
        self._waits = waits
        self.worker = CameraWorker(
            CAMERA, self.desk, max_fps=max_fps, opener=self._open, clock=self.clock, wait=self._wait
        )

    def _open(self, camera: Camera) -> FrameSource:
        opened = next(self._openings)
        if isinstance(opened, Exception):
            raise opened
        return opened

    def _wait(self, seconds: float) -> bool:
        self.states.append(self.worker.state)
        self.waited.append(seconds)
        self.clock.now += seconds
        return len(self.waited) >= self._waits

    def live(self, times: Iterable[float | Exception], damaged: frozenset[int] = frozenset()) -> FakeSource:
        """A live camera whose frames come at these times of the fake clock."""
        return FakeSource(times, live=True, on_grab=self._arrive, damaged=damaged)

    def _arrive(self, at: float) -> None:
        self.clock.now = at


def rig(script: Callable[[Rig], list[FrameSource | Exception]], **options: float) -> Rig:
    made = Rig(iter(()), **options)  # type: ignore[arg-type]
    made._openings = iter(script(made))
    return made


def test_live_frames_carry_the_monotonic_time() -> None:
    """Whatever clock a camera has, a live frame's time is when it was got."""
    made = rig(lambda r: [r.live([1000.5])], waits=1)
    made.worker.run()
    frame = made.desk.take(0)
    assert frame is not None
    assert frame.captured == 1000.5


def test_frames_that_nobody_takes_are_dropped_and_counted() -> None:
    """Of ten due frames nine were replaced; the newest waits."""
    made = rig(lambda r: [r.live([1000.0 + index / 10 for index in range(10)])], waits=1)
    made.worker.run()
    assert (made.worker.captured, made.worker.due, made.worker.dropped) == (10, 10, 9)
    frame = made.desk.take(0)
    assert frame is not None
    assert frame.captured == 1000.9


def test_frames_that_are_not_due_are_not_converted() -> None:
    """A camera of 30 frames a second, looked at ten times a second, pays for ten conversions."""
    sources: list[FakeSource] = []

    def script(made: Rig) -> list[FrameSource | Exception]:
        sources.append(made.live([1000.0 + index / 30 for index in range(300)]))
        return list(sources)

    made = rig(script, max_fps=10.0, waits=1)
    made.worker.run()
    assert made.worker.captured == 300
    assert made.worker.due == sources[0].retrieved
    assert 98 <= made.worker.due <= 101


def test_a_recording_plays_at_its_own_speed_and_ends() -> None:
    """Frames are got at the times at which they were filmed, and the end is the end, with nothing opened again."""
    made = Rig([FakeSource([7.0, 7.5, 9.0, None], live=False)])
    made.worker.run()
    assert made.waited == [0.5, 1.5]
    assert made.clock.now == 1002.0
    assert made.worker.state is CameraState.ENDED
    assert made.worker.failure is None
    frame = made.desk.take(0)
    assert frame is not None
    assert frame.captured == 1002.0


def test_a_recording_with_long_pauses_is_live_all_the_while() -> None:
    """Waiting for the next frame's time is no stall."""
    made = Rig([FakeSource([0.0, 50.0, 100.0, None], live=False)])
    made.worker.run()
    assert made.states == [CameraState.LIVE, CameraState.LIVE]


def test_a_lost_camera_is_opened_again_for_ever() -> None:
    """Each attempt waits longer, up to ten seconds, and the state says offline and why, since the loss."""
    faults: list[FrameSource | Exception] = [CameraError("no device")] * 200
    made = rig(lambda r: [r.live([1001.0, CameraError("unplugged")]), *faults], waits=200)
    made.worker.run()
    assert len(made.waited) == 200
    assert all(0.375 <= seconds <= 10.0 for seconds in made.waited)
    assert made.waited[-1] >= 7.5
    assert made.worker.state is CameraState.OFFLINE
    assert made.worker.since == 1001.0
    assert made.worker.reason == "no device"
    assert made.worker.failure is None


def test_a_camera_that_comes_back_is_live_again() -> None:
    """Unplugged and plugged in again: frames go on, the source that was lost is closed."""
    sources: list[FakeSource] = []

    def script(made: Rig) -> list[FrameSource | Exception]:
        sources.append(made.live([1001.0, CameraError("unplugged")]))
        sources.append(made.live([1200.0, CameraError("unplugged")]))
        return [sources[0], CameraError("no device"), sources[1]]

    made = rig(script, waits=3)
    made.worker.run()
    assert made.worker.captured == 2
    assert made.worker.since == 1200.0
    assert all(source.closed for source in sources)


def test_a_camera_that_comes_and_goes_is_not_hammered() -> None:
    """Only a camera that held for a while is tried again quickly."""
    flapping = rig(
        lambda r: [r.live([1000.0 + index, CameraError("loose")]) for index in range(20)],
        waits=20,
    )
    flapping.worker.run()
    assert flapping.waited[-1] >= 7.5

    def steady(made: Rig) -> list[FrameSource | Exception]:
        loss = CameraError("loose")
        return [made.live([*(1000.0 + 100 * index + at for at in range(0, 20, 5)), loss]) for index in range(20)]

    held = rig(steady, waits=20)
    held.worker.run()
    assert held.waited[-1] <= 0.5


def test_damaged_frames_are_counted_and_are_no_sign_of_life() -> None:
    """A camera that sends only damaged pictures is not live."""
    made = rig(lambda r: [r.live([1000.0 + i for i in range(20)], damaged=frozenset(range(20)))], waits=1)
    made.worker.run()
    assert (made.worker.captured, made.worker.due, made.worker.dropped) == (20, 20, 20)
    assert made.states == [CameraState.OFFLINE]
    assert made.worker._signs.last_frame is None


def test_a_fault_for_a_person_is_left_in_failure() -> None:
    """What only a person can mend ends the thread and reaches the main one, as it was raised."""
    fault = InputError("clip.mp4 is not a video")
    made = Rig([fault])
    made.worker.run()
    assert made.worker.failure is fault
    assert made.worker.state is CameraState.OFFLINE
    assert made.worker.reason == "clip.mp4 is not a video"


def test_a_fault_of_edged_itself_is_left_in_failure(caplog: pytest.LogCaptureFixture) -> None:
    """A worker never dies unseen."""
    made = Rig([RuntimeError("a bug")])
    made.worker.run()
    assert isinstance(made.worker.failure, FaultError)
    assert made.worker.state is CameraState.OFFLINE


def test_the_log_tells_of_a_loss_once(caplog: pytest.LogCaptureFixture) -> None:
    """A camera that is away for a year fills no log: one line when it goes; the main says when it is live again."""
    away: list[FrameSource | Exception] = [CameraError("no device")] * 50
    with caplog.at_level(logging.DEBUG):
        made = rig(lambda r: [*away, r.live([9000.0, CameraError("unplugged")])], waits=51)
        made.worker.run()
    assert [record.message for record in caplog.records] == [
        "no device; trying again",
        "unplugged; trying again",
    ]


def test_stop_ends_a_waiting_worker() -> None:
    """A worker that waits for its next attempt ends at once when told to."""
    opened = threading.Event()

    def opener(camera: Camera) -> FrameSource:
        opened.set()
        raise CameraError("no device")

    worker = CameraWorker(CAMERA, Desk(), max_fps=10.0, opener=opener)
    worker.start()
    assert opened.wait(30.0)
    assert worker.stop(time.monotonic() + 30.0)


def test_stop_leaves_a_hanging_driver_behind(caplog: pytest.LogCaptureFixture) -> None:
    """A read that never returns can't hold up the end of the process."""
    hanging, release = threading.Event(), threading.Event()

    def hang(_: float) -> None:
        hanging.set()
        release.wait()

    source = FakeSource([1.0, CameraError("released")], on_grab=hang)
    worker = CameraWorker(CAMERA, Desk(), max_fps=10.0, opener=lambda _: source)
    worker.start()
    assert hanging.wait(30.0)
    assert not worker.stop(time.monotonic())
    assert "left behind" in caplog.text
    release.set()
    assert worker.stop(time.monotonic() + 30.0)


def test_stop_before_start_does_nothing() -> None:
    """A worker that was never started is stopped already."""
    assert CameraWorker(CAMERA, Desk(), max_fps=10.0).stop(time.monotonic())
