"""Network cameras, against real servers that are killed, halted and started again."""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edged.camera.desk import Desk
from edged.camera.frame import FrameSource
from edged.camera.sources import open_source
from edged.camera.state import CameraState
from edged.camera.stream import open_stream
from edged.camera.worker import CameraWorker
from edged.config.model import Camera
from edged.errors import CameraError
from tests.brokers import free_port
from tests.camera.clips import convert, jpeg, picture
from tests.camera.servers import BitFlipper, MjpegServer, RtspServer

PATIENCE_S = 60.0
"""How long a test waits for what must come; how soon it comes is no matter here."""

SECRET = "hunter2"


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def camera_at(server: RtspServer | BitFlipper, user: str = "") -> Camera:
    return Camera(id="door", source=f"rtsp://{user}{server.place}/live")


def test_a_killed_camera_is_lost(rtsp: RtspServer) -> None:
    """A server that dies ends the stream with a CameraError, not with the end of a recording."""
    source = open_source(camera_at(rtsp))
    assert source.read() is not None
    rtsp.kill()
    with pytest.raises(CameraError, match=r"at rtsp://127\.0\.0\.1:\d+/…"):
        while source.read() is not None:
            pass
    source.close()


def test_a_halted_camera_is_lost(rtsp: RtspServer) -> None:
    """A server that falls silent with its connection open is noticed by the read time-out."""
    source = open_stream(camera_at(rtsp), timeout_s=1.0)
    assert source.read() is not None
    rtsp.signal(signal.SIGSTOP)
    with pytest.raises(CameraError, match="sends no more pictures"):
        while source.read() is not None:
            pass
    source.close()


def test_pictures_left_in_the_decoder_are_not_news(
    h264_clip: Path, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """A stream with B-frames that falls silent brings no picture after that, though its decoder still holds some."""
    options = ("-c:v", "libx264", "-bf", "3", "-g", "20", "-pix_fmt", "yuv420p")
    with RtspServer(convert(require_tool("ffmpeg"), h264_clip, tmp_path / "b.mp4", *options)) as server:
        source = open_stream(camera_at(server), timeout_s=1.0)
        assert source.read() is not None
        server.signal(signal.SIGSTOP)
        last = time.monotonic()
        with pytest.raises(CameraError, match="sends no more pictures"):
            while (captured := source.grab()) is not None:
                last = captured
        assert time.monotonic() - last >= 1.0
        source.close()


def test_a_silent_server_ends_the_opening() -> None:
    """A server that accepts and says nothing is given up after the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"rtsp://127.0.0.1:{server.getsockname()[1]}/live"
        with pytest.raises(CameraError, match="no pictures from rtsp://127"):
            open_stream(Camera(id="door", source=url), timeout_s=0.5)


class Watched:
    """A worker at work, and what came of it."""

    def __init__(self, camera: Camera) -> None:
        self.worker = CameraWorker(camera, max_fps=100.0)
        self._desk = Desk()
        self._desk.add(self.worker)
        self._shapes: list[tuple[int, ...]] = []
        self.worker.open()

    def look(self) -> bool:
        """Take a frame if one comes soon; always True."""
        frame = self._desk.take(0.05)
        if frame is not None:
            self._shapes.append(frame.pixels.shape[:2])
        return True

    def shapes(self) -> list[tuple[int, ...]]:
        """Heights and widths so far."""
        self.look()
        return self._shapes

    def until(self, *states: CameraState) -> None:
        """Wait for one of these states."""
        eventually(lambda: self.look() and self.worker.standing.state in states)

    @property
    def pid(self) -> int:
        """Of the capture process."""
        eventually(lambda: self.look() and self.worker.process is not None)
        assert self.worker.process is not None
        return self.worker.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send the capture process a signal."""
        os.kill(self.pid, number)


@contextmanager
def watched(camera: Camera) -> Iterator[Watched]:
    """A camera that is watched for as long as the block runs."""
    made = Watched(camera)
    try:
        yield made
    finally:
        assert made.worker.stop(time.monotonic() + PATIENCE_S)


def test_the_worker_finds_a_camera_that_came_back(rtsp: RtspServer) -> None:
    """Killed and started again, twice: offline in between, live after it, with no one's help."""
    with watched(camera_at(rtsp)) as camera:
        for _ in range(2):
            camera.until(CameraState.LIVE)
            rtsp.kill()
            camera.until(CameraState.OFFLINE)
            assert camera.worker.standing.reason is not None
            rtsp.start()
        camera.until(CameraState.LIVE)
        assert camera.worker.failure is None


def test_a_password_opens_the_camera_and_shows_nowhere(
    h264_clip: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the right password there are pictures; neither right nor wrong ones are in any error or log."""
    caplog.set_level(logging.DEBUG)
    with RtspServer(h264_clip, credentials=f"admin:{SECRET}") as server:
        source = open_source(camera_at(server, f"admin:{SECRET}@"))
        assert source.read() is not None
        source.close()
        for user in (f"admin:{SECRET}wrong@", f"{SECRET}@"):
            with pytest.raises(CameraError) as raised:
                open_source(camera_at(server, user))
            assert SECRET not in str(raised.value)
            assert raised.value.__cause__ is None
        with watched(camera_at(server, f"admin:{SECRET}@")) as camera:
            camera.until(CameraState.LIVE)
            server.kill()
            camera.until(CameraState.OFFLINE)
            assert SECRET not in str(camera.worker.standing.reason)
    assert caplog.records
    assert SECRET not in caplog.text
    assert SECRET not in capfd.readouterr().err


def held() -> int:
    """Count this process's descriptors and threads, those of FFmpeg too."""
    return len(list(Path("/proc/self/fd").iterdir())) + len(list(Path("/proc/self/task").iterdir()))


def test_a_hundred_failed_openings_keep_nothing() -> None:
    """Descriptors and threads are no more after than before."""
    camera = Camera(id="door", source=f"rtsp://127.0.0.1:{free_port()}/live")

    def fail() -> None:
        with pytest.raises(CameraError):
            open_source(camera)

    fail()
    before = held()
    for _ in range(100):
        fail()
    # A thread of FFmpeg's may still be on its way out.
    eventually(lambda: held() <= before)


def test_opening_again_and_again_keeps_nothing(rtsp: RtspServer) -> None:
    """A camera that comes and goes leaves no descriptor and no thread."""

    def come_and_go() -> None:
        source = open_source(camera_at(rtsp))
        assert source.read() is not None
        source.close()

    come_and_go()
    before = held()
    for _ in range(5):
        come_and_go()
    # A thread of FFmpeg's may still be on its way out.
    eventually(lambda: held() <= before)


def test_pictures_that_change_size(capfd: pytest.CaptureFixture[str]) -> None:
    """A camera that is set to another size while it is watched gives frames of either size, never a crash."""
    pictures = [jpeg(picture(index)) for index in range(30)] + [jpeg(picture(index, 160, 120)) for index in range(30)]
    with MjpegServer(pictures, rate=200.0) as server:
        source = open_source(Camera(id="door", source=f"http://{server.place}/video"))
        shapes = {read(source) for _ in range(90)}
        source.close()
    assert shapes <= {(64, 96, 3), (120, 160, 3)}
    assert shapes
    assert capfd.readouterr().err == ""


def test_damaged_pictures_in_between(capfd: pytest.CaptureFixture[str]) -> None:
    """Torn, empty and senseless pictures are passed over."""
    good = jpeg(picture())
    torn = [good[: len(good) // 2], b"", b"no picture at all", good[:200] + bytes(100) + good[300:]]
    with MjpegServer([good] * 20 + torn, rate=200.0) as server:
        source = open_source(Camera(id="door", source=f"http://{server.place}/video"))
        for _ in range(60):
            assert read(source) == (64, 96, 3)
        source.close()
    assert capfd.readouterr().err == ""


def read(source: FrameSource) -> tuple[int, ...]:
    frame = source.read()
    assert frame is not None
    return frame.pixels.shape
