"""Cameras that can be had here, real and fake."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from edged.camera.frame import FrameSource
from edged.camera.live import LiveCamera
from edged.camera.sources import open_source
from edged.config.model import Camera
from tests.camera.clips import HEIGHT, WIDTH, convert, jpeg, picture, write_folder, write_video
from tests.camera.fakes import FakeCapture, FakePicamera2
from tests.camera.servers import MjpegServer, RtspServer


@pytest.fixture(scope="session")
def _workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def h264_clip(_workshop: Path, require_tool: Callable[[str], str]) -> Path:
    """Return a short H.264 video with a key frame every fifth frame."""
    ffmpeg, path = require_tool("ffmpeg"), _workshop / "clip.mp4"
    if not path.exists():
        plain = write_video(_workshop / "plain.mp4", frames=20, fps=20.0)
        convert(ffmpeg, plain, path, "-c:v", "libx264", "-g", "5", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    return path


@pytest.fixture
def rtsp(h264_clip: Path) -> Iterator[RtspServer]:
    with RtspServer(h264_clip) as server:
        yield server


@pytest.fixture
def fake_picamera2(monkeypatch: pytest.MonkeyPatch) -> list[FakePicamera2]:
    """Put a picamera2 package in place; return the devices that are opened through it."""
    opened: list[FakePicamera2] = []

    def open_device(camera_num: int = 0) -> FakePicamera2:
        opened.append(FakePicamera2(camera_num))
        return opened[-1]

    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=open_device))
    return opened


KINDS = ("recording", "looped recording", "gif", "pictures", "looped pictures", "rtsp", "http", "picamera2", "v4l2")
ENDLESS = frozenset(KINDS) - {"recording", "gif", "pictures"}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def source(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FrameSource]:
    """One of each implementation of FrameSource, ten frames long or endless."""
    loop = kind.startswith("looped")
    match kind.removeprefix("looped "):
        case "recording":
            path = write_video(tmp_path / "clip.mp4")
            opened = open_source(Camera(id="door", source=str(path), loop=loop))
        case "gif":
            ffmpeg = request.getfixturevalue("require_tool")("ffmpeg")
            path = convert(ffmpeg, write_video(tmp_path / "clip.mp4"), tmp_path / "clip.gif")
            opened = open_source(Camera(id="door", source=str(path)))
        case "pictures":
            path = write_folder(tmp_path / "pictures")
            opened = open_source(Camera(id="door", source=str(path), loop=loop))
        case "rtsp":
            server = request.getfixturevalue("rtsp")
            opened = open_source(Camera(id="door", source=f"rtsp://{server.place}/live"))
        case "http":
            mjpeg = MjpegServer([jpeg(picture(index)) for index in range(10)])
            request.addfinalizer(mjpeg.__exit__)
            opened = open_source(Camera(id="door", source=f"http://{mjpeg.place}/video"))
        case "picamera2":
            request.getfixturevalue("fake_picamera2")
            opened = open_source(Camera(id="door", source="picamera2:0", width=WIDTH, height=HEIGHT))
        case _:
            opened = LiveCamera("door", "/dev/video0", FakeCapture())
    yield opened
    opened.close()
