"""Detector outputs made by hand, and the boxes and landmarks that the papers' formulas give for them."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edged.vision.blazeface import BlazeFaceDecoder, anchor_centres
from edged.vision.card import FaceCard
from edged.vision.centerface import CenterFaceDecoder
from edged.vision.faces import MOST_CANDIDATES, candidates
from edged.vision.runtime import Tensor
from edged.vision.ssd import SsdDecoder


def face_card(layout: str, roles: tuple[str, ...], width: int, height: int, **more: Any) -> FaceCard:
    output = {"layout": layout, "tensors": {role: role for role in roles}, "threshold": 0.5, "nms_iou": 0.3, **more}
    origin = dict.fromkeys(("title", "authors", "source", "licence", "training_data"), "-")
    made = {"command": "-", "tools": "-", "calibration": "-", "date": "2026-01-01"}
    picture = {"width": width, "height": height, "colour": "rgb", "mean": 0.0, "std": 1.0, "fit": "letterbox"}
    return FaceCard.model_validate(
        {"name": "hand", "task": "face", "summary": "-", "file": "hand.tflite", "sha256": "0" * 64, "version": "0"}
        | {"input": picture, "output": output, "origin": origin, "made": made}
    )


def stored(values: NDArray[np.float64], scale: float, zero_point: int) -> Tensor:
    """Quantise as a TFLite tensor does."""
    steps = np.clip(np.rint(values / scale) + zero_point, -128, 127).astype(np.int8)
    return Tensor(steps[None], scale, zero_point)


def as_float(values: NDArray[np.float64]) -> Tensor:
    return Tensor(values[None].astype(np.float32), 1.0, 0)


def centerface_maps() -> dict[str, NDArray[np.float64]]:
    """A canvas of 64 × 32 px: 8 rows and 16 columns of cells."""
    maps = {name: np.zeros((8, 16, n)) for name, n in (("heatmap", 1), ("scale", 2), ("offset", 2), ("landmarks", 10))}
    maps["heatmap"][3, 5] = 0.75
    maps["scale"][3, 5] = math.log(20 / 4), math.log(12 / 4)
    maps["offset"][3, 5] = 0.25, -0.5
    maps["landmarks"][3, 5] = 0.25, 0.25, 0.25, 0.75, 0.5, 0.5, 0.75, 0.25, 0.75, 0.75
    return maps


def test_centerface_cell_becomes_box_and_landmarks() -> None:
    maps = {role: as_float(values) for role, values in centerface_maps().items()}
    faces = CenterFaceDecoder(face_card("centerface", tuple(maps), 64, 32), 0.5)(maps)
    # Centre x = (5 - 0.5 + 0.5) * 4 = 20, y = (3 + 0.25 + 0.5) * 4 = 15; 12 wide, 20 high.
    np.testing.assert_allclose(faces.boxes, [[14, 5, 26, 25]], rtol=1e-5)
    np.testing.assert_allclose(faces.scores, [0.75])
    assert faces.points is not None
    np.testing.assert_allclose(faces.points, [[[17, 10], [23, 10], [20, 15], [17, 20], [23, 20]]], rtol=1e-5)


def test_centerface_stored_as_int8_is_read_within_its_steps() -> None:
    maps = centerface_maps()
    scales = {"heatmap": (1 / 256, -128), "scale": (0.02, -128), "offset": (0.01, 0), "landmarks": (0.01, -50)}
    outputs = {role: stored(maps[role], *scales[role]) for role in maps}
    faces = CenterFaceDecoder(face_card("centerface", tuple(maps), 64, 32), 0.5)(outputs)
    np.testing.assert_allclose(faces.boxes, [[14, 5, 26, 25]], atol=0.3)


def test_centerface_neighbouring_cells_of_one_face_give_one() -> None:
    maps = centerface_maps()
    for role in ("scale", "landmarks"):
        maps[role][3, 6] = maps[role][3, 5]
    maps["heatmap"][3, 6] = 0.7
    outputs = {role: as_float(values) for role, values in maps.items()}
    assert len(CenterFaceDecoder(face_card("centerface", tuple(maps), 64, 32), 0.5)(outputs)) == 1


def test_centerface_below_the_threshold_finds_nothing() -> None:
    outputs = {role: as_float(values) for role, values in centerface_maps().items()}
    assert len(CenterFaceDecoder(face_card("centerface", tuple(outputs), 64, 32), 0.8)(outputs)) == 0


def test_faces_come_best_first() -> None:
    maps = centerface_maps()
    maps["heatmap"][1, 14] = 0.9
    outputs = {role: as_float(values) for role, values in maps.items()}
    faces = CenterFaceDecoder(face_card("centerface", tuple(maps), 64, 32), 0.5)(outputs)
    np.testing.assert_allclose(faces.scores, [0.9, 0.75])


def test_anchors_are_the_middles_of_cells_row_by_row() -> None:
    centres = anchor_centres(16, 8, [[4, 1], [8, 2]])
    assert centres[:5].tolist() == [[2, 2], [6, 2], [10, 2], [14, 2], [2, 6]]
    assert centres[8:].tolist() == [[4, 4], [4, 4], [12, 4], [12, 4]]


def test_anchors_are_as_many_as_mediapipes() -> None:
    assert len(anchor_centres(192, 192, [[4, 1]])) == 2304
    assert len(anchor_centres(128, 128, [[8, 2], [16, 6]])) == 896


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("scored", ["logits", "scores"])
def test_blazeface_row_becomes_box_and_keypoints(whole: bool, scored: str) -> None:
    rows = np.zeros((8, 16))
    rows[5] = [1, -2, 10, 20, *range(-6, 6)]  # anchor 5 is the second cell of the second row: middle (6, 6)
    score = np.full((8, 1), -9.0)
    score[5] = 2.0
    outputs = {scored: as_float(score if scored == "logits" else 1 / (1 + np.exp(-score)))}
    if whole:
        outputs["boxes"] = as_float(rows)
    else:
        outputs |= {"xy": as_float(rows[:, :2]), "wh": as_float(rows[:, 2:4]), "keypoints": as_float(rows[:, 4:])}
    card = face_card("blazeface", tuple(outputs), 16, 8, anchors=[[4, 1]], nms_weighted=True)
    faces = BlazeFaceDecoder(card, 0.5)(outputs)
    np.testing.assert_allclose(faces.boxes, [[2, -6, 12, 14]])
    np.testing.assert_allclose(faces.scores, [1 / (1 + math.exp(-2))], rtol=1e-6)
    assert faces.points is not None
    np.testing.assert_allclose(faces.points, [[[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]])


def test_blazeface_sure_of_nothing_finds_nothing() -> None:
    outputs = {"logits": as_float(np.full((8, 1), -0.1)), "boxes": as_float(np.zeros((8, 16)))}
    card = face_card("blazeface", tuple(outputs), 16, 8, anchors=[[4, 1]])
    assert len(BlazeFaceDecoder(card, 0.5)(outputs)) == 0


def ssd_outputs(boxes: list[list[float]], scores: list[float], count: int) -> dict[str, Tensor]:
    return {
        "boxes": as_float(np.array(boxes)),
        "classes": as_float(np.zeros(len(scores))),
        "scores": as_float(np.array(scores)),
        "count": Tensor(np.array([count], np.float32), 1.0, 0),
    }


def test_ssd_shares_become_pixels() -> None:
    outputs = ssd_outputs([[0.25, 0.1, 0.75, 0.3], [0.0, 0.0, 1.0, 1.0]], [0.8, 0.4], 2)
    faces = SsdDecoder(face_card("ssd", tuple(outputs), 320, 200), 0.5)(outputs)
    np.testing.assert_allclose(faces.boxes, [[32, 50, 96, 150]], rtol=1e-6)
    assert faces.points is None


def test_ssd_rows_beyond_the_count_are_not_read() -> None:
    outputs = ssd_outputs([[0.0, 0.0, 0.1, 0.1], [0.5, 0.5, 0.6, 0.6]], [0.8, 0.9], 1)
    faces = SsdDecoder(face_card("ssd", tuple(outputs), 100, 100), 0.5)(outputs)
    np.testing.assert_allclose(faces.scores, [0.8])


def test_picture_of_nothing_but_faces_is_cut_to_the_best_candidates() -> None:
    values = np.arange(4 * MOST_CANDIDATES) % 100
    scores = Tensor(values.astype(np.int8), 0.01, 0)
    found = candidates(scores, 0)
    assert len(found) == MOST_CANDIDATES
    assert values[found].min() >= 74


def test_reprs_show_no_face() -> None:
    outputs = {role: as_float(values) for role, values in centerface_maps().items()}
    faces = CenterFaceDecoder(face_card("centerface", tuple(outputs), 64, 32), 0.5)(outputs)
    assert repr(faces) == "<Faces>"
