"""The face models by name: everything on their cards that isn't measured."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tools.faces.fetch import BLAZEFACE_FULL, CENTERFACE, Origin

VERSION = "2026.11.22"
CALIBRATION = "202 photos of WIDER FACE train (faces/calibration.json), letterboxed as at run time"


@dataclass(frozen=True, slots=True)
class Family:
    """Models that share weights and decoder. The network is fed (pixel - mean) / std of an RGB picture."""

    layout: str
    origin: Origin
    mean: float
    std: float
    outputs: tuple[str, ...]
    threshold: float
    overlap: float
    adds_per_pixel: float  # multiply-adds of one run for each input pixel (`convert` counts them)
    summary: str
    title: str
    authors: str
    licence: str
    training_data: str
    decoding: dict[str, Any] = field(default_factory=dict)  # further keys of a card's [output]


FAMILIES = {
    "centerface": Family(
        layout="centerface",
        origin=CENTERFACE,
        mean=0.0,
        std=1.0,
        outputs=("heatmap", "scale", "offset", "landmarks"),
        threshold=0.4,
        overlap=0.3,
        adds_per_pixel=370_306_560 / (320 * 192),
        summary="Faces from about 10 pixels up on its {width}x{height} canvas, with five landmarks.",
        title="CenterFace: Joint Face Detection and Alignment Using Face as Point (arXiv:1911.03599)",
        authors="Yuanyuan Xu, Wan Yan, Haixin Sun, Genke Yang, Jiliang Luo; repository Star-Clouds/CenterFace",
        licence="MIT, weights included (Star-Clouds/CenterFace issue 39); see LICENSES.md",
        training_data="WIDER FACE train (Yang et al. 2016, arXiv:1511.06523), as the paper says",
    ),
    "blazeface": Family(
        layout="blazeface",
        origin=BLAZEFACE_FULL,
        mean=127.5,
        std=127.5,
        outputs=("logits", "xy", "wh", "keypoints"),
        threshold=0.6,
        overlap=0.3,
        adds_per_pixel=105_671_232 / (192 * 192),
        summary="Faces from about 15 pixels up on its {width}x{height} canvas, six keypoints with the ears among them.",
        title="BlazeFace, full range, dense (MediaPipe Face Detection; arXiv:1907.05047)",
        authors="The MediaPipe Authors (Google); paper by Bazarevsky, Kartynnik, Vakunov, Raveendran, Grundmann",
        licence="Apache-2.0; see LICENSES.md",
        training_data="not published",
        decoding={"nms_weighted": True, "anchors": [[4, 1]]},
    ),
}
NAMES = "centerface-WxH, blazeface-full or blazeface-full-WxH; width W and height H are multiples of 32"


def family(name: str) -> Family:
    """Return the family of a model name such as "centerface-480x288". Raises ValueError when there is none."""
    kind = FAMILIES.get(name.partition("-")[0])
    if kind is None:
        raise ValueError(f"{name}: no such model; there are {NAMES}")
    return kind


def size(name: str) -> tuple[int, int]:
    """Return (width, height) of a model's input. Raises ValueError for a size that the network can't have."""
    if name == "blazeface-full":
        return 192, 192  # as it was published
    match = re.search(r"-(\d+)x(\d+)$", name)
    if not match:
        raise ValueError(f"{name}: no such model; there are {NAMES}")
    width, height = int(match[1]), int(match[2])
    if width % 32 or height % 32:
        raise ValueError(f"{name}: width and height must be multiples of 32, the network's coarsest step")
    return width, height


def multiply_adds(name: str) -> float:
    """Return the multiply-adds of one run of the named model."""
    width, height = size(name)
    return family(name).adds_per_pixel * width * height


def draft(name: str, file: str, sha256: str, date: str, tools: str, *, dtype: str = "int8") -> dict[str, Any]:
    """Return the card of the named model as nested tables, without [measured]; it passes `edged.vision.card`."""
    kind, (width, height) = family(name), size(name)
    origin = kind.origin
    return {
        "name": name,
        "task": "face",
        "summary": kind.summary.format(width=width, height=height),
        "file": file,
        "sha256": sha256,
        "version": VERSION,
        "input": {
            "width": width,
            "height": height,
            "colour": "rgb",
            "mean": kind.mean,
            "std": kind.std,
            "dtype": dtype,
            "fit": "letterbox",
        },
        "output": {
            "layout": kind.layout,
            "tensors": {output: output for output in kind.outputs},
            "threshold": kind.threshold,
            "nms_iou": kind.overlap,
            **kind.decoding,
        },
        "origin": {
            "title": kind.title,
            "authors": kind.authors,
            "source": f"PyPI {origin.package} {origin.version}, {origin.member}, SHA-256 {origin.member_sha256}",
            "licence": kind.licence,
            "training_data": kind.training_data,
        },
        "made": {"command": f"tools/faces/make {name}", "tools": tools, "calibration": CALIBRATION, "date": date},
    }
