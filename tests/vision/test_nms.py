"""Non-maximum suppression against the obvious way of writing it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edged.vision.faces import Faces, suppress
from edged.vision.nms import ious, nms

Boxes = list[tuple[int, int, int, int]]
BOXES = st.lists(st.tuples(*[st.integers(0, 20)] * 4), max_size=25)


def as_arrays(boxes: Boxes, scores: list[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    corners = [(x, y, x + w, y + h) for x, y, w, h in boxes]
    return np.array(corners, np.float32).reshape(-1, 4), np.array(scores, np.float32) / np.float32(10)


def naive_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = float(width * height)
    return shared / float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def naive_nms(boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float) -> list[int]:
    waiting = sorted(range(len(scores)), key=lambda i: -scores[i])
    kept: list[int] = []
    while waiting:
        best = waiting.pop(0)
        kept.append(best)
        waiting = [i for i in waiting if naive_iou(boxes[best], boxes[i]) <= iou]
    return kept


@settings(max_examples=200, deadline=None)
@given(boxes=BOXES, data=st.data(), iou=st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_same_boxes_stay_as_in_the_naive_version(boxes: Boxes, data: st.DataObject, iou: float) -> None:
    scores = data.draw(st.lists(st.integers(1, 9), min_size=len(boxes), max_size=len(boxes)))
    corners, values = as_arrays(boxes, scores)
    kept, weights = nms(corners, values, iou)
    assert kept.tolist() == naive_nms(corners, values, iou)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    # Every box is stood for exactly once, and nobody else's.
    assert ((weights > 0).sum(0) == 1).all()


@settings(max_examples=100, deadline=None)
@given(first=BOXES, second=BOXES)
def test_overlaps_are_those_of_the_naive_version(first: Boxes, second: Boxes) -> None:
    a, _ = as_arrays(first, [1] * len(first))
    b, _ = as_arrays(second, [1] * len(second))
    expected = [[naive_iou(one, other) for other in b] for one in a]
    np.testing.assert_allclose(ious(a, b), np.array(expected).reshape(len(a), len(b)), rtol=1e-5)


def test_weighted_face_is_the_mean_of_its_boxes_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]], np.float32)
    points = np.array([[[1, 1]], [[4, 1]], [[55, 55]]], np.float32)
    faces = suppress(Faces(boxes, np.array([0.9, 0.6, 0.7], np.float32), points), 0.3, weighted=True)
    np.testing.assert_allclose(faces.boxes, [[0.8, 0.0, 10.8, 10.0], [50.0, 50.0, 60.0, 60.0]], rtol=1e-5)
    np.testing.assert_allclose(faces.scores, [0.9, 0.7])
    assert faces.points is not None
    np.testing.assert_allclose(faces.points, [[[2.2, 1.0]], [[55.0, 55.0]]], rtol=1e-5)
