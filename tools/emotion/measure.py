"""Measure an emotion model file as the product runs it, and against small, blurred and badly coded faces.

Strategy: one face at a time through the TFLite runtime, exactly as on the device; the same pictures then shrunk to a
face height and enlarged again, blurred, or JPEG-coded. DATA is an .npz of pictures and votes or a folder of folders
named by class (then the share of the class is one).

    python -m tools.emotion.measure MODEL.tflite DATA [--runtime tflite-runtime] [--json] [--conditions] [--save F]
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.emotion.data import EMOTIONS, Faces, load
from tools.emotion.scores import summary

Pictures = NDArray[np.uint8]


def interpreter(model: Path, runtime: str) -> Any:
    """An allocated interpreter with one thread."""
    name = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}[runtime]
    made = importlib.import_module(name).Interpreter(model_path=str(model), num_threads=1)
    made.allocate_tensors()
    return made


def scores_of(model: Path, images: Pictures, runtime: str = "litert", mean: float = 128.0) -> NDArray[np.float64]:
    """Scores (n, 8) of grey pictures (n, h, w); float and int8 models alike."""
    run = interpreter(model, runtime)
    into, out = run.get_input_details()[0], run.get_output_details()[0]
    height, width = (int(v) for v in into["shape"][1:3])
    result = []
    for picture in images:
        fed = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        value = fed.astype(np.float32)[None, ..., None] - mean
        if into["dtype"] == np.int8:
            scale, zero = into["quantization"]
            value = np.clip(np.round(value / scale + zero), -128, 127)
        run.set_tensor(into["index"], value.astype(into["dtype"]))
        run.invoke()
        answer = run.get_tensor(out["index"])[0].astype(np.float64)
        if out["dtype"] == np.int8:
            scale, zero = out["quantization"]
            answer = (answer - zero) * scale
        result.append(answer)
    return np.array(result)


def shrunk(images: Pictures, side: int) -> Pictures:
    """Faces of `side` pixels: averaged down, enlarged bilinearly, as the product does with a small box."""
    size = images.shape[1]
    small = [cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA) for p in images]
    out: Pictures = np.stack([cv2.resize(p, (size, size), interpolation=cv2.INTER_LINEAR) for p in small]).astype(
        np.uint8
    )
    return out


def blurred(images: Pictures, sigma: float) -> Pictures:
    """Gaussian blur of the 48-pixel picture."""
    out: Pictures = np.stack([cv2.GaussianBlur(p, (0, 0), sigma) for p in images]).astype(np.uint8)
    return out


def coded(images: Pictures, quality: int) -> Pictures:
    """JPEG-coded and decoded."""
    out = []
    for picture in images:
        _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out.append(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE))
    return np.stack(out).astype(np.uint8)


def shifted(images: Pictures, share: float) -> Pictures:
    """Crop moved right and down by a share of its side: a box that is off."""
    by = share * images.shape[1]
    move = np.array([[1, 0, by], [0, 1, by]], np.float32)
    size = (images.shape[2], images.shape[1])
    return np.stack([cv2.warpAffine(p, move, size, borderMode=cv2.BORDER_REPLICATE) for p in images]).astype(np.uint8)


def tilted(images: Pictures, degrees: float) -> Pictures:
    """Turned about its centre."""
    size = (images.shape[2], images.shape[1])
    turn = cv2.getRotationMatrix2D((size[0] / 2 - 0.5, size[1] / 2 - 0.5), degrees, 1.0)
    return np.stack([cv2.warpAffine(p, turn, size, borderMode=cv2.BORDER_REPLICATE) for p in images]).astype(np.uint8)


CONDITIONS: dict[str, Callable[[Pictures], Pictures]] = {
    "height_32": lambda p: shrunk(p, 32),
    "height_24": lambda p: shrunk(p, 24),
    "height_20": lambda p: shrunk(p, 20),
    "height_16": lambda p: shrunk(p, 16),
    "height_12": lambda p: shrunk(p, 12),
    "blur_1": lambda p: blurred(p, 1.0),
    "blur_2": lambda p: blurred(p, 2.0),
    "jpeg_30": lambda p: coded(p, 30),
    "dark": lambda p: (p * 0.35).astype(np.uint8),
    "shift_10": lambda p: shifted(p, 0.10),
    "tilt_15": lambda p: tilted(p, 15.0),
}


def read(path: Path) -> Faces:
    """An .npz in the layout of data/README.md, or a folder of folders named by class."""
    if path.suffix == ".npz":
        return load(path)
    images, labels = [], []
    for c, name in enumerate(EMOTIONS):
        for file in sorted((path / name).glob("*")):
            picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            if picture is not None:
                images.append(cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA))
                labels.append(c)
    index = np.array(labels, np.int64)
    return Faces(np.stack(images).astype(np.uint8), np.eye(len(EMOTIONS), dtype=np.float32)[index], index)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--runtime", default="litert", choices=("litert", "tflite-runtime"))
    parser.add_argument("--limit", type=int, help="only the first pictures")
    parser.add_argument("--conditions", action="store_true", help="face heights, blur and more as well")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", type=Path, help="write the scores (n, 8) here, .npy")
    args = parser.parse_args()
    faces = read(args.data)
    cut = slice(args.limit)
    images, shares, labels = faces.images[cut], faces.shares[cut], faces.labels[cut]
    scores = scores_of(args.model, images, args.runtime)
    if args.save:
        np.save(args.save, scores)
    figures = summary(scores, shares, labels)
    if args.conditions:
        for name, change in CONDITIONS.items():
            got = summary(scores_of(args.model, change(images), args.runtime), shares, labels)
            figures[f"accuracy_{name}"], figures[f"macro_f1_{name}"] = got["accuracy"], got["macro_f1"]
            figures[f"calibration_at_{name}"] = got["calibration"]
    if args.json:
        print(json.dumps({k: round(v, 4) for k, v in figures.items()}, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:28s} {value:.4f}")


if __name__ == "__main__":
    main()
