"""Non-maximum suppression: of boxes that mean the same face, the best scored stays."""

import numpy as np
from numpy.typing import NDArray


def nms(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return (indices of the k boxes that stay, best first; weights (k, n) of the boxes that each stands for).

    Greedy: a box goes when it shares more than `iou` (intersection over union) with a better one that stays, which then
    stands for it. Equal scores keep their order. Weights are shares of score that sum to one in each row: multiplied
    with the boxes they give MediaPipe's weighted suppression (non_max_suppression_calculator).

    `boxes` is (n, 4) left, top, right, bottom in any unit; `scores` is (n,). The overlaps of all pairs are computed in
    one go: n is at most a few hundred, and numpy's cost per call outweighs its cost per pair.
    """
    order = np.argsort(-scores, kind="stable")
    overlap = ious(boxes[order], boxes[order]) > iou
    np.fill_diagonal(overlap, val=True)  # a box without extent still stands for itself
    alive = np.ones(len(order), np.bool_)
    kept: list[int] = []
    groups: list[NDArray[np.bool_]] = []
    for i in range(len(order)):
        if alive[i]:
            group = overlap[i] & alive
            alive &= ~group
            kept.append(i)
            groups.append(group)
    weights = np.zeros((len(kept), len(order)), np.float32)
    weights[:, order] = np.array(groups).reshape(len(kept), len(order)) * scores[order]
    return order[kept], weights / weights.sum(1, keepdims=True)


def ious(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return intersection over union of each of `a` (n, 4) with each of `b` (m, 4), as (n, m); 0 for empty boxes."""
    left_top = np.maximum(a[:, None, :2], b[None, :, :2])
    right_bottom = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(right_bottom - left_top, 0)
    shared = sides[..., 0] * sides[..., 1]
    areas_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    areas_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    union = areas_a[:, None] + areas_b[None, :] - shared
    found: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return found
