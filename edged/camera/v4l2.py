"""USB and other V4L2 cameras, by number or /dev path.

Rules:
  - Size, rate and pixel format are chosen from what the camera lists (`modes`), asked for, and read back: drivers round
    silently, so the log says what it is.
  - Of a JPEG camera larger than two full HD pictures each way the JPEG itself is read, and decoded at half its size: a
    face that the models find in so large a picture is large enough at half of it (docs/MODELS.md, accuracy by height;
    measured, 3840×2160: 18 ms for 49 ms a picture). Below that the faces' detail is worth the time.
  - A device that isn't there is a CameraError, not the user's mistake: it may be plugged in again.
"""

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.camera.asked import Asked
from edged.camera.live import LiveCamera
from edged.camera.modes import Mode, choose, offered
from edged.camera.opencv import Capture, OpenCVCapture, open_capture
from edged.camera.pixels import as_bgr
from edged.errors import CameraError
from edged.events import Event, tell

FULL_WIDTH, FULL_HEIGHT = 1920, 1080


def device_path(source: str | int) -> Path:
    """Return the device of a camera number or path: 0 is /dev/video0."""
    text = str(source)
    return Path(f"/dev/video{int(text)}" if text.isdecimal() else text)


def open_v4l2(camera: Asked) -> LiveCamera:
    """Open a V4L2 camera. Raises CameraError."""
    path = device_path(camera.source)
    if not path.exists():
        raise CameraError(f"camera {camera.id!r}: there is no device {path}: is it plugged in?")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraError(f"camera {camera.id!r}: {path} may not be opened: add edged's user to the group video")
    # Before it is opened: some drivers answer one program at a time.
    modes = offered(path)
    capture = open_capture(str(path), cv2.CAP_V4L2)
    if capture is None:
        raise CameraError(
            f"camera {camera.id!r}: {path} can't be opened as a camera: "
            "does another program hold it, or is it one of the nodes that carry no pictures?"
        )
    ask(capture, camera, choose(modes, camera))
    return LiveCamera(camera.id, str(path), HalvedJpegs(capture) if wants_half(capture) else capture)


def ask(capture: Capture, camera: Asked, mode: Mode | None) -> None:
    """Ask for a mode (None: the camera lists none, so for what is configured); log what the driver made of it."""
    pixel_format, fps = (mode.pixel_format, mode.fps) if mode else (camera.pixel_format, camera.fps)
    size = (mode.width, mode.height) if mode else (camera.width, camera.height)
    # The format first: drivers list sizes and rates by format.
    if pixel_format is not None:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*pixel_format))
    if size[0] is not None and size[1] is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    if fps is not None:
        capture.set(cv2.CAP_PROP_FPS, fps)
    # One buffer: what waits in the driver is old by the time the models see it.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    fps = capture.get(cv2.CAP_PROP_FPS)
    pixel_format = _fourcc_text(int(capture.get(cv2.CAP_PROP_FOURCC)))
    tell(Event.CAMERA_OPENED, camera=camera.id, width=width, height=height, fps=f"{fps:g}", pixel_format=pixel_format)
    refused = [
        f"{key} {wanted}"
        for key, wanted, given in (
            ("pixel_format", camera.pixel_format, pixel_format),
            ("width", camera.width, width),
            ("height", camera.height, height),
            ("fps", camera.fps, fps),
        )
        if wanted is not None and wanted != given
    ]
    if refused:
        tell(Event.CAMERA_DIFFERS, camera=camera.id, reason=", ".join(refused))


def wants_half(capture: Capture) -> bool:
    """Tell whether a camera gives JPEGs that are best decoded at half their size."""
    large = capture.get(cv2.CAP_PROP_FRAME_WIDTH) >= 2 * FULL_WIDTH
    large = large and capture.get(cv2.CAP_PROP_FRAME_HEIGHT) >= 2 * FULL_HEIGHT
    return large and _fourcc_text(int(capture.get(cv2.CAP_PROP_FOURCC))) == "MJPG"


class HalvedJpegs(Capture):
    """A JPEG camera whose pictures are decoded at half their width and height."""

    def __init__(self, capture: OpenCVCapture) -> None:
        """Take over an opened capture."""
        self._capture = capture
        self._is_raw = capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)

    def grab(self) -> bool:
        """See `Capture`."""
        return self._capture.grab()

    def retrieve(self) -> NDArray[np.uint8] | None:
        """See `Capture`."""
        return halved(self._capture.raw()) if self._is_raw else self._capture.retrieve()

    def get(self, prop: int) -> float:
        """See `Capture`."""
        return self._capture.get(prop)

    def set(self, prop: int, value: float) -> bool:
        """See `Capture`."""
        return self._capture.set(prop, value)

    def close(self) -> None:
        """See `Capture`."""
        self._capture.close()


def halved(encoded: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """Decode a JPEG, in an array of any shape, at half its size; None if it is damaged."""
    if encoded is None or encoded.size == 0:
        return None
    try:
        return as_bgr(cv2.imdecode(encoded.reshape(-1), cv2.IMREAD_REDUCED_COLOR_2))
    except cv2.error:
        return None


def _fourcc_text(code: int) -> str:
    text = code.to_bytes(4, "little", signed=code < 0).decode("ascii", errors="replace")
    return text if text.isprintable() else "an unnamed format"
