"""From folded weights to one int8 .tflite file; runs in an environment of its own with TensorFlow.

Strategy: rebuild the net as a tf.function with constant weights, convert with full-integer quantisation.

Rules:
- The input's real value is pixel - 128. With pixels 0 and 255 among the calibration pictures its scale is 1.0 and its
  zero point 0, so the int8 fed is the pixel minus 128 and the zeros that pad the picture's border are middle grey.
- The output is the softmax, scale 1/256 and zero point -128 as TensorFlow Lite fixes it.
- Dense weights are quantised per tensor: older runtimes and the Edge TPU compiler know no other way.
- Calibration: augmented training pictures from calibrate.py, so that activations of bad light are in range.

    python -m tools.emotion.export net.npz --calibration calibration.npy --out emotion.tflite [--float F.tflite]
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tools.faces.quantise import finish

Arrays = dict[str, NDArray[np.float32]]


def _conv(x: tf.Tensor, w: Arrays, name: str, stride: int, aligned: bool) -> tf.Tensor:
    """One convolution with bias; stride 2 pads as the trained net did."""
    kernel = tf.constant(w[f"{name}.kernel"])
    side = int(kernel.shape[0])
    if stride == 1 or aligned:
        padding = "VALID" if side == 2 else "SAME"
    else:
        padding = "VALID"
        if side == 3:
            x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.nn.conv2d(x, kernel, stride, padding) + tf.constant(w[f"{name}.bias"])


def _head(x: tf.Tensor, w: Arrays) -> dict[str, tf.Tensor]:
    """Mean over the picture, the fully connected layer, softmax."""
    x = tf.reduce_mean(x, [1, 2])
    logits = tf.matmul(x, tf.constant(w["head.kernel"])) + tf.constant(w["head.bias"])
    return {"scores": tf.nn.softmax(logits)}


def _mobile(w: Arrays) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """The forward pass of a MobileNet."""

    def forward(x: tf.Tensor) -> dict[str, tf.Tensor]:
        x = tf.nn.relu6(_conv(x, w, "stem0", 1, True))
        for i, stride in enumerate(w["plan.strides"]):
            kernel, bias = (
                tf.constant(w[f"block{i}.depth.kernel"].swapaxes(2, 3)),
                tf.constant(w[f"block{i}.depth.bias"]),
            )
            x = tf.nn.relu6(tf.nn.depthwise_conv2d(x, kernel, [1, int(stride), int(stride), 1], "SAME") + bias)
            x = tf.nn.relu6(_conv(x, w, f"block{i}.point", 1, True))
        return _head(x, w)

    return forward


def network(w: Arrays) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """The forward pass (1, 48, 48, 1) -> {"scores": (1, 8)}."""
    if "block0.depth.kernel" in w:
        return _mobile(w)
    pool, aligned = (bool(v) for v in w["plan.flags"])

    def forward(x: tf.Tensor) -> dict[str, tf.Tensor]:
        for i, stride in enumerate(w["plan.stem_strides"]):
            x = tf.nn.relu(_conv(x, w, f"stem{i}", int(stride), aligned))
        if pool:
            x = tf.nn.max_pool2d(x, 3, 2, "SAME")
        for i, stride in enumerate(w["plan.strides"]):
            y = tf.nn.relu(_conv(x, w, f"block{i}.conv1", int(stride), aligned))
            y = _conv(y, w, f"block{i}.conv2", 1, aligned)
            if f"block{i}.short.kernel" in w:
                x = _conv(x, w, f"block{i}.short", int(stride), aligned)
            x = tf.nn.relu(x + y)
        return _head(x, w)

    return forward


def main() -> None:
    """Parse the command line, convert, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("weights", type=Path)
    parser.add_argument("--calibration", type=Path, required=True, help="uint8 pictures (n, 48, 48), .npy")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--float", type=Path, help="write a float32 model here as well")
    args = parser.parse_args()
    with np.load(args.weights) as file:
        w = {k: file[k] for k in file.files}
    pictures = np.load(args.calibration).astype(np.float32)[..., None] - 128.0
    module = tf.Module()
    call = tf.function(network(w), input_signature=[tf.TensorSpec((1, 48, 48, 1), tf.float32, name="face")])
    concrete = call.get_concrete_function()

    def samples() -> Iterator[list[NDArray[np.float32]]]:
        for picture in pictures:
            yield [picture[None]]

    if args.float:
        plain = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module).convert()
        args.float.write_bytes(finish(plain, ["scores"]))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    code = finish(converter.convert(), ["scores"])
    args.out.write_bytes(code)
    print(f"{args.out}: {len(code)} bytes, sha256 {hashlib.sha256(code).hexdigest()}, TensorFlow {tf.__version__}")


if __name__ == "__main__":
    main()
