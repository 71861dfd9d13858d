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

_MOST_FRAMES: Final = 1e9
"""A larger count is a broken header."""
_FEW_FRAMES, _FEW = 5, 0.02
"""Frames, or a share of all, that may be missing at the end of a sound file: edit lists and B-frames hide some."""


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
        self.fps = fps if 0.0 < fps <= 1000.0 else _DEFAULT_FPS
        """Frames per second: the mean rate that the file gives, or what is taken in its place."""
        self._stamps = Stamps(base, 1.0 / self.fps)
        self._base = base
        self._captured = base
        self._first_is_grabbed = True
        self._grabbed = 1
        self._announced = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)

    @property
    def length_s(self) -> float | None:
        """Seconds that the file announces; None when it doesn't."""
        return self._announced / self.fps if 0 < self._announced < _MOST_FRAMES else None

    @property
    def end_s(self) -> float:
        """Seconds from the beginning to the end of the picture it stands at."""
        return self._captured - self._base + 1.0 / self.fps

    @property
    def missing_s(self) -> float:
        """Once it has ended: seconds that the file announces and doesn't hold, 0 when there are none to speak of.

        Some containers count pictures, some only know their length, at a rate that need not be the true one, and some
        count it from before their first picture: nothing is missing as long as any has been reached, but for a few.
        """
        length = self.length_s
        if length is None:
            return 0.0
        few = max(_FEW_FRAMES, _FEW * self._announced)
        reached = max(self._grabbed, self.end_s * self.fps, self._capture.get(cv2.CAP_PROP_PTS) + 1)
        return length - self.end_s if reached + few < self._announced else 0.0

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
        elif _advance(self._capture):
            self._grabbed += 1
        else:
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
