"""What a V4L2 camera offers, and which of it to take. `choose` is pure; `offered` asks the driver.

Rules:
  - What is configured comes first: format, then size, then rate. What isn't is chosen: about 1280×720, at ten pictures
    a second or more, uncompressed if the cable carries that (a YUYV picture costs a fifth of a JPEG), else JPEG.
  - Nothing is asked of a camera that it doesn't list: drivers round silently, each in its way.
  - Exposure, focus, white balance and gain are left alone: the camera's own automatics know the room.

Source of the numbers: Linux, include/uapi/linux/videodev2.h.
"""

import fcntl
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edged.camera.asked import Asked

WANTED_WIDTH, WANTED_HEIGHT = 1280, 720
WANTED_FPS: Final = 10.0
_COSTS: Final = ("YUYV", "UYVY", "NV12", "YU12", "BGR3", "RGB3", "GREY", "MJPG")
"""Formats that OpenCV turns into blue-green-red, the cheap ones first. A JPEG costs most."""

_CAPTURE: Final = 1
_DISCRETE: Final = 1
_FORMAT: Final = struct.Struct("=3I32s2I3I")
_SIZE: Final = struct.Struct("=3I6I2I")
_INTERVAL: Final = struct.Struct("=5I6I2I")
_MOST: Final = 256
"""No camera lists more of anything; a driver that never says it is at the end isn't asked for ever."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way in which a camera gives pictures."""

    pixel_format: str
    """Four-character code."""
    width: int
    height: int
    fps: float


def choose(modes: Sequence[Mode], asked: Asked) -> Mode | None:
    """Return the mode that is nearest to what is asked for, or None if the camera lists none that can be used."""
    usable = [mode for mode in modes if mode.pixel_format in _COSTS or mode.pixel_format == asked.pixel_format]
    width, height = asked.width or WANTED_WIDTH, asked.height or WANTED_HEIGHT
    fps = asked.fps or WANTED_FPS

    def distance(mode: Mode) -> tuple[float, ...]:
        # What jitters around the rate is no shortfall.
        shortfall = max(fps - mode.fps - 0.1, 0.0)
        return (
            asked.pixel_format not in {None, mode.pixel_format},
            abs(mode.width - width) + abs(mode.height - height),
            shortfall,
            abs(mode.fps - asked.fps) if asked.fps else 0.0,
            _COSTS.index(mode.pixel_format) if mode.pixel_format in _COSTS else 0,
            mode.fps,
        )

    return min(usable, key=distance, default=None)


def offered(device: Path) -> list[Mode]:
    """Return what a device lists; nothing if it lists nothing, or doesn't answer."""
    try:
        with _opened(device) as descriptor:
            return [
                Mode(_text(code), width, height, fps)
                for code in _formats(descriptor)
                for width, height in _sizes(descriptor, code)
                for fps in _rates(descriptor, code, width, height)
            ]
    except OSError:
        return []


@contextmanager
def _opened(device: Path) -> Iterator[int]:
    descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _formats(descriptor: int) -> Iterator[int]:
    for _, _, _, _, code, *_ in _listed(descriptor, 2, _FORMAT, (_CAPTURE, 0, b"", *(0,) * 5)):
        yield code


def _sizes(descriptor: int, code: int) -> Iterator[tuple[int, int]]:
    for _, _, kind, *size in _listed(descriptor, 74, _SIZE, (code, *(0,) * 9)):
        if kind == _DISCRETE:
            yield size[0], size[1]
        else:
            # Any size between two, by steps: the wanted one, or the end that is nearest.
            yield _within(WANTED_WIDTH, *size[:3]), _within(WANTED_HEIGHT, *size[3:6])
            return


def _rates(descriptor: int, code: int, width: int, height: int) -> Iterator[float]:
    for _, _, _, _, kind, numerator, denominator, *_ in _listed(
        descriptor, 75, _INTERVAL, (code, width, height, *(0,) * 9)
    ):
        if numerator:
            yield denominator / numerator
        if kind != _DISCRETE:
            return


def _listed(descriptor: int, number: int, layout: struct.Struct, rest: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Ask for the first, the second … until the driver has no more (EINVAL)."""
    request = 3 << 30 | layout.size << 16 | ord("V") << 8 | number
    for index in range(_MOST):
        try:
            yield layout.unpack(fcntl.ioctl(descriptor, request, layout.pack(index, *rest)))
        except OSError:
            return


def _within(wanted: int, least: int, most: int, step: int) -> int:
    return max(least, min(most, least + (wanted - least) // max(step, 1) * max(step, 1)))


def _text(code: int) -> str:
    return code.to_bytes(4, "little").decode("ascii", errors="replace")
