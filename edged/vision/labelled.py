"""Labelled pictures: faces with boxes, and faces with what raters saw in them. What tools/evaluate measures on.

Rules:
  - A data set that isn't laid out as expected is refused in one sentence; a number that makes no sense is never used.
  - A face has a share of the votes for each of the eight emotions. Votes for "unknown" and "not a face" are dropped,
    and so are pictures without any other.
  - Pictures are read one at a time; none is kept.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.errors import InputError, MissingInputError
from edged.vision.letterbox import Picture
from edged.vision.measure import Truth
from edged.words import EMOTIONS

MOST_PX: Final = 1e6
"""No picture is larger; nor is a number that is none."""

ALIASES: Final = {
    "afraid": "fear", "angry": "anger", "contemptuous": "contempt", "disgusted": "disgust", "fearful": "fear",
    "happy": "happiness", "sad": "sadness", "surprised": "surprise",
}  # fmt: skip
"""Names that folders of other data sets have."""


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One picture of one face."""

    picture: Picture
    """(h, w, 3) blue-green-red."""
    shares: tuple[float, ...]
    """Share of the raters' votes for each of the eight emotions."""


def read_annotations(path: Path) -> list[tuple[Path, Truth]]:
    """Return (picture, its faces) for each entry of an annotations file. Raises MissingInputError, InputError."""
    try:
        entries = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise MissingInputError(f"{path}: there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a readable JSON file: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path}: expected a list of pictures with their faces")
    return [_entry(path, number, entry) for number, entry in enumerate(entries, 1)]


def _entry(path: Path, number: int, entry: Any) -> tuple[Path, Truth]:
    expected = f"{path}: expected [{{file, faces: [{{x, y, w, h, invalid}}]}}], but entry {number}"
    try:
        return path.parent / entry["file"], _truth(entry["faces"])
    except KeyError as error:
        raise InputError(f"{expected} has no {error}") from None
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise InputError(f"{expected} isn't laid out so") from None


def _truth(annotated: list[dict[str, float]]) -> Truth:
    rows = [[face["x"], face["y"], face["w"], face["h"], face.get("invalid", 0)] for face in annotated]
    numbers = np.array(rows, np.float64).reshape(-1, 5)
    places, sizes, invalid = numbers[:, :2], numbers[:, 2:4], numbers[:, 4]
    if not (np.abs(numbers) < MOST_PX).all() or (sizes < 0).any():
        raise ValueError("a face that can't be")
    return Truth(np.concatenate((places, places + sizes), 1).astype(np.float32), invalid != 0)


def open_faces(data: Path) -> tuple[Iterator[LabelledFace], int]:
    """Return (faces one by one, how many at most). Raises MissingInputError, InputError."""
    if data.is_dir():
        return _folder_faces(data)
    if not data.exists():
        raise MissingInputError(f"{data}: there is no such file or folder")
    try:
        with np.load(data, allow_pickle=False) as arrays:
            images, votes = arrays["images"], arrays["votes"]
    except Exception as error:  # what a damaged archive makes NumPy, zipfile and zlib raise has no common root
        raise InputError(
            f"{data}: expected an .npz with images and votes, or a folder of class folders: {error}"
        ) from None
    pictures = (images.ndim == 3 or (images.ndim == 4 and images.shape[3] in {1, 3})) and 0 not in images.shape[1:]
    counts = votes.ndim == 2 and votes.shape[1] >= len(EMOTIONS) and votes.dtype.kind in "uif"
    if not pictures or images.dtype != np.uint8 or not counts or len(images) != len(votes):
        raise InputError(
            f"{data}: expected images uint8 (n, h, w), or (n, h, w, 3) in red-green-blue, and votes (n, 8 or more); "
            f"found images {images.dtype} {images.shape} and votes {votes.dtype} {votes.shape}"
        )
    votes = votes[:, : len(EMOTIONS)].astype(np.float64)
    if not np.isfinite(votes).all() or (votes < 0).any():
        raise InputError(f"{data}: votes holds numbers that are no counts: less than 0, infinite or not a number")
    if not votes.any():
        raise InputError(f"{data}: holds no picture with a vote for one of {', '.join(EMOTIONS)}")
    return _voted_faces(images, votes), len(images)


def _voted_faces(images: NDArray[np.uint8], votes: NDArray[np.float64]) -> Iterator[LabelledFace]:
    for image, row in zip(images, votes, strict=True):
        if row.sum() > 0:
            code = cv2.COLOR_RGB2BGR if image.shape[2:] == (3,) else cv2.COLOR_GRAY2BGR
            yield LabelledFace(cast(Picture, cv2.cvtColor(image, code)), tuple((row / row.sum()).tolist()))


def _folder_faces(folder: Path) -> tuple[Iterator[LabelledFace], int]:
    found: list[tuple[Path, str]] = []
    for sub in sorted(path for path in folder.iterdir() if path.is_dir() and _counts(path)):
        name = sub.name.strip().lower()
        word = ALIASES.get(name, name)
        if word not in EMOTIONS:
            raise InputError(f"{sub}: no emotion is called {sub.name!r}; folders are named {', '.join(EMOTIONS)}")
        found += [(path, word) for path in sorted(sub.iterdir()) if not path.is_dir() and _counts(path)]
    if not found:
        raise InputError(f"{folder}: holds no pictures in folders named {', '.join(EMOTIONS)}")
    return (LabelledFace(read_picture(path), _all_for(word)) for path, word in found), len(found)


def _counts(path: Path) -> bool:
    """Say whether a person put it there, and not the machine."""
    return not path.name.startswith(".") and path.name not in {"Thumbs.db", "desktop.ini"}


def _all_for(word: str) -> tuple[float, ...]:
    return tuple(1.0 if other == word else 0.0 for other in EMOTIONS)


def read_picture(path: Path) -> Picture:
    """Return a picture, (h, w, 3) blue-green-red. Raises MissingInputError, InputError."""
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except FileNotFoundError:
        raise MissingInputError(f"{path}: the picture is missing") from None
    except (OSError, ValueError) as error:  # ValueError: a name that can't be one
        raise MissingInputError(f"{path}: the picture can't be read: {error}") from None
    try:
        picture = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except cv2.error:  # an empty file, or more pixels than OpenCV takes
        picture = None
    if picture is None:
        raise InputError(f"{path}: not a picture that can be read")
    return cast(Picture, picture)
