"""What the camera hands on: one picture, when it was taken, and by which camera.

Rules:
  - `captured` is on the monotonic clock (or on the recording's own clock), so a clock step can't bend a duration.
  - The repr shows shape and time, never a pixel: a frame that slips into a log line tells nothing of who was in view.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Frame:
    """One picture."""

    camera: str
    """Id of the camera, as configured."""
    captured: float
    """Seconds on the monotonic clock; for a recording, seconds on a clock that its time stamps drive."""
    pixels: NDArray[np.uint8]
    """(height, width, 3) uint8, blue-green-red as OpenCV gives them."""

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"<Frame {width}×{height} of {self.camera!r} at {self.captured:.3f} s>"


class FrameSource(Protocol):
    """Anything that gives frames one after the other. One thread uses it at a time.

    Grabbing and retrieving are apart because most frames of a fast camera are never looked at: a grabbed frame costs
    what its decoder must do to keep up, a retrieved one also costs its conversion to blue-green-red.
    """

    live: bool
    """True: frames come when they happen. False: a recording, whose time stamps say when they happened."""

    def grab(self) -> float | None:
        """Go to the next frame and return when it was captured, or None at the end of a recording.

        Blocks until there is one. Raises CameraError when the camera is lost (open a new source to try again),
        InputError or MissingInputError when a file is gone or holds something that isn't pictures.
        """

    def retrieve(self) -> Frame | None:
        """Return the frame that `grab` went to, or None if it arrived damaged: then the next one may be whole.

        Raises CameraError when so many were damaged that the camera counts as lost, InputError as `grab` does.
        """

    def close(self) -> None:
        """Free the device. Calling it twice does no harm."""

    def read(self) -> Frame | None:
        """Return the next whole frame, or None at the end of a recording that isn't looped. Raises as `grab` does."""
        while self.grab() is not None:
            if (frame := self.retrieve()) is not None:
                return frame
        return None
