"""Real videos: how many visits are counted, against a count by eye.

Rules of the count by eye: one visit for each person whose face is seen from the front or half turned for a second or
more. Left out are clips in which that can't be said of everybody: store-aisle-detection (shoppers in profile) and
short_hamilton_clip (cuts between several cameras).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from edged.config.model import Visits
from edged.errors import InputError
from edged.vision.card import load_cards
from edged.vision.head import orientation
from edged.vision.runtime import Model, choose_runtime
from edged.vision.sighting import Box, Sighting
from edged.vision.vision import Detector, choose_face_card

from .table import new_book

SAMPLE = Path(__file__).parents[1] / "sample" / "sample.mp4"

BY_EYE = {
    # White hair, red hair, boy in blue, the woman crossing close by; behind them a woman in red, a stout man hidden
    # for 1.2 s, a bald man, a woman telephoning, a man with glasses. Not counted: a man who leaves after 0.2 s at the
    # right edge, a bald man in profile.
    "walkers.mp4": 9,
    "face-demographics-walking-and-pause.gif": 3,
    "face-demographics-walking.gif": 2,
    "head-pose-face-detection-female-and-male.gif": 2,
    "one-by-one-person-detection.mp4": 0,  # backs of heads and profiles
}
BY_CONSTRUCTION = {"sample.mp4": 12}
"""Written by make_sample.py, in truth.json beside it."""


def measure(folder: Path, settings: Visits, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Return the figures of the sample video and of those clips that are in `folder`. Raises InputError, ModelError."""
    paths = [SAMPLE, *(path for name in BY_EYE if (path := folder / name).exists())]
    clips = {}
    for number, path in enumerate(paths, 1):
        true, counted = (BY_EYE | BY_CONSTRUCTION)[path.name], count(path, settings)
        clips[path.name] = {
            "visits": true,
            "counted": counted,
            "count_error": abs(counted - true) / true if true else float("nan"),
        }
        progress(number, len(paths))
    return clips


def count(path: Path, settings: Visits) -> int:
    """Return how many visits the book counts in a video, every frame looked at."""
    book = new_book(settings)
    visits = sum(len(book.observe(now, sightings)) for now, sightings in watch(path))
    return visits + len(book.close())


def watch(path: Path) -> Iterator[tuple[float, list[Sighting]]]:
    """Yield the time of each frame and the faces in it, found as on a device; emotions are left out."""
    video = cv2.VideoCapture(str(path))
    width, height = (int(video.get(which)) for which in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    fps = video.get(cv2.CAP_PROP_FPS)
    if not video.isOpened() or fps <= 0:
        raise InputError(f"{path}: not a video that can be read")
    card = choose_face_card(load_cards(), "auto", width, height)
    detector = Detector(card, Model(card, choose_runtime("auto")), width, height)
    number = 0
    while True:
        whole, picture = video.read()
        if not whole:
            video.release()
            return
        detector.load(picture)  # type: ignore[arg-type]
        detector.model.invoke()
        yield number / fps, list(_sightings(detector, width, height))
        number += 1


def _sightings(detector: Detector, width: int, height: int) -> Iterator[Sighting]:
    faces = detector.faces()
    for i in range(len(faces)):
        left, top, right, bottom = faces.boxes[i].tolist()
        yaw, roll = (None, None) if faces.points is None else orientation(faces.points[i])
        box = Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
        yield Sighting(box, float(faces.scores[i]), bottom - top, yaw, roll, None)
