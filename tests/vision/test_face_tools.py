"""The tools that measure face models: how near int8 is to float, how small a face may be, and what is false."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edged.vision.measure import Found, Truth
from tools.faces.measure import closeness
from tools.faces.views import inside, region, tiles


def found(*boxes: tuple[float, float, float, float]) -> Found:
    return Found(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.9, np.float32))


def truth(*boxes: tuple[float, float, float, float]) -> Truth:
    return Truth(np.array(boxes, np.float32).reshape(-1, 4), np.zeros(len(boxes), np.bool_))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["retinaface"], 64, "retinaface: no such model; there are centerface-WxH"),
        (["centerface"], 64, "centerface: no such model"),
        (["centerface-300x200"], 64, "multiples of 32"),
        (["--data", "/nowhere"], 66, "/nowhere/faces/calibration.json: there is no such file"),
    ],
)
def test_model_that_cannot_be_made_is_said_at_once(
    arguments: list[str], code: int, said: str, repository: Path
) -> None:
    """In one sentence, before any environment is made."""
    command = [sys.executable, str(repository / "tools" / "faces" / "make"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_closeness_pairs_each_face_once() -> None:
    """Of the original's two faces one is found, at a known overlap, and one face is new."""
    ours, theirs = found((0, 0, 10, 10), (50, 50, 60, 60)), found((0, 0, 10, 8), (80, 80, 90, 90))
    assert closeness([ours], [theirs]) == {"iou": 0.8, "kept": 0.5, "extra": 0.5}


def test_closeness_to_nothing_is_no_figure() -> None:
    """An original that finds nothing can't be kept."""
    assert all(math.isnan(value) for value in closeness([found()], [found()]).values())


def test_tiles_cover_the_picture_and_overlap() -> None:
    """Each pixel is in a tile, and neighbours share a fifth of a tile."""
    parts = tiles(900, 450)
    assert {part[:2] for part in parts} == {(0, 0), (400, 0), (0, 200), (400, 200)}
    assert all(right - left == 500 and bottom - top == 250 for left, top, right, bottom in parts)


def test_region_lies_around_the_faces_and_within_the_picture() -> None:
    """Half as wide and high; a face that its border cuts is neither counted nor punished."""
    faces = truth((90, 45, 120, 75), (150, 60, 180, 100))
    part = region(faces, 200, 100)
    assert part == (85, 45, 185, 95)
    assert inside(faces, part).invalid.tolist() == [False, True]
    assert region(truth((0, 0, 5, 5)), 200, 100) is None
