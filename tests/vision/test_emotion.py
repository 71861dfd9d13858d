"""The crop that the emotion network gets, and the scores that come back."""

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edged.vision.card import EmotionCard, read_card
from edged.vision.emotion import EmotionReader, crop_face
from edged.vision.letterbox import Picture
from edged.vision.runtime import Model, Tensor, choose_runtime
from edged.words import EMOTIONS
from tests.vision import tiny_models


def card(folder: Path, **changes: Any) -> EmotionCard:
    labels = changes.pop("labels", tiny_models.LABELS)
    read = read_card(tiny_models.write_emotion(folder, "feeling", labels))
    assert isinstance(read, EmotionCard)
    return read.model_copy(update={"input": read.input.model_copy(update=changes)})


def reader(folder: Path, **changes: Any) -> EmotionReader:
    read = card(folder, **changes)
    return EmotionReader(read, Model(read, choose_runtime("auto")))


def tilted_scene(roll: float) -> Picture:
    """A 200 × 200 picture: a square of 60 px around (90, 110), white above and black below, tilted by `roll`."""
    rows, columns = np.mgrid[0:200, 0:200] + 0.5
    x, y = columns - 90, rows - 110
    c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    across, down = c * x + s * y, -s * x + c * y
    grey = np.full((200, 200), 128, np.uint8)
    inside = (np.abs(across) <= 30) & (np.abs(down) <= 30)
    grey[inside] = np.where(down[inside] < 0, 255, 0)
    return np.dstack([grey] * 3)


BOX = np.array([60, 80, 120, 140], np.float32)


@pytest.mark.parametrize("roll", [0.0, 25.0, -40.0, 90.0])
def test_tilted_face_is_cropped_upright(tmp_path: Path, roll: float) -> None:
    crop = crop_face(tilted_scene(roll), BOX, roll, card(tmp_path, margin=0.0))
    assert crop.shape == (48, 48)
    assert crop[2:23, 2:46].min() > 240
    assert crop[25:46, 2:46].max() < 15


def test_margin_shows_what_is_around_the_face(tmp_path: Path) -> None:
    crop = crop_face(tilted_scene(0), BOX, 0.0, card(tmp_path, margin=0.5))
    # The face is now half the crop; the margin is a quarter of it on each side.
    np.testing.assert_array_equal(crop[:11], 128)
    np.testing.assert_array_equal(crop[:, 37:], 128)
    assert crop[13:23, 13:35].min() > 240


def test_crop_of_a_high_box_is_a_square_around_its_middle(tmp_path: Path) -> None:
    narrow = np.array([80, 80, 100, 140], np.float32)
    whole = crop_face(tilted_scene(0), BOX, 0.0, card(tmp_path, margin=0.0))
    np.testing.assert_array_equal(crop_face(tilted_scene(0), narrow, 0.0, card(tmp_path, margin=0.0)), whole)


def test_face_at_the_border_repeats_the_last_pixels(tmp_path: Path) -> None:
    picture = np.full((50, 50, 3), 77, np.uint8)
    box = np.array([-20, -20, 20, 20], np.float32)
    np.testing.assert_array_equal(crop_face(picture, box, 30.0, card(tmp_path)), 77)


@pytest.mark.parametrize("box", [[900, 900, 950, 950], [-500, 0, -400, 100], [10, 10, 10, 10], [-1e4, -1e4, 1e4, 1e4]])
def test_box_anywhere_gives_a_crop(tmp_path: Path, box: list[float]) -> None:
    picture = np.full((50, 70, 3), 77, np.uint8)
    crop = crop_face(picture, np.array(box, np.float32), 12.0, card(tmp_path))
    np.testing.assert_array_equal(crop, 77)


def test_large_face_is_averaged_not_sampled(tmp_path: Path) -> None:
    checks = np.indices((480, 480)).sum(0) % 2 * 200
    picture = np.dstack([checks.astype(np.uint8)] * 3)
    crop = crop_face(picture, np.array([100, 100, 292, 292], np.float32), 0.0, card(tmp_path, margin=0.0))
    assert np.abs(crop.astype(int) - 100).max() <= 3


def test_colour_is_what_the_card_says(tmp_path: Path) -> None:
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[:] = 10, 20, 30
    crops = {
        colour: crop_face(picture, np.array([10, 10, 50, 50], np.float32), 0.0, card(tmp_path, colour=colour))
        for colour in ("grey", "bgr", "rgb")
    }
    assert crops["bgr"][24, 24].tolist() == [10, 20, 30]
    assert crops["rgb"][24, 24].tolist() == [30, 20, 10]
    assert crops["grey"][24, 24] == cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[0, 0]


def logits(values: list[int]) -> Tensor:
    return Tensor(np.array([values], np.int8), 0.1, 0)


def softmax(values: list[float]) -> NDArray[np.float64]:
    powers = np.exp(np.array(values))
    return np.asarray(powers / powers.sum())


def test_scores_are_the_softmax_of_dequantised_logits(tmp_path: Path) -> None:
    values = [0, 10, -20, 30, 5, 5, -128, 127]
    np.testing.assert_allclose(reader(tmp_path)._scores(logits(values)), softmax([v / 10 for v in values]), rtol=1e-6)


def test_labels_are_put_in_the_order_of_the_words(tmp_path: Path) -> None:
    labels = ("contempt", "anger", "neutral", "fear", "happiness", "sadness", "disgust", "surprise")
    scores = reader(tmp_path, labels=labels)._scores(logits([70, 60, 50, 40, 30, 20, 10, 0]))
    ranked = sorted(range(8), key=lambda i: -scores[i])
    assert tuple(EMOTIONS[i] for i in ranked) == labels


def test_emotion_that_the_model_does_not_know_has_no_share(tmp_path: Path) -> None:
    scores = reader(tmp_path, labels=("happiness", "sadness"))._scores(logits([10, 0]))
    np.testing.assert_allclose(scores, [0, *softmax([1, 0])[:1], 0, *softmax([1, 0])[1:], 0, 0, 0, 0], rtol=1e-6)


def test_scores_sum_to_one_through_the_real_path(tmp_path: Path) -> None:
    feeling = reader(tmp_path)
    feeling.load(np.full((48, 48), 130, np.uint8))
    feeling.model.invoke()
    scores = feeling.scores()
    assert len(scores) == 8
    assert sum(scores) == pytest.approx(1)
    assert min(scores) >= 0
