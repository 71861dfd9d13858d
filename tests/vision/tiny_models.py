"""Tiny TFLite files made by hand, so that tests of loading and feeding need no real model.

Strategy: the flatbuffer is written with LiteRT's schema; every output is one convolution of the input.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
LANDMARKS = ((0.35, 0.3), (0.35, 0.7), (0.55, 0.5), (0.75, 0.35), (0.75, 0.65))
"""(y, x) of each, as shares of the box: a face that looks straight ahead."""
FACE_PX = 16.0
"""Side of every box that the face stand-in finds, in canvas pixels."""
BRIGHTNESS = 1 / (48 * 255)
"""Weight that makes the sum over a 4 × 4 cell of three colours its mean brightness, 0 to 1."""

EMOTION = """
task = "emotion"
input = {{ width = {width}, height = {height}, colour = "grey", mean = 0.0, std = 1.0, margin = 0.1 }}
[output]
layout = "classes"
labels = {labels}
min_height_px = 12
tensors = {{ logits = "logits" }}
"""

FACE = """
task = "face"
input = {{ width = {width}, height = {height}, colour = "rgb", mean = 0.0, std = 1.0, fit = "letterbox" }}
[output]
layout = "centerface"
threshold = 0.5
nms_iou = 0.3
auto = true
tensors = {{ heatmap = "heatmap", scale = "scale", offset = "offset", landmarks = "landmarks" }}
"""

CARD = """
name = "{name}"
summary = "A stand-in that knows nothing of faces."
file = "{name}.tflite"
sha256 = "{sha256}"
version = "0"
{task}
[origin]
title = "Stand-in"
authors = "edged"
source = "tests/vision/tiny_models.py"
licence = "Apache-2.0"
training_data = "none"
[made]
command = "pytest"
tools = "flatbuffers"
calibration = "none"
date = "2026-01-01"
"""


@dataclass(frozen=True, slots=True)
class Convolution:
    """One output: how it is computed from the input (scale 1, zero point -128) and how it is stored."""

    weights: NDArray[np.int8]
    """(channels out, height, width, channels in); the stride is its height."""
    weight_scale: float
    bias: NDArray[np.int32]
    """Real bias / weight_scale."""
    scale: float
    zero_point: int


def write_emotion(folder: Path, name: str = "emotion", labels: tuple[str, ...] = LABELS, side: int = 48) -> Path:
    """Write an emotion stand-in of random weights and its card; return the card's path."""
    weights = np.random.default_rng(1).integers(-20, 21, (len(labels), side, side, 1), np.int8)
    logits = Convolution(weights, 1e-4, np.zeros(len(labels), np.int32), 0.2, 0)
    content = convolutions((1, side, side, 1), {"logits": logits})
    return write_card(folder, name, content, EMOTION.format(width=side, height=side, labels=list(labels)))


def write_face(folder: Path, name: str = "face", width: int = 64, height: int = 48) -> Path:
    """Write a face stand-in and its card; return the card's path.

    It has CenterFace's layout. A cell's score is its brightness, its box a square of FACE_PX around its middle.
    """
    none = np.zeros((10, 4, 4, 3), np.int8)
    size = np.full(2, math.log(FACE_PX / 4) / BRIGHTNESS).astype(np.int32)
    points = (np.array(LANDMARKS).ravel() / BRIGHTNESS).astype(np.int32)
    outputs = {
        "heatmap": Convolution(none[:1] + np.int8(1), BRIGHTNESS, np.zeros(1, np.int32), 1 / 256, -128),
        "scale": Convolution(none[:2], BRIGHTNESS, size, 0.02, -128),
        "offset": Convolution(none[:2], BRIGHTNESS, np.zeros(2, np.int32), 0.01, 0),
        "landmarks": Convolution(none, BRIGHTNESS, points, 0.01, 0),
    }
    content = convolutions((1, height, width, 3), outputs)
    return write_card(folder, name, content, FACE.format(width=width, height=height))


def write_card(folder: Path, name: str, content: bytes, task: str) -> Path:
    """Write `content` as name.tflite and a card with its hash; return the card's path."""
    (folder / f"{name}.tflite").write_bytes(content)
    path = folder / f"{name}.toml"
    path.write_text(CARD.format(name=name, sha256=hashlib.sha256(content).hexdigest(), task=task.strip()))
    return path


def convolutions(shape: tuple[int, ...], outputs: dict[str, Convolution]) -> bytes:
    """Return a TFLite file with one int8 input of `shape` and these outputs."""
    from ai_edge_litert import schema_py_generated as schema

    model, subgraph = schema.ModelT(), schema.SubGraphT()
    model.version = 3
    model.buffers = [schema.BufferT()]
    subgraph.tensors, subgraph.operators = [], []
    model.subgraphs = [subgraph]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 3
    model.operatorCodes = [code]

    def tensor(name: str, shape: tuple[int, ...], kind: int, scale: float, zero: int, data: Any = None) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.type = name, list(shape), kind
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [scale], [zero]
        if data is not None:
            made.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = np.frombuffer(data.tobytes(), np.uint8)
        subgraph.tensors.append(made)
        return len(subgraph.tensors) - 1

    kinds = schema.TensorType
    picture = tensor("picture", shape, kinds.INT8, 1.0, -128)
    subgraph.inputs, subgraph.outputs = [picture], []
    for name, made in outputs.items():
        channels, stride = made.weights.shape[:2]
        weights = tensor(f"{name}.w", made.weights.shape, kinds.INT8, made.weight_scale, 0, made.weights)
        bias = tensor(f"{name}.b", (channels,), kinds.INT32, made.weight_scale, 0, made.bias)
        grid = (1, shape[1] // stride, shape[2] // stride, channels)
        subgraph.outputs.append(tensor(name, grid, kinds.INT8, made.scale, made.zero_point))
        operator = schema.OperatorT()
        operator.inputs, operator.outputs = [picture, weights, bias], [subgraph.outputs[-1]]
        operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
        operator.builtinOptions = schema.Conv2DOptionsT()
        operator.builtinOptions.padding = schema.Padding.VALID
        operator.builtinOptions.strideH = operator.builtinOptions.strideW = stride
        subgraph.operators.append(operator)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
