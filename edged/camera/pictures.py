"""A folder of pictures, played as if a slow camera had taken them.

Rules:
  - Pictures come in the order of their file names, and the list is taken once, at the beginning.
  - A file that is named like a picture and isn't one is an InputError: somebody chose these files.
"""

from pathlib import Path
from typing import Final

from edged.camera.frame import Frame, FrameSource
from edged.camera.still import decode_still
from edged.errors import MissingInputError

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
DEFAULT_FPS: Final = 1.0


class Pictures(FrameSource):
    """A folder, or a single picture file."""

    live = False

    def __init__(
        self, camera: str, path: Path, *, fps: float | None = None, loop: bool = False, base: float = 0.0
    ) -> None:
        """List the pictures. Raises MissingInputError if there are none."""
        self._camera = camera
        self._paths = sorted(pictures_in(path)) if path.is_dir() else [path]
        if not self._paths:
            raise MissingInputError(
                f"camera {camera!r}: the folder {path} holds no pictures: put in {', '.join(sorted(SUFFIXES))} files"
            )
        self._period = 1.0 / (fps or DEFAULT_FPS)
        self._loop = loop
        self._base = base
        self._index = -1

    def grab(self) -> float | None:
        """Go to the next picture and return its time, or None after the last."""
        if not self._loop and self._index + 1 >= len(self._paths):
            return None
        self._index += 1
        return self._captured

    @property
    def _captured(self) -> float:
        return self._base + self._index * self._period

    def retrieve(self) -> Frame | None:
        """Decode the picture. Raises MissingInputError if it is gone, InputError if it isn't a picture."""
        path = self._paths[self._index % len(self._paths)]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise MissingInputError(f"camera {self._camera!r}: {path} can't be read: {error.strerror}") from error
        pixels = decode_still(content, f"camera {self._camera!r}: {path}", largest=None).pixels
        return Frame(self._camera, self._captured, pixels)

    def close(self) -> None:
        """Nothing is held open between pictures."""


def pictures_in(folder: Path) -> list[Path]:
    """Return the files in a folder that are named like pictures."""
    return [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
