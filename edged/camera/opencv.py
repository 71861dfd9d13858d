"""The one door to `cv2.VideoCapture`: set up once, quiet, typed, and never raising what OpenCV raises.

Rules:
  - OpenCV and FFmpeg write nothing to standard error: their lines name URLs with passwords. What matters comes back
    as a return value and is said in our own words.
  - FFmpeg decodes in one thread. Measured on a 640×480 H.264 file, more threads cost 10 to 20 % more CPU time per
    frame and 3 MB more memory each; a device that runs models has no idle core to win time with.
  - Every wait inside the library has an end: opening and reading a stream, and selecting on a V4L2 device.
"""

import os
from collections.abc import Sequence
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.camera.pixels import as_bgr

READ_TIMEOUT_S: Final = 5
"""A live camera that gives nothing for so long is lost. Half of the ten seconds in which that must show."""

# FFmpeg and the V4L2 backend read these when they are first used, which is later than this import. What the user has
# set stays. OpenCV's own log level is read when cv2 is loaded, which may have happened, hence the call.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(READ_TIMEOUT_S))
# OpenCV 5 has moved it.
getattr(cv2.utils, "logging", cv2).setLogLevel(0)

FFMPEG_PARAMETERS: Final = (cv2.CAP_PROP_N_THREADS, 1)


def stream_parameters(timeout_s: float) -> tuple[int, ...]:
    """Return the parameters of a stream whose opening and reading give up after `timeout_s`."""
    milliseconds = round(timeout_s * 1000)
    timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds)
    return (*FFMPEG_PARAMETERS, *timeouts)


class Capture(Protocol):
    """What the sources need of a capture device."""

    def grab(self) -> bool:
        """Go to the next picture; False when there is none."""

    def retrieve(self) -> NDArray[np.uint8] | None:
        """Return the grabbed picture as (H, W, 3) uint8 BGR, or None if it is damaged."""

    def get(self, prop: int) -> float:
        """Return a property (`cv2.CAP_PROP_…`); 0 when the device doesn't know it."""

    def set(self, prop: int, value: float) -> bool:
        """Ask for a property; False when the device refuses."""

    def close(self) -> None:
        """Free the device. Calling it twice does no harm."""


class OpenCVCapture:
    """`Capture` by OpenCV."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture

    def grab(self) -> bool:
        """See `Capture`."""
        try:
            return self._capture.grab()
        except cv2.error:
            return False

    def retrieve(self) -> NDArray[np.uint8] | None:
        """See `Capture`."""
        try:
            whole, picture = self._capture.retrieve()
        except cv2.error:
            return None
        return as_bgr(picture) if whole else None

    def raw(self) -> NDArray[np.uint8] | None:
        """Return the grabbed picture as the device gave it (after CAP_PROP_CONVERT_RGB was set to 0)."""
        try:
            whole, picture = self._capture.retrieve()
        except cv2.error:
            return None
        return np.asarray(picture, np.uint8) if whole else None

    def get(self, prop: int) -> float:
        """See `Capture`."""
        return self._capture.get(prop)

    def set(self, prop: int, value: float) -> bool:
        """See `Capture`."""
        return self._capture.set(prop, value)

    def close(self) -> None:
        """See `Capture`."""
        self._capture.release()


def open_capture(target: str, backend: int, parameters: Sequence[int] = ()) -> OpenCVCapture | None:
    """Open a device path, file or URL with one backend (`cv2.CAP_…`), or return None when that fails."""
    try:
        capture = cv2.VideoCapture(target, backend, parameters)
    except cv2.error:
        return None
    if capture.isOpened():
        return OpenCVCapture(capture)
    capture.release()
    return None
