"""USB and other V4L2 cameras, by number or /dev path.

Rules:
  - Size, rate and pixel format are asked for and read back: drivers round them silently, so the log says what it is.
  - A device that isn't there is a CameraError, not the user's mistake: it may be plugged in again.
"""

import os
from pathlib import Path

import cv2

from edged.camera.asked import Asked
from edged.camera.live import LiveCamera
from edged.camera.opencv import Capture, open_capture
from edged.errors import CameraError
from edged.events import Event, tell


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
    capture = open_capture(str(path), cv2.CAP_V4L2)
    if capture is None:
        raise CameraError(
            f"camera {camera.id!r}: {path} can't be opened as a camera: "
            "does another program hold it, or is it one of the nodes that carry no pictures?"
        )
    ask(capture, camera)
    return LiveCamera(camera.id, str(path), capture)


def ask(capture: Capture, camera: Asked) -> None:
    """Ask for what is configured, and log what the driver made of it."""
    # The format first: drivers list sizes and rates by format.
    if camera.pixel_format is not None:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*camera.pixel_format))
    if camera.width is not None and camera.height is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, camera.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.height)
    if camera.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, camera.fps)
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


def _fourcc_text(code: int) -> str:
    text = code.to_bytes(4, "little", signed=code < 0).decode("ascii", errors="replace")
    return text if text.isprintable() else "an unnamed format"
