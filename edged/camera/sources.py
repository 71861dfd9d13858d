"""Opens what a `[[cameras]]` table names: the one place that decides which kind of source it is."""

import os
from pathlib import Path

from edged.camera import picamera, pictures, recording, stream, v4l2
from edged.camera.asked import Asked
from edged.camera.frame import FrameSource
from edged.camera.redact import is_url
from edged.errors import ConfigError, InputError, MissingInputError


def open_source(camera: Asked, *, base: float = 0.0) -> FrameSource:
    """Open a camera or recording; a recording's capture times begin at `base` seconds.

    Raises CameraError for a camera that isn't there now, and a HumanError for what only a person can mend: a file that
    is missing or no video, a folder without pictures, a source that edged doesn't know, picamera2 not installed.
    """
    source = str(camera.source)
    if (path := path_of(camera)) is not None:
        return _open_files(camera, path, base)
    if is_url(source):
        return stream.open_stream(camera)
    if source.startswith(picamera.PREFIX):
        return picamera.PiCamera.open(camera)
    if source.startswith("-"):
        raise ConfigError(f"camera {camera.id!r}: there is no camera number {source}: numbers begin at 0")
    return v4l2.open_v4l2(camera)


def path_of(camera: Asked) -> Path | None:
    """Return the file or folder that a source names; None: it is a camera."""
    source = str(camera.source)
    path = Path(source).expanduser()
    if source.removeprefix("-").isdecimal() or is_url(source) or source.startswith(picamera.PREFIX):
        return None
    # /dev/shm is a folder like any other, hence the second half.
    if source.startswith("/dev/") and not (path.is_file() or path.is_dir()):
        return None
    return path


def _open_files(camera: Asked, path: Path, base: float) -> FrameSource:
    # os.access, unlike Path.exists, answers for a file in a folder that may not be entered, too.
    if not os.access(path, os.F_OK):
        raise MissingInputError(f"camera {camera.id!r}: there is no file or folder {path}: check its source")
    if not os.access(path, os.R_OK):
        raise MissingInputError(f"camera {camera.id!r}: {path} may not be read: give edged's user the right to")
    if path.is_dir() or path.suffix.lower() in pictures.SUFFIXES:
        return pictures.Pictures(camera.id, path, fps=camera.fps, loop=camera.loop, base=base)
    if not path.is_file():
        raise InputError(f"camera {camera.id!r}: {path} is neither a file nor a folder: check its source")
    return recording.Recording(camera.id, path, loop=camera.loop, base=base)
