"""From picture to tensor and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edged.vision.card import Input
from edged.vision.letterbox import Letterbox, Quantiser

SIDE = st.integers(8, 400)


@settings(max_examples=60, deadline=None)
@given(width=SIDE, height=SIDE, canvas_width=SIDE, canvas_height=SIDE)
def test_picture_fits_keeps_its_shape_and_touches_a_border(
    width: int, height: int, canvas_width: int, canvas_height: int
) -> None:
    box = Letterbox(width, height, canvas_width, canvas_height, swap=False)
    canvas = box.fit(np.full((height, width, 3), 255, np.uint8))
    assert canvas.shape == (canvas_height, canvas_width, 3)
    rows, columns = (canvas[..., 0].any(axis) for axis in (1, 0))
    assert abs(rows.sum() - height * box.scale) <= 1
    assert abs(columns.sum() - width * box.scale) <= 1
    assert rows.all() or columns.all()
    # Top left, without gaps; what is not picture is black.
    assert rows[: rows.sum()].all()
    assert columns[: columns.sum()].all()
    assert (canvas[: rows.sum(), : columns.sum()] == 255).all()


@settings(max_examples=60, deadline=None)
@given(width=SIDE, height=SIDE, canvas_width=SIDE, canvas_height=SIDE, x=st.floats(0, 1), y=st.floats(0, 1))
def test_point_on_the_canvas_comes_back_to_its_place(
    width: int, height: int, canvas_width: int, canvas_height: int, x: float, y: float
) -> None:
    box = Letterbox(width, height, canvas_width, canvas_height, swap=False)
    point = np.array([[x * width, y * height]], np.float32)
    assert np.allclose(box.unfit(point * np.float32(box.scale)), point, atol=1e-2)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720), (333, 777), (20, 15)])
def test_spot_is_where_the_scale_says(width: int, height: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    left, top = width // 2, height // 4
    size = max(2, width // 10)
    picture[top : top + size, left : left + size] = 255
    box = Letterbox(width, height, 160, 96, swap=False)
    weight = box.fit(picture)[..., 0].astype(float)
    ys, xs = np.mgrid[0:96, 0:160] + 0.5
    centre = np.array([[(weight * xs).sum(), (weight * ys).sum()]]) / weight.sum()
    expected = [left + size / 2, top + size / 2]
    np.testing.assert_allclose(box.unfit(centre.astype(np.float32))[0], expected, atol=0.6 / box.scale)


def test_swap_turns_blue_green_red_into_red_green_blue() -> None:
    picture = np.zeros((10, 10, 3), np.uint8)
    picture[..., 0] = 200
    assert Letterbox(10, 10, 8, 8, swap=True).fit(picture)[0, 0].tolist() == [0, 0, 200]
    assert Letterbox(10, 10, 8, 8, swap=False).fit(picture)[0, 0].tolist() == [200, 0, 0]


def test_shrinking_averages_instead_of_picking_pixels() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 200
    canvas = Letterbox(256, 256, 64, 64, swap=False).fit(stripes)
    assert np.abs(canvas.astype(int) - 100).max() <= 1


def card_input(dtype: str, mean: float, std: float) -> Input:
    return Input.model_validate({"width": 16, "height": 16, "colour": "grey", "mean": mean, "std": std, "dtype": dtype})


@settings(max_examples=100, deadline=None)
@given(
    mean=st.floats(-50, 300),
    std=st.floats(0.5, 300),
    scale=st.floats(0.002, 2),
    zero=st.integers(-128, 127),
    signed=st.booleans(),
)
def test_stored_value_is_the_formula_within_rounding(
    mean: float, std: float, scale: float, zero: int, signed: bool
) -> None:
    dtype: type[np.int8 | np.uint8] = np.int8 if signed else np.uint8
    least = -128 if signed else 0
    zero_point = zero if signed else zero + 128
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    tensor = np.empty((16, 16, 1), dtype)
    Quantiser(card_input(np.dtype(dtype).name, mean, std), scale, zero_point).write(pixels, tensor)
    ideal = (pixels.astype(float) - mean) / std / scale + zero_point
    assert np.abs(tensor - np.clip(ideal, least, least + 255)).max() <= 0.51


@pytest.mark.parametrize(
    ("mean", "std", "scale", "zero_point"),
    [(0.0, 1.0, 1.0, -128), (127.5, 127.5, 1 / 127.5, -1), (128.0, 64.0, 1 / 64, 0)],
)
def test_usual_quantisations_are_a_flip_of_the_top_bit(mean: float, std: float, scale: float, zero_point: int) -> None:
    quantiser = Quantiser(card_input("int8", mean, std), scale, zero_point)
    assert quantiser._table is None
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    tensor = np.empty((16, 16, 1), np.int8)
    quantiser.write(pixels, tensor)
    np.testing.assert_array_equal(tensor, pixels.astype(int) - 128)


def test_float_model_is_fed_real_values() -> None:
    tensor = np.empty((16, 16, 1), np.float32)
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    Quantiser(card_input("float32", 127.5, 127.5), 1.0, 0).write(pixels, tensor)
    np.testing.assert_allclose(tensor, (pixels.astype(float) - 127.5) / 127.5, rtol=1e-6)
