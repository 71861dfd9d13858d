"""A camera's worker, driven by a fake clock, with a capture process that says what it is told to: nothing sleeps."""

import logging

import numpy as np
import pytest
from numpy.typing import NDArray

from edged.camera.capture import WITHIN_S
from edged.camera.condition import FROZEN_AFTER_S
from edged.camera.frame import Frame
from edged.camera.report import Kind, Order, Report
from edged.camera.state import STALLED_AFTER_S, CameraState
from edged.camera.worker import STARTING_WITHIN_S, CameraWorker
from edged.config.model import Camera
from edged.errors import FaultError, InputError
from tests.camera.clips import picture
from tests.camera.fakes import FakeCaptureProcess, FakeClock

CAMERA = Camera(id="door")
LOST = Report(Kind.LOST, text="no device")


class Rig:
    """A worker with a fake clock and fake processes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.processes: list[FakeCaptureProcess] = []
        self.refuse = 0
        self.worker = CameraWorker(CAMERA, max_fps=10.0, hire=self._hire, clock=self.clock, chance=lambda: 0.0)
        self.worker.open()

    def _hire(self, order: Order) -> FakeCaptureProcess:
        if self.refuse:
            self.refuse -= 1
            raise OSError(11, "Resource temporarily unavailable")
        self.processes.append(FakeCaptureProcess(order, self.clock))
        return self.processes[-1]

    @property
    def process(self) -> FakeCaptureProcess:
        return self.processes[-1]

    def state(self) -> CameraState:
        return self.worker.standing.state

    def hear(self, *reports: Report) -> None:
        self.process.said += reports
        self.worker.attend()

    def live(self, seconds: float = 1.0, pixels: NDArray[np.uint8] | None = None) -> list[Frame]:
        """A camera that gives two pictures a second for a while; return those that were handed on."""
        taken = []
        for index in range(round(seconds * 2)):
            self.clock.now += 0.5
            shown = picture(index) if pixels is None else pixels
            self.process.frame = Frame("door", self.clock.now, shown)
            self.hear(Report(Kind.OPENED, WITHIN_S), Report(Kind.FRAME, WITHIN_S))
            if self.worker.has_frame and (frame := self.worker.take()) is not None:
                taken.append(frame)
        return taken

    def pass_time(self, seconds: float, step: float = 0.25) -> None:
        for _ in range(round(seconds / step)):
            self.clock.now += step
            self.worker.attend()


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_closed_until_it_is_opened() -> None:
    """Nothing is started before it is wanted."""
    worker = CameraWorker(CAMERA, max_fps=10.0, hire=lambda _: pytest.fail("too early"), clock=FakeClock())
    worker.attend()
    assert worker.standing.state is CameraState.CLOSED


def test_opening_then_live(rig: Rig) -> None:
    """The first picture makes it live."""
    rig.hear(Report(Kind.OPENING, 17.5))
    assert rig.state() is CameraState.OPENING
    rig.hear(Report(Kind.OPENED, WITHIN_S))
    assert rig.state() is CameraState.OPENING
    assert len(rig.live(1.0)) == 2
    assert rig.state() is CameraState.LIVE


def test_a_frame_is_taken_once(rig: Rig) -> None:
    """A frame carries the time at which it was got."""
    (first, second) = rig.live(1.0)
    assert (first.captured, second.captured) == (1000.5, 1001.0)
    assert not rig.worker.has_frame
    assert rig.worker.take() is None


def test_pictures_that_are_not_due_keep_it_live(rig: Rig) -> None:
    """A camera that is looked at seldom isn't stalled in between; damaged pictures are no sign of life."""
    rig.live(1.0)
    for _ in range(30):
        rig.clock.now += 1.0
        rig.hear(Report(Kind.ALIVE, WITHIN_S))
    assert rig.state() is CameraState.LIVE
    for _ in range(30):
        rig.clock.now += 1.0
        rig.hear(Report(Kind.DAMAGED, WITHIN_S))
    assert rig.state() is CameraState.STALLED
    assert len(rig.processes) == 1


def test_a_lost_camera_is_opened_again_for_ever(rig: Rig) -> None:
    """Each attempt waits longer, up to a bound, and the state says offline and why, since the loss."""
    rig.live(1.0)
    rig.hear(Report(Kind.LOST, text="unplugged"))
    starts = []
    for _ in range(60):
        known = len(rig.processes)
        began = rig.clock.now
        while len(rig.processes) == known:
            rig.pass_time(0.25)
        starts.append(rig.clock.now - began)
        rig.hear(LOST)
    assert max(starts) <= 4.5
    assert starts[-1] >= 3.0
    assert starts[0] <= 1.0
    standing = rig.worker.standing
    assert (standing.state, standing.since, standing.reason) == (CameraState.OFFLINE, 1001.0, "no device")
    assert rig.worker.failure is None


def test_a_camera_that_comes_back_is_live_again(rig: Rig) -> None:
    """Frames go on with the new process, and the old one is gone."""
    rig.live(1.0)
    rig.hear(LOST)
    rig.pass_time(2.0)
    assert len(rig.processes) == 2
    assert rig.processes[0].was_hung_up
    assert rig.processes[0].closed
    assert rig.live(1.0)
    assert rig.state() is CameraState.LIVE


def test_two_processes_never_hold_one_device(rig: Rig) -> None:
    """One that doesn't leave is killed after a moment; before it has gone, none begins."""
    rig.live(1.0)
    rig.process.lingers = True
    rig.hear(LOST)
    rig.pass_time(0.75)
    assert not rig.process.killed
    rig.pass_time(60.0)
    assert rig.process.killed
    assert len(rig.processes) == 1
    assert rig.state() is CameraState.OFFLINE
    rig.process.end()
    rig.pass_time(0.5)
    assert len(rig.processes) == 2


def test_a_process_that_hangs_is_killed(rig: Rig) -> None:
    """Stalled within ten seconds, and a new process is at work soon after."""
    rig.live(1.0)
    rig.process.lingers = True
    began = rig.clock.now
    while rig.state() is not CameraState.STALLED:
        rig.pass_time(0.25)
    assert rig.clock.now - began <= 10.0
    assert rig.process.killed
    rig.process.end()
    rig.pass_time(2.0)
    assert len(rig.processes) == 2
    reason = rig.worker.standing.reason
    assert reason is not None
    assert "hung" in reason


def test_a_process_that_never_says_a_word_is_killed(rig: Rig) -> None:
    """Even one that doesn't get as far as opening the camera."""
    rig.pass_time(STALLED_AFTER_S + 0.5)
    assert rig.state() is CameraState.STALLED
    assert not rig.process.killed
    rig.pass_time(STARTING_WITHIN_S)
    assert rig.processes[0].killed


def test_a_busy_reader_does_not_take_its_own_delay_for_a_stall(rig: Rig) -> None:
    """Who hasn't listened for a minute hears first what was said meanwhile."""
    rig.live(1.0)
    rig.clock.now += 60.0
    rig.hear(Report(Kind.FRAME, WITHIN_S))
    assert rig.state() is CameraState.LIVE
    assert not rig.process.killed


def test_a_process_that_dies_is_replaced(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A decoder that crashes takes only its own process with it, and the log says by which signal."""
    rig.live(1.0)
    rig.process.end("it was ended by SIGSEGV")
    rig.worker.attend()
    assert rig.state() is CameraState.OFFLINE
    assert "SIGSEGV" in caplog.text
    rig.pass_time(1.0)
    assert len(rig.processes) == 2


def test_a_silent_camera_is_stalled(rig: Rig) -> None:
    """There and connected, but giving nothing, is not the same as gone."""
    rig.live(1.0)
    rig.hear(Report(Kind.SILENT, text="sends no more pictures"))
    assert (rig.state(), rig.worker.standing.reason) == (CameraState.STALLED, "sends no more pictures")


def test_a_process_that_can_not_be_started_is_tried_again(rig: Rig) -> None:
    """No memory or no more processes: a fault that passes."""
    rig.hear(LOST)
    rig.refuse = 3
    rig.pass_time(30.0)
    assert len(rig.processes) == 2
    assert rig.worker.failure is None


def test_a_camera_that_comes_and_goes_is_not_hammered(rig: Rig) -> None:
    """Only a camera that held for a while is tried again quickly."""

    def attempts(seconds_live: float) -> float:
        for _ in range(10):
            rig.live(seconds_live)
            rig.hear(LOST)
            known, began = len(rig.processes), rig.clock.now
            while len(rig.processes) == known:
                rig.pass_time(0.25)
        return rig.clock.now - began

    assert attempts(1.0) >= 3.0
    assert attempts(20.0) <= 1.0


def test_a_fault_for_a_person_is_left_in_failure(rig: Rig) -> None:
    """What only a person can mend reaches the main loop as the error it was, and nothing is started again."""
    rig.hear(Report(Kind.FAILED, name="InputError", text="clip.mp4 is not a video"))
    assert isinstance(rig.worker.failure, InputError)
    assert str(rig.worker.failure) == "clip.mp4 is not a video"
    assert (rig.state(), rig.worker.standing.reason) == (CameraState.OFFLINE, "clip.mp4 is not a video")
    rig.pass_time(60.0)
    assert len(rig.processes) == 1


def test_a_fault_of_edged_itself_is_left_in_failure(rig: Rig) -> None:
    """A worker never dies unseen."""
    rig.hear(Report(Kind.FAULT, text="TypeError at capture.py:1"))
    assert isinstance(rig.worker.failure, FaultError)


def test_a_recording_that_ends_hands_on_its_last_frame(rig: Rig) -> None:
    """The end is the end, with nothing opened again, and the last frame can still be taken."""
    rig.process.frame = Frame("door", 1000.0, picture())
    rig.hear(Report(Kind.OPENED, WITHIN_S, live=False), Report(Kind.FRAME, WITHIN_S), Report(Kind.ENDED))
    assert rig.state() is CameraState.ENDED
    assert rig.worker.has_frame
    assert rig.worker.take() is not None
    assert not rig.worker.has_frame
    rig.pass_time(60.0)
    assert len(rig.processes) == 1


def test_a_recording_with_long_pauses_is_live_all_the_while(rig: Rig) -> None:
    """Waiting for the next picture's time is no stall, and the process isn't killed."""
    rig.process.frame = Frame("door", 1000.0, picture())
    rig.hear(Report(Kind.OPENED, WITHIN_S, live=False), Report(Kind.FRAME, WITHIN_S))
    rig.hear(Report(Kind.PAUSED, 60.0 + WITHIN_S))
    rig.pass_time(60.0)
    assert rig.state() is CameraState.LIVE
    assert not rig.process.killed


def test_a_recording_is_never_frozen(rig: Rig) -> None:
    """Somebody chose those pictures."""
    rig.hear(Report(Kind.OPENED, WITHIN_S, live=False))
    for _ in range(200):
        rig.clock.now += 0.5
        rig.process.frame = Frame("door", rig.clock.now, picture())
        rig.hear(Report(Kind.FRAME, WITHIN_S))
        assert rig.worker.take() is not None
    assert rig.state() is CameraState.LIVE


def test_frozen_pictures_are_not_handed_on_and_the_camera_is_opened_anew(rig: Rig) -> None:
    """Noticed within thirty seconds; a new process begins at once, and then once a minute; a new picture ends it."""
    still = picture()
    assert len(rig.live(30.0, still)) <= FROZEN_AFTER_S * 2 + 1
    assert rig.state() is CameraState.FROZEN
    assert len(rig.processes) == 2
    assert rig.live(55.0, still) == []
    assert len(rig.processes) == 2
    assert rig.live(10.0, still) == []
    assert len(rig.processes) == 3
    assert rig.state() is CameraState.FROZEN
    assert len(rig.live(1.0, np.rot90(still).copy())) == 2
    assert rig.state() is CameraState.LIVE


def test_dark_pictures_are_not_handed_on(rig: Rig) -> None:
    """A shop without light is not a shop without people; the first light ends it."""
    black = np.zeros((64, 96, 3), np.uint8)
    rig.live(1.0)
    assert len(rig.live(30.0, black)) <= 12
    assert rig.state() is CameraState.DARK
    assert len(rig.processes) == 1
    assert len(rig.live(1.0)) == 2
    assert rig.state() is CameraState.LIVE


def test_dropped_frames_are_counted_over_all_processes(rig: Rig) -> None:
    """A replaced process's drops aren't forgotten."""
    rig.process.dropped = 3
    rig.hear(LOST)
    rig.pass_time(2.0)
    rig.process.dropped = 4
    assert rig.worker.dropped == 7


def test_another_rate_reaches_the_process_and_the_next_one(rig: Rig) -> None:
    """Said once for each change."""
    rig.worker.pace(10.0)
    assert rig.process.orders == []
    rig.worker.pace(5.0)
    assert [order.max_fps for order in rig.process.orders] == [5.0]
    rig.hear(LOST)
    rig.pass_time(2.0)
    assert rig.process.order.max_fps == 5.0


def test_closing_lets_the_camera_go(rig: Rig) -> None:
    """At closing time the process is told to end, and at opening time a new one begins, as if for the first time."""
    rig.live(1.0)
    rig.worker.close()
    assert rig.state() is CameraState.CLOSED
    assert rig.process.was_hung_up
    rig.pass_time(600.0)
    assert len(rig.processes) == 1
    rig.worker.open()
    assert len(rig.processes) == 2
    assert rig.state() is CameraState.OPENING


def test_the_log_tells_of_a_loss_once(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A camera that is away for a year fills no log: one line when it goes; the main says when it is live again."""
    with caplog.at_level(logging.DEBUG):
        for _ in range(50):
            rig.hear(LOST)
            rig.pass_time(10.0)
        rig.live(1.0)
        rig.hear(Report(Kind.LOST, text="unplugged"))
    assert [record.message for record in caplog.records] == ["no device; trying again", "unplugged; trying again"]


def test_what_the_process_has_to_log_is_logged_here(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """The process has no log of its own."""
    fields: dict[str, str | float] = {
        "camera": "door",
        "width": 640,
        "height": 480,
        "fps": "30",
        "pixel_format": "MJPG",
    }
    with caplog.at_level(logging.INFO):
        rig.hear(Report(Kind.EVENT, 5.0, name="CAMERA_OPENED", fields=fields))
    assert [record.message for record in caplog.records] == ["camera 'door' gives 640×480 at 30 fps as MJPG"]


def test_stop_kills_what_does_not_leave(rig: Rig) -> None:
    """A read that never returns can't hold up the end of the service."""
    rig.process.lingers = True
    assert not rig.worker.stop(0.0)
    assert rig.process.killed


def test_stop_before_open_does_nothing() -> None:
    """A worker that was never opened is stopped already."""
    assert CameraWorker(CAMERA, max_fps=10.0).stop(0.0)
