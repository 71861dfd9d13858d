"""A video file, frame after frame, stamped by its own clock.

Rules:
  - It is opened and its first frame is grabbed at once: what isn't a video is refused before anything else begins.
  - It ends at its last good frame. A single frame that can't be decoded is skipped, not taken for the end.
  - For a loop the file is opened anew: seeking isn't reliable in every container, opening is.
"""

import math
from pathlib import Path
from typing import Final

import cv2

from edged.camera.frame import Frame, FrameSource
from edged.camera.opencv import FFMPEG_PARAMETERS, Capture, open_capture
from edged.camera.stamps import Stamps
from edged.errors import InputError, MissingInputError

_GRAB_ATTEMPTS: Final = 16
"""FFmpeg reports a packet that can't be decoded as it reports the end; at the end further grabs cost nothing."""

_DEFAULT_FPS: Final = 25.0


class Recording(FrameSource):
    """An opened video file."""

    live = False

    def __init__(self, camera: str, path: Path, *, loop: bool = False, base: float = 0.0) -> None:
        """Open the file; capture times begin at `base` seconds. Raises InputError, MissingInputError."""
        self._camera = camera
        self._path = path
        self._loop = loop
        self._capture = self._open()
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._stamps = Stamps(base, 1.0 / (fps if 0.0 < fps <= 1000.0 else _DEFAULT_FPS))
        self._captured = base
        self._first_is_grabbed = True

    def _open(self) -> Capture:
        try:
            size = self._path.stat().st_size
        except OSError as error:
            raise MissingInputError(f"camera {self._camera!r}: {self._path} can't be read: {error.strerror}") from error
        if size == 0:
            raise InputError(f"camera {self._camera!r}: {self._path} is empty: record it again")
        # An absolute path, for FFmpeg takes what stands before a colon for a protocol.
        capture = open_capture(str(self._path.absolute()), cv2.CAP_FFMPEG, FFMPEG_PARAMETERS)
        if capture is None or not _advance(capture):
            if capture is not None:
                capture.close()
            raise InputError(
                f"camera {self._camera!r}: {self._path} is not a video that can be played: "
                "it is of another type, cut short or damaged"
            )
        return capture

    def grab(self) -> float | None:
        """Go to the next frame and return the base plus its time stamp, or None at the end."""
        if self._first_is_grabbed:
            self._first_is_grabbed = False
        elif not _advance(self._capture):
            if not self._loop:
                return None
            self._capture.close()
            self._capture = self._open()
            self._stamps.begin_again()
        milliseconds = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        self._captured = self._stamps.place(milliseconds / 1000.0 if math.isfinite(milliseconds) else math.nan)
        return self._captured

    def retrieve(self) -> Frame | None:
        """Return the grabbed frame, or None if it can't be decoded."""
        pixels = self._capture.retrieve()
        return None if pixels is None else Frame(self._camera, self._captured, pixels)

    def close(self) -> None:
        """Close the file."""
        self._capture.close()


def _advance(capture: Capture) -> bool:
    return any(capture.grab() for _ in range(_GRAB_ATTEMPTS))
