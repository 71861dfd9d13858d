"""Head orientation of a modelled head, turned by known angles and looked at from far away."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edged.vision.head import PROTRUSION, orientation

EYE, MOUTH = 0.5, 0.4
"""Half the eyes' and half the mouth's width, in distances of the eyes."""
HEAD = np.array([[-EYE, -0.5, 0], [EYE, -0.5, 0], [0, 0.1, PROTRUSION], [-MOUTH, 0.6, 0], [MOUTH, 0.6, 0]], np.float64)
"""x to the picture's right, y down, z towards the camera: eyes, nose tip, corners of the mouth."""


def seen(yaw: float, roll: float, head: NDArray[np.float64] = HEAD, size: float = 40.0) -> NDArray[np.float32]:
    """Turn by yaw about the vertical axis (positive: nose to the picture's right), tilt by roll, drop the depth."""
    y, r = math.radians(yaw), math.radians(roll)
    turned = head @ np.array([[math.cos(y), 0, -math.sin(y)], [0, 1, 0], [math.sin(y), 0, math.cos(y)]])
    tilted = turned[:, :2] @ np.array([[math.cos(r), math.sin(r)], [-math.sin(r), math.cos(r)]])
    points: NDArray[np.float32] = (tilted * size + 100).astype(np.float32)
    return points


@settings(max_examples=200, deadline=None)
@given(yaw=st.floats(-75, 75), roll=st.floats(-60, 60), size=st.floats(5, 500))
def test_angles_of_a_modelled_head_are_read_back(yaw: float, roll: float, size: float) -> None:
    found_yaw, found_roll = orientation(seen(yaw, roll, size=size))
    assert found_yaw == pytest.approx(yaw, abs=0.1)
    assert found_roll == pytest.approx(roll, abs=0.1)


@pytest.mark.parametrize("yaw", [-60, -30, 0, 30, 60])
def test_one_point_for_the_mouth_and_two_for_the_ears_read_the_same(yaw: float) -> None:
    five = seen(yaw, 10)
    six = np.concatenate([five[:3], five[3:].mean(0, keepdims=True), five[:2]])
    assert orientation(six) == pytest.approx(orientation(five), abs=0.01)


def test_nose_to_the_right_is_a_positive_yaw() -> None:
    points = seen(0, 0)
    points[2, 0] += 5
    assert orientation(points)[0] > 0


def test_right_eye_lower_is_a_positive_roll() -> None:
    points = seen(0, 0)
    points[1, 1] += 5
    assert orientation(points)[1] > 0


def test_another_nose_by_a_fifth_moves_the_reading_as_the_limits_say() -> None:
    longer = HEAD.copy()
    longer[2, 2] *= 1.2
    assert orientation(seen(30, 0, longer))[0] == pytest.approx(
        math.degrees(math.atan(1.2 * math.tan(math.radians(30)))), abs=0.1
    )


def test_landmarks_in_one_place_say_nothing_and_break_nothing() -> None:
    assert orientation(np.zeros((5, 2), np.float32)) == (0.0, 0.0)
