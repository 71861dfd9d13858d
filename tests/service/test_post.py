"""A camera at its post: open in opening hours, closed outside of them, its windows told all the while."""

from edged.camera.desk import Desk
from edged.camera.state import CameraState, Standing
from edged.camera.worker import CameraWorker
from edged.config.hours import Hours
from edged.config.model import Camera, Config, Privacy, Windows
from edged.messages.common import Stamp
from edged.service.clock import Reading
from edged.service.line import Sees
from edged.service.post import Post
from edged.vision.sighting import Box, Sighting
from edged.windows.schedule import Clock

NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z, a Sunday."""


class FakeWorker(CameraWorker):
    """A worker by hand: it opens nothing and says what it is told to say."""

    hired: "FakeWorker"
    dropped = 0

    def __init__(self, camera: Camera, *, max_fps: float) -> None:
        super().__init__(camera, max_fps=max_fps)
        self.calls: list[str] = []
        self._said = Standing(CameraState.CLOSED, 0.0, "outside opening hours")
        FakeWorker.hired = self

    @property
    def standing(self) -> Standing:
        return self._said

    @property
    def is_open(self) -> bool:
        return self._said.state is CameraState.LIVE

    def open(self) -> None:
        self.calls.append("open")
        self._said = Standing(CameraState.LIVE, 0.0)

    def close(self) -> None:
        self.calls.append("close")
        self._said = Standing(CameraState.CLOSED, 60.0, "outside opening hours")


def reading(seconds: float) -> Reading:
    return Reading(seconds, NOON + seconds, Clock.SYNCHRONISED)


def test_camera_is_let_go_outside_opening_hours() -> None:
    """At closing time the camera is let go, at opening time it is opened again; every window is told all the same."""
    config = Config(hours=Hours(sunday="12:01-12:02, 12:03-12:04"), windows=Windows(length_s=60))
    post = Post(config, config.cameras[0], Desk(), Sees((), "test"), reading(0), FakeWorker)
    states, messages = [], 0
    for seconds in range(0, 301, 30):
        messages += len(post.advance(reading(seconds)))
        states.append(post.status(reading(seconds)).state)
    assert states == ["closed"] * 2 + ["live"] * 2 + ["closed"] * 2 + ["live"] * 2 + ["closed"] * 3
    assert FakeWorker.hired.calls == ["open", "close"] * 2
    assert messages == 5


def test_closed_camera_says_since_when_and_why() -> None:
    """The status of a closed camera isn't an alarm: it says that it is closed by the clock."""
    config = Config(hours=Hours(sunday="11:00-12:01"), windows=Windows(length_s=60))
    post = Post(config, config.cameras[0], Desk(), Sees((), "test"), reading(0), FakeWorker)
    for seconds in (0, 60, 120):
        post.advance(reading(seconds))
    status = post.status(reading(120))
    assert (status.state, status.reason) == ("closed", "outside opening hours")
    assert status.since.timestamp() == NOON + 60


def test_dropped_frames_of_each_worker_are_counted_once() -> None:
    """Drops are told as they come, each once, with the figures of a window that is told of."""
    config = Config(windows=Windows(length_s=60), privacy=Privacy(k=2))
    post = Post(config, config.cameras[0], Desk(), Sees((), "test"), reading(0), FakeWorker)
    post.advance(reading(0))
    for tick in range(1, 246):
        captured = tick / 5
        two = [Sighting(Box(x, 0.4, 0.1, 0.15), 0.9, 60, 0.0, 0.0, None) for x in (0.2, 0.7)]
        post.line.see(captured, two if captured < 20 else [], Sees((), "test"))
    FakeWorker.hired.dropped = 245
    post.advance(reading(50))
    (compose,) = post.advance(reading(60))
    assert compose(Stamp("shop", "0a1b2c3d", 1)).coverage.dropped_share == 0.5
