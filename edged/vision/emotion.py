"""The emotion of one face: crop it upright from the picture, run the network, read probabilities.

Strategy: the crop is one affine warp of a small grey cut-out. For a face larger than the network's input the warp goes
to a whole multiple of it and areas are averaged down, so that a near face isn't sampled at random pixels.

Rules:
  - The square's side is the detector's longer side, grown by the card's margin on both ends; its middle is the box's.
  - Beyond the picture's border the last pixels are repeated, as no network was trained on black bars.
"""

import math
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.vision.card import EmotionCard
from edged.vision.letterbox import Picture, Quantiser
from edged.vision.runtime import Model, Tensor
from edged.words import EMOTIONS, Scores

MOST_OVERSAMPLING: Final = 4


class EmotionReader:
    """Crops faces into the emotion network's input and reads its scores."""

    __slots__ = ("_card", "_order", "_quantiser", "_softmax", "model")

    def __init__(self, card: EmotionCard, model: Model) -> None:
        """Use `model`, which was loaded by `card`."""
        labels = card.output.labels
        self.model = model
        self._card = card
        self._quantiser = Quantiser(card.input, *model.input_quantisation)
        self._order = [labels.index(word) if word in labels else None for word in EMOTIONS]
        self._softmax = "logits" in card.output.tensors

    def crop(self, picture: Picture, box: NDArray[np.float32], roll: float) -> Picture:
        """Return the face as the network wants it, (height, width) grey or (height, width, 3).

        `picture` is (h, w, 3) blue-green-red, `box` left, top, right, bottom in its px, `roll` degrees (0: don't turn).
        """
        return crop_face(picture, box, roll, self._card)

    def load(self, crop: Picture) -> None:
        """Write a crop into the network's input."""
        tensor = self.model.input()
        self._quantiser.write(crop.reshape(tensor.shape), tensor)

    def scores(self) -> Scores:
        """Return what the last invocation said; an emotion the network doesn't know has 0."""
        (tensor,) = self.model.outputs().values()
        return self._scores(tensor)

    def _scores(self, tensor: Tensor) -> Scores:
        values = tensor.real(tensor.values).reshape(-1).tolist()
        if self._softmax:
            highest = max(values)
            values = [math.exp(value - highest) for value in values]
        total = sum(values)
        # An int8 softmax can round to nothing at all; then it has said nothing.
        shares = [value / total for value in values] if total > 0 else [1 / len(values)] * len(values)
        return cast(Scores, tuple(0.0 if i is None else shares[i] for i in self._order))


def crop_face(picture: Picture, box: NDArray[np.float32], roll: float, card: EmotionCard) -> Picture:
    """Return the square of `picture` around `box`, turned upright, in the size and colour of `card`'s input."""
    width, height, margin = card.input.width, card.input.height, card.input.margin
    left, top, right, bottom = box.tolist()
    side = max(right - left, bottom - top, 1.0) * (1 + 2 * margin)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    factor = min(MOST_OVERSAMPLING, max(1, round(side / max(width, height))))
    cut, cut_x, cut_y = _cut_out(picture, middle_x, middle_y, side)
    match card.input.colour:
        case "grey":
            cut = cast(Picture, cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY))
        case "rgb":
            cut = cast(Picture, cv2.cvtColor(cut, cv2.COLOR_BGR2RGB))
    cosine, sine = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    step_x, step_y = side / (width * factor), side / (height * factor)
    # From a pixel of the crop (its middle, hence the halves) to a pixel of the cut-out.
    matrix = np.array([[cosine * step_x, -sine * step_y, 0.0], [sine * step_x, cosine * step_y, 0.0]])
    centre = np.array([width * factor / 2 - 0.5, height * factor / 2 - 0.5])
    matrix[:, 2] = np.array([middle_x - cut_x - 0.5, middle_y - cut_y - 0.5]) - matrix[:, :2] @ centre
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(cut, matrix, (width * factor, height * factor), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        crop = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    return cast(Picture, crop)


def _cut_out(picture: Picture, middle_x: float, middle_y: float, side: float) -> tuple[Picture, int, int]:
    """Return the part of `picture` that holds the square however it is turned, and where its left top pixel lies."""
    reach = side * math.sqrt(0.5) + 2
    height, width = picture.shape[:2]
    left = min(max(math.floor(middle_x - reach), 0), width - 1)
    top = min(max(math.floor(middle_y - reach), 0), height - 1)
    right = min(max(math.ceil(middle_x + reach), left + 1), width)
    bottom = min(max(math.ceil(middle_y + reach), top + 1), height)
    return picture[top:bottom, left:right], left, top
