"""Run a Graph in TensorFlow, so that TFLiteConverter can trace it.

Rules:
- Only operations that the Edge TPU compiler maps are used; shapes are static.
- A stride-2 convolution padded by one on each side (PyTorch) reads only the top and left border of an even picture:
  it becomes a pad there and a "valid" convolution. Padding as TensorFlow does it stays "same" and costs nothing.
- A 2x2 stride-2 transposed convolution is written as two 1x1 convolutions, one for the even and one for the
  odd rows, whose results only have to be put in order (see `_upsample`). It is exact, and avoids TRANSPOSE_CONV,
  which needs version 4 of the operation once a ReLU is fused into it.
- Bilinear doubling with half-pixel centres needs version 3 of RESIZE_BILINEAR, which the compiler refuses: it is made
  from version 1 and a mean of neighbours (see `_double`), exactly too, for a fifth more time of the whole BlazeFace.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tools.faces.graph import Array, Graph, Kind, Op, Padding, _same_padding

Tensor = Any


def run(graph: Graph, picture: Tensor) -> dict[str, Tensor]:
    """Return every tensor of `graph` by name for `picture`, a real-valued (1, height, width, 3) float tensor."""
    tensors: dict[str, Tensor] = {graph.input: picture}
    for op in graph.ops:
        tensors[op.output] = _apply(op, [tensors[name] for name in op.inputs])
    return tensors


def traceable(graph: Graph, width: int, height: int) -> tuple[Any, tf.Module]:
    """Return (concrete function, its owner) with the outputs of `graph` as a dictionary of their public names."""
    owner = tf.Module()

    def outputs(picture: Tensor) -> dict[str, Tensor]:
        tensors = run(graph, picture)
        return {name: tf.identity(tensors[where], name) for name, where in graph.outputs.items()}

    signature = [tf.TensorSpec((1, height, width, 3), tf.float32, "picture")]
    owner.serve = tf.function(outputs, input_signature=signature, autograph=False)
    return owner.serve.get_concrete_function(), owner


def channel_peaks(graph: Graph, pictures: list[Array]) -> dict[str, Array]:
    """Return for every tensor the largest absolute value that each channel took over `pictures`."""
    _, height, width, _ = pictures[0].shape
    signature = [tf.TensorSpec((1, height, width, 3), tf.float32)]

    @tf.function(input_signature=signature, autograph=False)
    def peaks(picture: Tensor) -> dict[str, Tensor]:
        return {name: tf.reduce_max(tf.abs(t), axis=(0, 1, 2)) for name, t in run(graph, picture).items()}

    found: dict[str, Array] = {}
    for picture in pictures:
        for name, peak in peaks(picture).items():
            found[name] = np.maximum(found.get(name, np.float32(0)), peak.numpy())
    return found


def _apply(op: Op, given: list[Tensor]) -> Tensor:
    x = given[0]
    match op.kind:
        case Kind.CONV:
            x, padding = _pad(x, op.w.shape, op.stride, op.padding)
            return _finish(op, tf.nn.conv2d(x, op.w, op.stride, padding) + op.b)
        case Kind.DEPTHWISE:
            x, padding = _pad(x, op.w.shape, op.stride, op.padding)
            return _finish(op, tf.nn.depthwise_conv2d(x, op.w, (1, op.stride, op.stride, 1), padding) + op.b)
        case Kind.UPSAMPLE:
            return _upsample(x, op)
        case Kind.RELU:
            return tf.nn.relu(x)
        case Kind.ADD:
            return _finish(op, x + given[1])
        case Kind.MAX_POOL:
            return tf.nn.max_pool2d(x, 2, 2, "VALID")
        case Kind.PAD_CHANNELS:
            return tf.pad(x, ((0, 0), (0, 0), (0, 0), (0, op.channels)))
        case Kind.DOUBLE:
            return _double(x)
        case Kind.SIGMOID:
            return tf.nn.sigmoid(x)


def _pad(x: Tensor, weight: tuple[int, ...], stride: int, padding: Padding) -> tuple[Tensor, str]:
    if padding == _same_padding(weight, stride, tuple(x.shape)):
        return x, "SAME"
    (top, bottom), (left, right) = padding
    # What the last window doesn't reach needs no padding.
    bottom -= (x.shape[1] + top + bottom - weight[0]) % stride
    right -= (x.shape[2] + left + right - weight[1]) % stride
    assert bottom >= 0 and right >= 0
    if (top, bottom, left, right) == (0, 0, 0, 0):
        return x, "VALID"
    return tf.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0))), "VALID"


def _double(x: Tensor) -> Tensor:
    """Return bilinear doubling with half-pixel centres, without the option of that name.

    Half-pixel doubling H samples a line at i/2 - 1/4, the old-fashioned one U at i/2. Between two samples of U the line
    is straight, so H[i] is the mean of U[i - 1] and U[i]. What U lacks before the first sample, where H repeats the
    border, is had by repeating the first row and column beforehand.
    """
    x = tf.concat([x[:, :1], x], 1)
    x = tf.concat([x[:, :, :1], x], 2)
    size = (2 * x.shape[1], 2 * x.shape[2])
    x = tf.raw_ops.ResizeBilinear(images=x, size=size, align_corners=False, half_pixel_centers=False)
    return tf.nn.avg_pool2d(x[:, 1:, 1:], 2, 1, "VALID")


def _upsample(x: Tensor, op: Op) -> Tensor:
    """Return the transposed convolution as two 1x1 convolutions.

    Each input pixel makes a 2x2 block. Its even row is one convolution with (left, right) as channels, which in memory
    already is a row twice as wide; its odd row is another. Side by side they are the two rows in order.
    """
    _, height, width, _ = x.shape
    _, _, given, made = op.w.shape
    rows = []
    for dy in (0, 1):
        weight = np.concatenate([op.w[dy, 0], op.w[dy, 1]], axis=1).reshape(1, 1, given, 2 * made)
        row = tf.nn.conv2d(x, weight, 1, "VALID") + np.concatenate([op.b, op.b])
        rows.append(tf.reshape(_finish(op, row), (1, height, 2 * width, made)))
    return tf.reshape(tf.concat(rows, axis=2), (1, 2 * height, 2 * width, made))


def _finish(op: Op, x: Tensor) -> Tensor:
    return tf.nn.relu(x) if op.relu else x
