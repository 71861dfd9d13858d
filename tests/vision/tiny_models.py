"""Tiny TFLite files made by hand, so that tests of loading and feeding need no real model.

Strategy: the flatbuffer is written with LiteRT's schema; all of them are convolutions of the input, one step each.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from flatbuffers import flexbuffers
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

SSD_DETECTIONS = 10
SSD = """
task = "face"
input = {{ width = {width}, height = {height}, colour = "rgb", mean = 0.0, std = 1.0, fit = "letterbox" }}
[output]
layout = "ssd"
threshold = 0.5
nms_iou = 0.3
tensors = {{ boxes = "boxes", classes = "classes", scores = "scores", count = "count" }}
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
    made = _Builder(shape)
    for name, convolution in outputs.items():
        made.outputs.append(made.convolve(name, convolution))
    return made.finish()


def write_ssd(folder: Path, name: str = "coral", width: int = 64, height: int = 48) -> Path:
    """Write a face stand-in of the layout of Coral's detectors and its card; return the card's path.

    As in :func:`write_face` a cell's score is its brightness and its box a square of FACE_PX around its middle, but it
    is TFLite_Detection_PostProcess in the file itself that decodes and suppresses.
    """
    made = _Builder((1, height, width, 3))
    weights = np.stack([np.zeros((4, 4, 3), np.int8), np.ones((4, 4, 3), np.int8)])
    brightness = made.convolve("brightness", Convolution(weights, BRIGHTNESS, np.zeros(2, np.int32), 1 / 256, -128))
    rows, columns = np.mgrid[0 : height // 4, 0 : width // 4].reshape(2, -1)
    centres = ((rows + 0.5) * 4 / height, (columns + 0.5) * 4 / width)
    sizes = (np.full(rows.size, FACE_PX / height), np.full(rows.size, FACE_PX / width))
    anchors = np.stack([*centres, *sizes], 1).astype(np.float32)
    made.outputs += made.post_process(brightness, anchors)
    return write_card(folder, name, made.finish(), SSD.format(width=width, height=height))


class _Builder:
    """Collects tensors and operations of a file with one int8 picture (scale 1, zero point -128) as input."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema = schema
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.subgraphs, self.model.operatorCodes = 3, [self.graph], []
        self.model.buffers = [schema.BufferT()]
        self.graph.tensors, self.graph.operators = [], []
        self.shape = shape
        self.picture = self.tensor("picture", shape, np.int8, 1.0, -128)
        self.outputs: list[int] = []

    def tensor(
        self, name: str, shape: tuple[int, ...], dtype: Any, scale: float = 0, zero: int = 0, data: Any = None
    ) -> int:
        kinds = self.schema.TensorType
        made = self.schema.TensorT()
        made.name, made.shape = name, list(shape)
        made.type = {np.int8: kinds.INT8, np.int32: kinds.INT32, np.float32: kinds.FLOAT32}[dtype]
        if scale:
            made.quantization = self.schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [zero]
        if data is not None:
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(self.schema.BufferT())
            self.model.buffers[-1].data = np.frombuffer(data.tobytes(), np.uint8)
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def operator(self, kind: int, version: int, inputs: list[int], outputs: list[int]) -> Any:
        code = self.schema.OperatorCodeT()
        code.builtinCode, code.version = kind, version
        code.deprecatedBuiltinCode = min(kind, 127)
        self.model.operatorCodes.append(code)
        made = self.schema.OperatorT()
        made.opcodeIndex = len(self.model.operatorCodes) - 1
        made.inputs, made.outputs = inputs, outputs
        self.graph.operators.append(made)
        return made

    def convolve(self, name: str, made: Convolution) -> int:
        channels, stride = made.weights.shape[:2]
        weights = self.tensor(f"{name}.w", made.weights.shape, np.int8, made.weight_scale, 0, made.weights)
        bias = self.tensor(f"{name}.b", (channels,), np.int32, made.weight_scale, 0, made.bias)
        grid = (1, self.shape[1] // stride, self.shape[2] // stride, channels)
        output = self.tensor(name, grid, np.int8, made.scale, made.zero_point)
        operator = self.operator(self.schema.BuiltinOperator.CONV_2D, 3, [self.picture, weights, bias], [output])
        operator.builtinOptionsType = self.schema.BuiltinOptions.Conv2DOptions
        operator.builtinOptions = self.schema.Conv2DOptionsT()
        operator.builtinOptions.padding = self.schema.Padding.VALID
        operator.builtinOptions.strideH = operator.builtinOptions.strideW = stride
        return output

    def post_process(self, classes: int, anchors: NDArray[np.float32]) -> list[int]:
        count = len(anchors)
        grid = tuple(self.graph.tensors[classes].shape)
        real = self.tensor("real", grid, np.float32)
        self.operator(self.schema.BuiltinOperator.DEQUANTIZE, 2, [classes], [real])
        shape = self.tensor("shape", (3,), np.int32, data=np.array([1, count, 2], np.int32))
        rows = self.tensor("rows", (1, count, 2), np.float32)
        self.operator(self.schema.BuiltinOperator.RESHAPE, 1, [real, shape], [rows])
        moves = self.tensor("moves", (1, count, 4), np.float32, data=np.zeros((1, count, 4), np.float32))
        where = self.tensor("anchors", (count, 4), np.float32, data=anchors)
        shapes = {"boxes": (1, SSD_DETECTIONS, 4), "classes": (1, SSD_DETECTIONS), "scores": (1, SSD_DETECTIONS)}
        outputs = [self.tensor(name, shape, np.float32) for name, shape in (shapes | {"count": (1,)}).items()]
        operator = self.operator(self.schema.BuiltinOperator.CUSTOM, 1, [moves, rows, where], outputs)
        self.model.operatorCodes[-1].customCode = "TFLite_Detection_PostProcess"
        options: dict[str, float] = {"max_detections": SSD_DETECTIONS, "max_classes_per_detection": 1, "num_classes": 1}
        options |= {"nms_score_threshold": 0.1, "nms_iou_threshold": 0.5, "use_regular_nms": False}
        options |= {"y_scale": 10.0, "x_scale": 10.0, "h_scale": 5.0, "w_scale": 5.0}
        operator.customOptions = np.frombuffer(flexbuffers.Dumps(options), np.uint8)
        return outputs

    def finish(self) -> bytes:
        self.graph.inputs, self.graph.outputs = [self.picture], self.outputs
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
