"""What a capture process does, in this process: its source plays a script, its clock stands still until told."""

import socket
from collections.abc import Iterator

import numpy as np
import pytest

from edged.camera.capture import WITHIN_S, Capture
from edged.camera.frame import Frame
from edged.camera.mailbox import Mailbox
from edged.camera.report import LONGEST_REPORT, Kind, Order, Report
from edged.config.model import Camera
from edged.errors import CameraError, InputError, SilentCameraError
from tests.camera.fakes import FakeClock, FakeSource

ORDER = Order.of(Camera(id="door"), 1000.0)


class PassingCapture(Capture):
    """One whose waits pass at once."""

    def _listen(self, timeout: float) -> None:
        clock = self._clock
        assert isinstance(clock, FakeClock)
        clock.now += timeout
        super()._listen(0.0)


class Rig:
    """Both ends of the channel, the mailbox, and a clock that sources and waits move on."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.mailbox = Mailbox(Mailbox.allocate())

    def run(self, source: FakeSource | Exception, order: Order = ORDER) -> list[Report]:
        def opener(_: object) -> FakeSource:
            if isinstance(source, Exception):
                raise source
            return source

        PassingCapture(order, self.mailbox, self.theirs, opener=opener, clock=self.clock).run()
        self.theirs.close()
        heard = []
        while datagram := self.ours.recv(LONGEST_REPORT):
            heard.append(Report.decode(datagram))
        return heard

    def live(self, times: list[float | Exception | None], damaged: frozenset[int] = frozenset()) -> FakeSource:
        return FakeSource(times, on_grab=self._arrive, damaged=damaged)

    def _arrive(self, at: float) -> None:
        self.clock.now = at


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.ours.close()


def kinds(reports: list[Report]) -> list[Kind]:
    return [report.kind for report in reports]


def test_a_live_frame_carries_the_monotonic_time(rig: Rig) -> None:
    """Whatever clock a camera has, a live frame's time is when it was got."""
    source = rig.live([1000.5, CameraError("unplugged")])
    heard = rig.run(source)
    assert kinds(heard) == [Kind.OPENING, Kind.OPENED, Kind.FRAME, Kind.LOST]
    assert heard[-1].text == "unplugged"
    assert source.closed
    frame = rig.mailbox.take("door")
    assert frame is not None
    assert frame.captured == 1000.5


def test_every_word_but_the_last_says_when_the_next_comes(rig: Rig) -> None:
    """That is how a hanging process is found."""
    heard = rig.run(rig.live([1000.5, 1001.0, CameraError("unplugged")]))
    assert all(report.within >= WITHIN_S for report in heard[:-1])


def test_frames_that_are_not_due_are_not_converted(rig: Rig) -> None:
    """A camera of 30 frames a second, looked at ten times a second, pays for ten conversions."""
    source = rig.live([*(1000.0 + index / 30 for index in range(300)), CameraError("over")])
    heard = rig.run(source, Order.of(Camera(id="door"), 10.0))
    assert 98 <= source.retrieved <= 101
    assert kinds(heard).count(Kind.FRAME) == source.retrieved


def test_frames_that_are_never_due_are_a_sign_of_life(rig: Rig) -> None:
    """Once a second, between two looks that are far apart."""
    source = rig.live([*(1000.0 + index / 10 for index in range(100)), CameraError("over")])
    heard = kinds(rig.run(source, Order.of(Camera(id="door"), 0.05)))
    assert heard.count(Kind.FRAME) == 1
    assert 8 <= heard.count(Kind.ALIVE) <= 10


def test_damaged_frames_are_counted_and_are_no_sign_of_life(rig: Rig) -> None:
    """A camera that sends only damaged pictures isn't live."""
    heard = rig.run(rig.live([*(1000.0 + i for i in range(20)), CameraError("over")], damaged=frozenset(range(20))))
    assert set(kinds(heard)) == {Kind.OPENING, Kind.OPENED, Kind.DAMAGED, Kind.LOST}
    assert rig.mailbox.dropped == 20


def test_a_recording_plays_at_its_own_speed_and_ends(rig: Rig) -> None:
    """Frames are got at the times at which they were filmed; a long pause is announced; the end is the end."""
    heard = rig.run(FakeSource([7.0, 7.5, 69.5, None], live=False))
    assert kinds(heard) == [Kind.OPENING, Kind.OPENED, Kind.FRAME, Kind.FRAME, Kind.PAUSED, Kind.FRAME, Kind.ENDED]
    assert not heard[1].live
    assert heard[4].within == 62.0 + WITHIN_S
    assert rig.clock.now == 1062.5


@pytest.mark.parametrize(
    ("error", "kind", "name"),
    [
        (CameraError("gone"), Kind.LOST, ""),
        (SilentCameraError("hangs"), Kind.SILENT, ""),
        (InputError("no video"), Kind.FAILED, "InputError"),
        (RuntimeError("rtsp://admin:hunter2@camera"), Kind.FAULT, ""),
    ],
)
def test_the_last_word_says_what_went_wrong(rig: Rig, error: Exception, kind: Kind, name: str) -> None:
    """And whose it is to mend; the words of a foreign error, which may name anything, are left out."""
    last = rig.run(error)[-1]
    assert (last.kind, last.name) == (kind, name)
    assert "hunter2" not in last.text


def test_the_last_word_is_said_before_the_camera_is_closed(rig: Rig) -> None:
    """Closing may hang on a camera that is gone."""
    source = rig.live([CameraError("gone")])
    said = []

    def close() -> None:
        said.extend(kinds([Report.decode(rig.ours.recv(LONGEST_REPORT)) for _ in range(3)]))

    source.close = close  # type: ignore[method-assign]
    rig.run(source)
    assert said == [Kind.OPENING, Kind.OPENED, Kind.LOST]


def test_a_picture_that_is_too_large_is_refused_in_words(rig: Rig) -> None:
    """8K would take a hundred megabytes a frame; a person can set the camera."""
    source = rig.live([1000.5])
    source.retrieve = lambda: Frame("door", 1000.5, np.empty((4320, 7680, 3), np.uint8))  # type: ignore[method-assign]
    last = rig.run(source)[-1]
    assert last.kind is Kind.LOST
    assert "7680×4320" in last.text
    assert "smaller" in last.text


def test_a_reader_that_does_not_listen_holds_nothing_up(rig: Rig) -> None:
    """What can't be said is left out; the mailbox holds the newest frame all the same."""
    rig.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    source = rig.live([*(1000.0 + index for index in range(5000)), None])

    def hear_no_more() -> None:
        while Report.decode(rig.ours.recv(LONGEST_REPORT)).kind is not Kind.FRAME:
            pass
        rig.ours.settimeout(0.0)

    source.close = lambda: None  # type: ignore[method-assign]
    capture = Capture(ORDER, rig.mailbox, rig.theirs, opener=lambda _: source, clock=rig.clock)
    capture._play(source)
    hear_no_more()
    frame = rig.mailbox.take("door")
    assert frame is not None
    assert frame.captured == 5999.0
    assert rig.mailbox.dropped == 4999


def test_another_rate_is_heeded(rig: Rig) -> None:
    """Fewer frames are converted from the next one on."""
    rig.ours.send(Order.of(Camera(id="door"), 1.0).encode())
    source = rig.live([*(1000.0 + index / 10 for index in range(100)), CameraError("over")])
    rig.run(source)
    assert 9 <= source.retrieved <= 12


def test_hanging_up_ends_it_in_good_order(rig: Rig) -> None:
    """The camera is closed, so that it may let the next one in."""
    source = rig.live([*(1000.0 + index for index in range(100)), CameraError("over")])
    rig.ours.shutdown(socket.SHUT_WR)
    heard = rig.run(source)
    assert source.closed
    assert Kind.LOST not in kinds(heard)
