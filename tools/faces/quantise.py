"""From a Graph to a TFLite file: float for comparison, full integer for the device.

Strategy: TFLiteConverter does post-training quantisation (int8 weights per channel, int8 activations per tensor)
on calibration pictures; then the flatbuffer is rewritten so that its outputs carry public names in a fixed order and
nothing in it depends on when or where it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import flatbuffers
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

from tools.faces.graph import Array, Graph
from tools.faces.rebuild import traceable


def to_float(graph: Graph, width: int, height: int) -> bytes:
    """Return the float32 file of `graph`; its input is the real value (pixel - mean) / std."""
    function, owner = traceable(graph, width, height)
    return finish(tf.lite.TFLiteConverter.from_concrete_functions([function], owner).convert(), list(graph.outputs))


def to_int8(graph: Graph, width: int, height: int, pictures: Iterable[Array]) -> bytes:
    """Return the full-integer file of `graph`, calibrated on `pictures` (real-valued, (1, height, width, 3))."""
    function, owner = traceable(graph, width, height)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]

    def samples() -> Iterator[list[Array]]:
        for picture in pictures:
            yield [picture]

    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return finish(converter.convert(), list(graph.outputs))


def finish(data: bytes, outputs: list[str]) -> bytes:
    """Return `data` with its tensors renamed: "picture" in, `outputs` out in this order; converter metadata removed."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    (subgraph,) = model.subgraphs
    (signature,) = model.signatureDefs
    index = {entry.name.decode(): entry.tensorIndex for entry in signature.outputs}
    for number, tensor in enumerate(subgraph.tensors):
        tensor.name = f"t{number}".encode()
    subgraph.tensors[subgraph.inputs[0]].name = b"picture"
    for name in outputs:
        subgraph.tensors[index[name]].name = name.encode()
    subgraph.outputs = np.array([index[name] for name in outputs], np.int32)
    model.signatureDefs = None
    for metadata in model.metadata or []:
        model.buffers[metadata.buffer].data = None
    model.metadata = None
    model.description = b"edged"
    builder = _AligningBuilder(len(data) + 65536)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class _AligningBuilder(flatbuffers.Builder):
    """Keeps the 16-byte alignment of weights that the TFLite schema asks for and generated Python code forgets."""

    def CreateNumpyVector(self, x: NDArray[np.generic]) -> int:
        if x.dtype != np.uint8:
            return int(super().CreateNumpyVector(x))
        self.StartVector(1, x.size, 16)
        self.head = int(self.head - x.size)
        self.Bytes[self.head : self.head + x.size] = x.tobytes()
        self.vectorNumElems = x.size
        return int(self.EndVector())
