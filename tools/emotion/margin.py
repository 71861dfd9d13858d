"""How the detector's box relates to a FER picture: the card's margin, and the jitter that training must forgive.

Strategy: each picture is enlarged, set on a canvas whose surroundings continue its border, blurred, and shown to the
product's own CenterFace. The margin m makes the product's square, (1 + 2m) times the box's longer side, as large as the
FER picture in the median. The spread of size and place is what crops will do at run time.

Rule: the surroundings are invented, and a face that fills its picture is seen as CenterFace sees it there; so this is
an estimate of the median, good to some percent, not a law.

With `tilt` every canvas is turned clockwise by so many degrees before the detector sees it: what turning the crop
upright is worth, and, as the tilt is known, how well the landmarks tell it.

    python -m tools.emotion.margin DATA.npz [--count 400] [--size 110] [--model emotion.toml] [--tilt 20]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.vision.card import EmotionCard, FaceCard, load_cards, read_card
from edged.vision.centerface import CenterFaceDecoder
from edged.vision.emotion import EmotionReader, crop_face
from edged.vision.head import orientation
from edged.vision.letterbox import Quantiser
from edged.vision.runtime import Model, choose_runtime
from tools.emotion.data import Faces, load

Picture = NDArray[np.uint8]


def scene(picture: Picture, size: int, width: int, height: int) -> Picture:
    """A grey face of `size` pixels in the middle of a blue-green-red canvas that continues its border, blurred."""
    face = cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC)
    left, top = (width - size) // 2, (height - size) // 2
    around = cv2.copyMakeBorder(face, top, height - size - top, left, width - size - left, cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(around, (0, 0), size / 12)
    soft[top : top + size, left : left + size] = face
    return cv2.cvtColor(soft, cv2.COLOR_GRAY2BGR).astype(np.uint8)


def turned(canvas: Picture, degrees: float) -> Picture:
    """The canvas turned clockwise about its middle; what comes in at the corners continues the border."""
    height, width = canvas.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), -degrees, 1.0)
    return cv2.warpAffine(canvas, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def measure(
    faces: Faces, count: int, size: int, tilt: float, reader: EmotionReader | None, card: EmotionCard | None
) -> None:
    """Detect in `count` pictures and print the distribution; with a reader also the accuracy of the product's crops."""
    found = load_cards()["centerface-320x256"]
    assert isinstance(found, FaceCard)
    model = Model(found, choose_runtime("auto"))
    decode = CenterFaceDecoder(found, found.output.threshold)
    quantiser = Quantiser(found.input, *model.input_quantisation)
    width, height = found.input.width, found.input.height
    pick = np.random.default_rng(5).choice(len(faces.images), min(count, len(faces.images)), replace=False)
    rows: list[tuple[float, ...]] = []
    right: list[bool] = []
    right_plain: list[bool] = []
    right_whole: list[bool] = []
    left, top = (width - size) / 2, (height - size) / 2
    for i in pick:
        canvas = turned(scene(faces.images[i], size, width, height), tilt)
        quantiser.write(np.ascontiguousarray(canvas[..., ::-1]), model.input())
        model.invoke()
        seen = decode(model.outputs())
        if not len(seen) or seen.points is None:
            continue
        box = seen.boxes[0]
        longer = float(max(box[2] - box[0], box[3] - box[1]))
        _, roll = orientation(seen.points[0])
        middle = ((box[0] + box[2]) / 2 - left, (box[1] + box[3]) / 2 - top)
        rows.append((size / longer, middle[0] / size - 0.5, middle[1] / size - 0.5, roll, float(seen.scores[0])))
        if reader and card:
            for results, crop in (
                (right, crop_face(canvas, box, roll, card)),
                (right_plain, crop_face(canvas, box, 0.0, card)),
                (right_whole, faces.images[i]),
            ):
                reader.load(crop)
                reader.model.invoke()
                results.append(int(np.argmax(reader.scores())) == faces.labels[i])
    table = np.array(rows)
    print(f"{len(table)} of {len(pick)} found at {size} px")
    names = ("picture / longer side", "centre x off", "centre y off", "roll, degrees", "score")
    for name, column in zip(names, table.T, strict=True):
        points = np.percentile(column, [5, 25, 50, 75, 95])
        print(f"  {name:22s} " + " ".join(f"{p:8.3f}" for p in points) + "   (5 25 50 75 95 %)")
    print(f"  margin {(np.median(table[:, 0]) - 1) / 2:.3f}")
    if reader:
        print(
            f"  accuracy on the found ones: picture itself {np.mean(right_whole):.4f},"
            f" product's crop {np.mean(right_plain):.4f}, and turned upright {np.mean(right):.4f}"
        )


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--size", type=int, default=110, help="height of the enlarged picture on the canvas")
    parser.add_argument("--tilt", type=float, default=0.0, help="degrees by which every picture is turned")
    parser.add_argument("--model", type=Path, help="card of an emotion model to run on the product's crops")
    args = parser.parse_args()
    reader, card = None, None
    if args.model:
        read = read_card(args.model)
        assert isinstance(read, EmotionCard)
        card, reader = read, EmotionReader(read, Model(read, choose_runtime("auto")))
    measure(load(args.data), args.count, args.size, args.tilt, reader, card)


if __name__ == "__main__":
    main()
