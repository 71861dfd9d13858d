"""Figures of merit against cases small enough to reckon by hand."""

import math

import numpy as np
import pytest

from edged.vision import measure
from edged.vision.measure import Found, Truth

Corner = tuple[float, float, float, float]


def truth(*boxes: Corner, invalid: tuple[int, ...] = ()) -> Truth:
    marks = np.zeros(len(boxes), np.bool_)
    marks[list(invalid)] = True
    return Truth(np.array(boxes, np.float32).reshape(-1, 4), marks)


def found(*boxes: Corner, scores: tuple[float, ...] = ()) -> Found:
    return Found(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


A: Corner = (0, 0, 30, 30)
B: Corner = (100, 0, 130, 30)
TINY: Corner = (200, 0, 210, 10)
NOWHERE: Corner = (300, 300, 330, 330)


def test_all_found_and_nothing_else_is_one() -> None:
    assert measure.average_precision([truth(A, B)], [found(A, B, scores=(0.9, 0.8))], 20) == pytest.approx(1)


def test_false_face_between_two_right_ones_costs_a_sixth() -> None:
    # Precision 1 up to recall 1/2, then 2/3 up to 1.
    detections = found(A, NOWHERE, B, scores=(0.9, 0.8, 0.7))
    assert measure.average_precision([truth(A, B)], [detections], 20) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_false_face_scored_last_costs_nothing() -> None:
    detections = found(A, B, NOWHERE, scores=(0.9, 0.8, 0.1))
    assert measure.average_precision([truth(A, B)], [detections], 20) == pytest.approx(1)


def test_missed_face_costs_its_share() -> None:
    assert measure.average_precision([truth(A, B)], [found(A, scores=(0.9,))], 20) == pytest.approx(0.5)


def test_second_detection_of_a_face_is_false() -> None:
    detections = found(A, (1, 0, 31, 30), B, scores=(0.9, 0.8, 0.7))
    assert measure.average_precision([truth(A, B)], [detections], 20) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_face_that_is_too_small_is_neither_wanted_nor_punished() -> None:
    detections = found(TINY, A, scores=(0.9, 0.8))
    assert measure.average_precision([truth(A, TINY)], [detections], 20) == pytest.approx(1)
    assert measure.average_precision([truth(A, TINY)], [found(A, scores=(0.8,))], 20) == pytest.approx(1)


def test_height_that_lacks_its_last_bits_still_counts() -> None:
    """32-bit numbers: 50.7 + 20 less 50.7 is a little less than 20."""
    face = truth((0, 50.7, 20, 50.7 + 20))
    assert face.boxes[0, 3] - face.boxes[0, 1] < 20
    assert measure.count_faces([face], 20) == 1


def test_invalid_face_is_neither_wanted_nor_punished() -> None:
    detections = found(B, A, scores=(0.9, 0.8))
    assert measure.average_precision([truth(A, B, invalid=(1,))], [detections], 20) == pytest.approx(1)


def test_scores_are_ranked_over_all_pictures() -> None:
    truths = [truth(A), truth(A)]
    detections = [found(A, scores=(0.6,)), found(NOWHERE, A, scores=(0.9, 0.5))]
    # Ranked: false, right, right: precision made monotonous is 2/3 throughout.
    assert measure.average_precision(truths, detections, 20) == pytest.approx(2 / 3)


def test_nothing_to_find_is_no_figure() -> None:
    assert math.isnan(measure.average_precision([truth(TINY)], [found(A, scores=(0.9,))], 20))
    assert math.isnan(measure.recall([truth()], [found()], 20))
    assert math.isnan(measure.mean_iou([truth(A)], [found()], 20))


def test_nothing_found_is_nought() -> None:
    assert measure.average_precision([truth(A)], [found()], 20) == 0
    assert measure.recall([truth(A)], [found()], 20) == 0


def test_mean_iou_is_that_of_matched_pairs() -> None:
    shifted: Corner = (10, 0, 40, 30)  # shares 20 × 30 of 40 × 30 with A: one half
    assert measure.mean_iou([truth(A, B)], [found(shifted, B, scores=(0.9, 0.9))], 20) == pytest.approx(0.75)


def test_reach_is_taken_on_the_canvas() -> None:
    """A face of 20 px in a picture that is halved is one of 10 px; classes without faces have no figure."""
    table = measure.reach([truth((0, 0, 20, 20), (100, 0, 120, 20))], [found((0, 0, 20, 20), scores=(0.9,))], [0.5])
    assert dict(zip(table["canvas_px"], table["recall"], strict=True))[10.0] == 0.5
    assert sum(math.isnan(share) for share in table["recall"]) == len(table["recall"]) - 1


def test_false_faces_are_those_on_no_face_at_all() -> None:
    truths = [truth(A, TINY, B, invalid=(2,))]
    assert measure.false_faces(truths, [found(A, TINY, B, NOWHERE, scores=(0.9,) * 4)]) == 1


LABELS = np.array([0, 0, 1, 2])
SCORES = np.array([[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1], [0.6, 0.2, 0.2]])


def test_emotion_figures_by_hand() -> None:
    classes = measure.per_class(LABELS, SCORES)
    assert measure.accuracy(LABELS, SCORES) == 0.5
    assert [one.n for one in classes] == [2, 1, 1]
    assert [one.f1 for one in classes] == pytest.approx([0.5, 2 / 3, 0])
    assert measure.macro_f1(classes) == pytest.approx((0.5 + 2 / 3) / 3)
    assert math.isnan(classes[2].precision)


def test_class_that_does_not_occur_is_not_averaged() -> None:
    classes = measure.per_class(LABELS[:3], SCORES[:3])
    assert measure.macro_f1(classes) == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_scores_that_are_the_vote_shares_are_calibrated() -> None:
    assert measure.calibration(SCORES, SCORES) == pytest.approx(0)


def test_calibration_is_the_mean_gap_of_bins() -> None:
    scores = np.array([[0.9, 0.1], [0.9, 0.1]])
    shares = np.array([[1.0, 0.0], [0.6, 0.4]])
    # One bin a class: mean share 0.8 where 0.9 was said, 0.2 where 0.1 was.
    assert measure.calibration(shares, scores) == pytest.approx(0.1)


def test_expected_calibration_error_by_hand() -> None:
    labels = np.array([0, 1])
    scores = np.array([[0.9, 0.1], [0.9, 0.1]])
    assert measure.expected_calibration_error(labels, scores) == pytest.approx(0.4)
