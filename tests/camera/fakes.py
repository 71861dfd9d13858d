"""Hand-written stand-ins for hardware that no test machine has."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.camera.frame import Frame, FrameSource
from edged.camera.process import CaptureProcess
from edged.camera.report import Order, Report
from edged.errors import CameraError
from tests.camera.clips import picture


class FakeClock:
    """Time that passes only when told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeCapture:
    """A capture device: `grabs` says how each grab goes, True without end after that."""

    grabs: Iterable[bool] = ()
    picture: NDArray[np.uint8] | None = field(default_factory=picture)
    properties: dict[int, float] = field(default_factory=dict)
    refused: frozenset[int] = frozenset()
    asked: list[int] = field(default_factory=list)
    on_grab: Callable[[], None] = lambda: None
    closed: bool = False

    def __post_init__(self) -> None:
        self._grabs: Iterator[bool] = iter(self.grabs)

    def grab(self) -> bool:
        self.on_grab()
        return next(self._grabs, True)

    def retrieve(self) -> NDArray[np.uint8] | None:
        return None if self.picture is None else self.picture.copy()

    def get(self, prop: int) -> float:
        return self.properties.get(prop, 0.0)

    def set(self, prop: int, value: float) -> bool:
        self.asked.append(prop)
        if prop not in self.refused:
            self.properties[prop] = value
        return prop not in self.refused

    def close(self) -> None:
        self.closed = True


class FakeSource(FrameSource):
    """A camera that plays a script: for each grab a time, None for the end, or an error."""

    def __init__(
        self,
        script: Iterable[float | Exception | None],
        *,
        live: bool = True,
        camera: str = "camera",
        damaged: frozenset[int] = frozenset(),
        on_grab: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.live = live
        self.closed = False
        self.retrieved = 0
        self._camera = camera
        self._script = iter(script)
        self._damaged = damaged
        self._on_grab = on_grab
        self._index = -1
        self._captured = 0.0

    def grab(self) -> float | None:
        step = next(self._script, CameraError("the script is over"))
        if isinstance(step, Exception):
            raise step
        if step is not None:
            self._on_grab(step)
            self._index += 1
            self._captured = step
        return step

    def retrieve(self) -> Frame | None:
        self.retrieved += 1
        if self._index in self._damaged:
            return None
        return Frame(self._camera, self._captured, picture())

    def close(self) -> None:
        self.closed = True


class FakeCaptureProcess(CaptureProcess):
    """A capture process by hand: it says what is put into `said`, and ends when told to, unless it lingers."""

    dropped = 0

    def __init__(self, order: Order, clock: FakeClock) -> None:
        self.order = order
        self.orders: list[Order] = []
        self.said: list[Report] = []
        self.frame: Frame | None = None
        self.lingers = self.killed = self.was_hung_up = self.closed = False
        self._clock = clock
        self._ended: str | None = None

    def reports(self) -> list[Report]:
        said, self.said = self.said, []
        return said

    def take(self) -> Frame | None:
        frame, self.frame = self.frame, None
        return frame

    def change(self, order: Order) -> None:
        self.orders.append(order)

    def hang_up(self) -> None:
        self.was_hung_up = True
        if not self.lingers:
            self.end()

    def kill(self) -> None:
        self.killed = True
        if not self.lingers:
            self.end()

    def end(self, how: str = "it ended with exit code 0") -> None:
        self._ended = how

    @property
    def ended(self) -> str | None:
        return self._ended

    def wait(self, deadline: float) -> bool:
        return self._ended is not None

    def close(self) -> None:
        self.closed = True


class FakeRequest:
    """picamera2.request.CompletedRequest, as far as it is used."""

    def __init__(self, array: NDArray[np.uint8]) -> None:
        self._array = array
        self.released = False

    def make_array(self, name: str) -> NDArray[np.uint8]:
        assert name == "main"
        assert not self.released
        return self._array

    def release(self) -> None:
        assert not self.released, "a request may be given back once"
        self.released = True


class FakePicamera2:
    """picamera2.Picamera2 with its real signatures (picamera2/picamera2.py, 2024 to 2026), as far as they are used."""

    cameras = 1

    def __init__(
        self, camera_num: int = 0, verbose_console: Any = None, tuning: Any = None, allocator: Any = None
    ) -> None:
        [{"Num": number} for number in range(self.cameras)][camera_num]
        self.requests: list[FakeRequest] = []
        self.calls: list[str] = []
        self.configuration: dict[str, Any] = {}
        self.fault: Exception | None = None

    def create_video_configuration(
        self,
        main: dict[str, Any] = {},  # noqa: B006 (as picamera2 has it)
        lores: Any = None,
        raw: Any = None,
        transform: Any = None,
        colour_space: Any = None,
        buffer_count: int = 6,
        controls: dict[str, Any] = {},  # noqa: B006
        sensor: Any = {},  # noqa: B006
        display: str = "main",
        encode: str = "main",
        queue: bool = True,
        use_case: str = "video",
    ) -> dict[str, Any]:
        assert set(main) <= {"format", "size", "stride", "preserve_ar"}
        assert set(controls) <= {"FrameDurationLimits"}, "only what libcamera itself advertises"
        return {
            "main": {"format": "XBGR8888", "size": (1280, 720)} | main,
            "controls": {"FrameDurationLimits": (33333, 33333)} | controls,
        }

    def configure(self, camera_config: dict[str, Any]) -> dict[str, Any]:
        self.configuration = camera_config
        self.calls.append("configure")
        return camera_config

    def camera_configuration(self) -> dict[str, Any]:
        return self.configuration

    def start(self, config: Any = None, show_preview: bool = False) -> None:
        assert self.calls == ["configure"]
        self.calls.append("start")

    def capture_request(self, wait: Any = None, signal_function: Any = None, flush: Any = None) -> FakeRequest:
        assert all(request.released for request in self.requests), "at most one buffer may be held"
        if self.fault is not None:
            raise self.fault
        width, height = self.configuration["main"]["size"]
        assert self.configuration["main"]["format"] == "RGB888"  # blue first in memory
        self.requests.append(FakeRequest(cv2.resize(picture(), (width, height)).astype(np.uint8)))
        return self.requests[-1]

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")
