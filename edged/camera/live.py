"""A live camera behind OpenCV: V4L2 devices and network streams are opened each in its way, and read in the same.

Rules:
  - A failed grab is tried again at once, for one corrupt packet is no lost camera; several in a row are.
  - A grab that took as long as the time-out is a lost camera even if it brought a picture. When a stream falls silent
    FFmpeg hands over, one after each time-out, the pictures that its decoder still held: they are old, and counting
    them as new would hide the stall.
  - A stream whose pictures come late is a lost camera too: opening it anew drops what waits in the connection.
  - A damaged picture is skipped; many in a row are CameraError, since opening anew is what mends a decoder.
"""

import time
from collections.abc import Callable
from typing import Final

import cv2

from edged.camera.frame import Frame, FrameSource
from edged.camera.lag import Lag
from edged.camera.opencv import READ_TIMEOUT_S, Capture
from edged.errors import CameraError, SilentCameraError

_GRAB_ATTEMPTS: Final = 8
_DAMAGED_LIMIT: Final = 50


class LiveCamera(FrameSource):
    """An opened camera."""

    live = True

    def __init__(
        self,
        camera: str,
        place: str,
        capture: Capture,
        *,
        timeout_s: float = READ_TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
        lag: Lag | None = None,
    ) -> None:
        """Take over an opened capture, whose grabs give up after `timeout_s`.

        `place` names it in errors, so it holds no password. `lag`: for a stream whose time stamps can be trusted.
        """
        self._camera = camera
        self._place = place
        self._capture = capture
        self._timeout_s = timeout_s
        self._clock = clock
        self._lag = lag
        self._captured = 0.0
        self._damaged = 0

    def grab(self) -> float:
        """Go to the next frame and return the monotonic time at which it was got."""
        began = self._clock()
        for _ in range(_GRAB_ATTEMPTS):
            grabbed = self._capture.grab()
            self._captured = self._clock()
            if self._captured - began >= self._timeout_s:
                raise SilentCameraError(
                    f"camera {self._camera!r} at {self._place} sends no more pictures: is it hanging?"
                )
            if grabbed:
                self._check_lag()
                return self._captured
        raise CameraError(f"camera {self._camera!r} at {self._place} is gone: is it plugged in and switched on?")

    def _check_lag(self) -> None:
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._lag is not None and self._lag.is_late(self._captured, stamp):
            raise CameraError(
                f"camera {self._camera!r} at {self._place} sends more than this device can decode, "
                "so its pictures come late: set it to a smaller picture or a lower rate"
            )

    def retrieve(self) -> Frame | None:
        """Return the grabbed frame, or None if it is damaged."""
        pixels = self._capture.retrieve()
        if pixels is not None:
            self._damaged = 0
            return Frame(self._camera, self._captured, pixels)
        self._damaged += 1
        if self._damaged >= _DAMAGED_LIMIT:
            raise CameraError(
                f"camera {self._camera!r} at {self._place} sends only damaged pictures: check cable and pixel format"
            )
        return None

    def close(self) -> None:
        """Free the device."""
        self._capture.close()
