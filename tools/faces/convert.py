"""Make face models from their originals: `python -m tools.faces.convert centerface-480x288 blazeface-full`.

The way: fetch, read into a Graph, fuse, measure channel ranges on the calibration pictures, equalise, check against
the original, quantise. It needs the environment of requirements.txt. Next to the int8 file for models/, a float file
of the same network stays in the work folder; `python -m tools.faces.card` compares the two and writes the card.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError

import numpy as np
import tensorflow as tf

from tools.faces import quantise
from tools.faces.catalogue import NAMES, Family, family, multiply_adds, size
from tools.faces.equalise import equalise
from tools.faces.fetch import WrongOriginError, fetch, sha256
from tools.faces.graph import Array, Graph, count_multiply_adds, from_onnx, from_tflite, fuse_relu, split_output
from tools.faces.originals import largest_difference, run_blazeface, run_centerface
from tools.faces.pictures import calibration
from tools.faces.rebuild import channel_peaks, run

_TOLERANCE = 1e-3  # rounding of float32, as a share of an output's range


@dataclass(frozen=True, slots=True)
class Reader:
    """How one family's original becomes a Graph, and how to run the original itself."""

    read: Callable[[bytes], Graph]
    run: Callable[[Path, Array], dict[str, Array]]
    size: tuple[int, int] | None  # the one (width, height) that the original takes; None: any


def read_centerface(data: bytes) -> Graph:
    """The four maps of the ONNX file under the names its authors use in text."""
    return from_onnx(data, {"heatmap": "537", "scale": "538", "offset": "539", "landmarks": "540"})


def read_blazeface(data: bytes) -> Graph:
    """The scores (before the sigmoid), and the 16 numbers a cell regresses in three parts: centre, size, six points."""
    graph = from_tflite(data, {"logits": "classifier_face_4", "regressor": "regressor_face_4"})
    return split_output(graph, "regressor", {"xy": [0, 1], "wh": [2, 3], "keypoints": list(range(4, 16))})


READERS = {
    "centerface": Reader(read_centerface, run_centerface, None),
    "blazeface": Reader(read_blazeface, run_blazeface, (192, 192)),
}


def make(name: str, data: Path, work: Path, models: Path, alpha: float) -> None:
    """Write `models`/name.tflite (int8) and `work`/name.float.tflite."""
    kind, (width, height) = family(name), size(name)
    reader = READERS[kind.layout]
    original = fetch(kind.origin, work)
    graph = fuse_relu(reader.read(original.read_bytes()))
    counted = count_multiply_adds(graph, width, height)
    if counted != multiply_adds(name):
        raise SystemExit(f"{name}: has {counted} multiply-adds; the catalogue reckons with {multiply_adds(name):.0f}")
    photos = data / "faces" / "calibration.json"
    pictures = [_real(canvas, kind) for canvas in calibration(photos, width, height)]
    even = equalise(graph, channel_peaks(graph, pictures), alpha)

    proof = _real(next(calibration(photos, *(reader.size or (width, height)))), kind)
    tensors = run(even, tf.constant(proof))
    ours = {output: tensors[where].numpy() for output, where in even.outputs.items()}
    difference = largest_difference(ours, reader.run(original, proof))
    if difference > _TOLERANCE:
        raise SystemExit(f"{name}: rebuilt, an output differs from the original's by {difference:.1e} of its range")

    (work / f"{name}.float.tflite").write_bytes(quantise.to_float(graph, width, height))
    made = quantise.to_int8(even, width, height, pictures)
    (models / f"{name}.tflite").write_bytes(made)
    print(f"{name}: {len(made)} bytes, sha256 {sha256(made)}, float difference {difference:.1e}", flush=True)


def _real(canvas: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], kind: Family) -> Array:
    return ((canvas[None].astype(np.float32) - kind.mean) / kind.std).astype(np.float32)


def main(arguments: list[str] | None = None) -> None:
    """Make the named face models."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="+", help=NAMES)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with faces/calibration.json")
    parser.add_argument("--work", type=Path, default=Path("build/faces"), help="downloads and float files")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where the int8 files go")
    parser.add_argument("--alpha", type=float, default=0.5, help="strength of the equalisation, 0 for none")
    given = parser.parse_args(arguments)
    given.work.mkdir(parents=True, exist_ok=True)
    for name in given.names:
        try:
            make(name, given.data, given.work, given.models, given.alpha)
        except (WrongOriginError, CalledProcessError) as error:
            raise SystemExit(f"{name}: {error}") from None


if __name__ == "__main__":
    main()
