"""Raspberry Pi camera modules through picamera2 (an optional package, from Raspberry Pi OS).

Rules:
  - A request is held from `grab` to the next `grab` at most: it owns one of the camera's few buffers, and copying it
    out is paid only for a frame that somebody wants.
  - picamera2 calls the format "RGB888" whose bytes lie in memory as blue, green, red: the order that a Frame has.
  - Built against picamera2's own sources: Picamera2(camera_num), create_video_configuration(main=, controls=),
    configure(config), start(), capture_request(wait=), request.make_array(name), request.release(), stop(), close().
"""

import contextlib
import importlib
import time
from collections.abc import Callable
from typing import Any, Final, Self

from edged.camera.asked import Asked
from edged.camera.frame import Frame, FrameSource
from edged.camera.opencv import READ_TIMEOUT_S
from edged.camera.pixels import as_bgr
from edged.errors import CameraError, ConfigError, SilentCameraError, UnavailableError
from edged.events import Event, tell

PREFIX: Final = "picamera2:"
_FORMAT: Final = "RGB888"


class PiCamera(FrameSource):
    """An opened and started camera module."""

    live = True

    def __init__(self, camera: str, device: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take over a started `Picamera2`."""
        self._camera = camera
        self._device = device
        self._clock = clock
        self._request: Any = None
        self._captured = 0.0
        self._open = True

    @classmethod
    def open(cls, camera: Asked) -> Self:
        """Open, configure and start. Raises UnavailableError, ConfigError, CameraError."""
        number = str(camera.source).removeprefix(PREFIX)
        if not number.isdecimal():
            raise ConfigError(f"camera {camera.id!r}: source must be picamera2:N, with N the number of the camera")
        try:
            library = importlib.import_module("picamera2")
        # ValueError is what its compiled parts raise when they were built for another NumPy than this one.
        except (ImportError, ValueError) as error:
            raise UnavailableError(
                f"camera {camera.id!r} needs picamera2, which can't be loaded ({error}): sudo apt install "
                "python3-picamera2, and make edged's environment with --system-site-packages"
            ) from error
        device = None
        # picamera2 raises RuntimeError for what libcamera refuses, and IndexError for a number that doesn't exist.
        try:
            device = library.Picamera2(int(number))
            device.configure(device.create_video_configuration(**_wishes(camera)))
            device.start()
            given = device.camera_configuration()["main"]
        except (RuntimeError, IndexError, OSError, ValueError) as error:
            if device is not None:
                with contextlib.suppress(RuntimeError, OSError):
                    device.close()
            raise CameraError(
                f"camera {camera.id!r}: camera module {number} can't be started ({error}): check its ribbon cable, "
                "and that no other program holds it"
            ) from error
        width, height = given["size"]
        fps = f"{camera.fps:g}" if camera.fps else "its own"
        tell(Event.CAMERA_OPENED, camera=camera.id, width=width, height=height, fps=fps, pixel_format=given["format"])
        return cls(camera.id, device)

    def grab(self) -> float:
        """Wait for the next frame and return the monotonic time at which it was got."""
        self._release()
        try:
            self._request = self._device.capture_request(wait=float(READ_TIMEOUT_S))
        except TimeoutError as error:
            raise SilentCameraError(
                f"camera {self._camera!r} sends no more pictures: is its ribbon cable loose?"
            ) from error
        except (RuntimeError, OSError) as error:
            raise CameraError(f"camera {self._camera!r} is gone ({error}): check its ribbon cable") from error
        self._captured = self._clock()
        return self._captured

    def retrieve(self) -> Frame | None:
        """Copy the grabbed frame out of the camera's memory."""
        try:
            pixels = as_bgr(self._request.make_array("main"))
        except (RuntimeError, OSError, ValueError) as error:
            raise CameraError(f"camera {self._camera!r} gave a frame that can't be read ({error})") from error
        finally:
            self._release()
        return None if pixels is None else Frame(self._camera, self._captured, pixels)

    def _release(self) -> None:
        if self._request is not None:
            self._request.release()
            self._request = None

    def close(self) -> None:
        """Stop the camera and free it."""
        if not self._open:
            return
        self._open = False
        # A camera that was torn off refuses to be stopped; there is nothing left to free then.
        with contextlib.suppress(RuntimeError, OSError):
            self._release()
            self._device.stop()
            self._device.close()


def _wishes(camera: Asked) -> dict[str, Any]:
    main: dict[str, Any] = {"format": _FORMAT}
    if camera.width is not None and camera.height is not None:
        main["size"] = (camera.width, camera.height)
    wishes: dict[str, Any] = {"main": main}
    if camera.fps is not None:
        # libcamera's own control, in µs. create_video_configuration sets it to 30 fps by default, so "FrameRate"
        # beside it would leave two controls that contradict each other.
        period = round(1_000_000 / camera.fps)
        wishes["controls"] = {"FrameDurationLimits": (period, period)}
    return wishes
