"""Odd pictures become good frames or none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edged.camera.pixels import MAX_SIDE_PX, as_bgr


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 1), (6, 8, 3), (6, 8, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_bgr_and_bgra_become_bgr(shape: tuple[int, ...], dtype: type[np.uint8 | np.uint16]) -> None:
    """One, three and four channels, of eight and sixteen bits, are pictures."""
    white: NDArray[np.uint8 | np.uint16] = np.full(shape, np.iinfo(dtype).max, dtype)
    bgr = as_bgr(white)
    assert bgr is not None
    assert bgr.shape == (6, 8, 3)
    assert bgr.dtype == np.uint8
    assert (bgr == 255).all()


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "text",
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((6, 0, 3), np.uint8),
        np.zeros(12, np.uint8),
        np.zeros((6, 8, 2), np.uint8),
        np.zeros((6, 8, 5), np.uint8),
        np.zeros((1, 6, 8, 3), np.uint8),
        np.zeros((6, 8, 3), np.float32),
        np.empty((1, MAX_SIDE_PX + 1, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_none(odd: object) -> None:
    """Empty, misshapen, oversized or floating-point arrays are refused without an exception."""
    assert as_bgr(odd) is None


def test_a_good_picture_is_not_copied() -> None:
    """The common case costs nothing."""
    good = np.zeros((6, 8, 3), np.uint8)
    assert as_bgr(good) is good


@given(npst.arrays(npst.scalar_dtypes(), npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
def test_any_array_is_a_frame_or_none(array: object) -> None:
    """Invariant: never an exception, and never anything but (H, W, 3) uint8."""
    bgr = as_bgr(array)
    assert bgr is None or (bgr.ndim == 3 and bgr.shape[2] == 3 and bgr.dtype == np.uint8 and bgr.flags.c_contiguous)


@given(st.integers(1, 40), st.integers(1, 40))
def test_a_view_becomes_contiguous(height: int, width: int) -> None:
    """A slice of a larger picture, as a driver with padded rows gives it, is made whole."""
    padded = np.zeros((height, width + 16, 3), np.uint8)
    bgr = as_bgr(padded[:, :width])
    assert bgr is not None
    assert bgr.flags.c_contiguous
