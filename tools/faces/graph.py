"""The network as plain data: a list of operations with NumPy weights, whichever format it came from.

Strategy: both origins (ONNX and TFLite) are read into the same few kinds of operation, so that folding,
equalising and rebuilding are written once and know nothing about file formats.

Rules:
- Activations are NHWC, weights are HWIO (depthwise: H, W, channels, 1), everything float32.
- Padding is explicit per side, ((top, bottom), (left, right)): "same" means different things to PyTorch and TensorFlow.
- Operations stand in the order in which they run; each writes one tensor that nobody else writes.
- Reading fails on anything unknown; it never guesses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Padding = tuple[tuple[int, int], tuple[int, int]]
NO_PADDING: Padding = ((0, 0), (0, 0))


class Kind(Enum):
    """What an operation does.

    UPSAMPLE is a transposed convolution of kernel 2 and stride 2, which can't overlap; DOUBLE is bilinear interpolation
    to twice the size, with half-pixel centres.
    """

    CONV = "conv"
    DEPTHWISE = "depthwise"
    UPSAMPLE = "upsample"
    RELU = "relu"
    ADD = "add"
    MAX_POOL = "max_pool"
    PAD_CHANNELS = "pad_channels"
    DOUBLE = "double"
    SIGMOID = "sigmoid"


@dataclass(frozen=True, slots=True)
class Op:
    """One operation. `weight` and `bias` are present for the three kinds of convolution only."""

    kind: Kind
    inputs: tuple[str, ...]
    output: str
    weight: Array | None = None
    bias: Array | None = None
    stride: int = 1
    padding: Padding = NO_PADDING
    channels: int = 0  # PAD_CHANNELS: how many channels of zeros follow the given ones
    relu: bool = False  # whether the result is clipped at zero before it is written

    @property
    def w(self) -> Array:
        assert self.weight is not None, f"{self.kind} has no weight"
        return self.weight

    @property
    def b(self) -> Array:
        assert self.bias is not None, f"{self.kind} has no bias"
        return self.bias


@dataclass(frozen=True, slots=True)
class Graph:
    """A network: one input, named outputs (public name to tensor name, in the order a file should list them)."""

    input: str
    ops: tuple[Op, ...]
    outputs: dict[str, str]
    channels: dict[str, int] = field(default_factory=dict)

    def with_ops(self, ops: Iterator[Op] | list[Op]) -> Graph:
        return describe(replace(self, ops=tuple(ops)))

    def users(self, tensor: str) -> list[Op]:
        return [op for op in self.ops if tensor in op.inputs]


def describe(graph: Graph) -> Graph:
    """Return `graph` with the channel count of every tensor filled in, checking that operations fit together."""
    channels = {graph.input: 3}
    for op in graph.ops:
        given = channels[op.inputs[0]]
        match op.kind:
            case Kind.CONV | Kind.UPSAMPLE:
                assert op.w.shape[2] == given, (op.output, op.w.shape, given)
                made = op.w.shape[3]
            case Kind.DEPTHWISE:
                assert op.w.shape[2:] == (given, 1), (op.output, op.w.shape, given)
                made = given
            case Kind.PAD_CHANNELS:
                made = given + op.channels
            case Kind.ADD:
                assert channels[op.inputs[1]] == given, op.output
                made = given
            case _:
                made = given
        assert op.output not in channels, f"{op.output} is written twice"
        channels[op.output] = made
    assert set(graph.outputs.values()) <= channels.keys()
    return replace(graph, channels=channels)


def count_multiply_adds(graph: Graph, width: int, height: int) -> int:
    """Count the multiply-adds of one run on a `width` x `height` picture (convolutions only, as is usual)."""
    sizes = {graph.input: (height, width)}
    total = 0
    for op in graph.ops:
        rows, columns = sizes[op.inputs[0]]
        match op.kind:
            case Kind.CONV | Kind.DEPTHWISE | Kind.MAX_POOL:
                rows, columns = rows // op.stride, columns // op.stride
            case Kind.DOUBLE:
                rows, columns = 2 * rows, 2 * columns
            case Kind.UPSAMPLE:
                total += rows * columns * op.w.size
                rows, columns = 2 * rows, 2 * columns
        if op.kind in (Kind.CONV, Kind.DEPTHWISE):
            total += rows * columns * op.w.size
        sizes[op.output] = (rows, columns)
    return total


def from_onnx(data: bytes, outputs: dict[str, str]) -> Graph:
    """Read a serialised ONNX network; `outputs` maps public names to the file's tensor names.

    Batch norm that follows a transposed convolution is folded into it here, since an Op has no place for it.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(data)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    ops: list[Op] = []
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        given = [constants[name] for name in node.input if name in constants]
        inputs = tuple(name for name in node.input if name not in constants)
        (output,) = node.output
        if node.op_type == "BatchNormalization":
            ops[-1] = _fold_batch_norm(ops[-1], given, float(attributes["epsilon"]), inputs, output)
            continue
        ops.append(_read_onnx_node(node.op_type, attributes, given, inputs, output))
    return describe(Graph(input=model.graph.input[0].name, ops=tuple(ops), outputs=outputs))


def _read_onnx_node(
    name: str, attributes: dict[str, Any], given: list[Array], inputs: tuple[str, ...], output: str
) -> Op:
    match name:
        case "Conv":
            weight, bias = given
            assert attributes["dilations"] == [1, 1]
            (stride, other) = attributes["strides"]
            assert stride == other
            top, left, bottom, right = attributes["pads"]
            depthwise = attributes["group"] > 1
            assert attributes["group"] in (1, weight.shape[0])
            return Op(
                Kind.DEPTHWISE if depthwise else Kind.CONV,
                inputs,
                output,
                # OIHW to HWIO; a depthwise weight is (channels, 1, H, W) and becomes (H, W, channels, 1).
                weight.transpose(2, 3, 0, 1) if depthwise else weight.transpose(2, 3, 1, 0),
                bias,
                stride,
                ((top, bottom), (left, right)),
            )
        case "ConvTranspose":
            (weight,) = given  # (in, out, 2, 2)
            assert weight.shape[2:] == (2, 2) and attributes["strides"] == [2, 2] and attributes["pads"] == [0] * 4
            no_bias = np.zeros(weight.shape[1], np.float32)
            return Op(Kind.UPSAMPLE, inputs, output, weight.transpose(2, 3, 0, 1), no_bias, stride=2)
        case "Relu":
            return Op(Kind.RELU, inputs, output)
        case "Add":
            return Op(Kind.ADD, inputs, output)
        case "Sigmoid":
            return Op(Kind.SIGMOID, inputs, output)
        case _:
            raise NotImplementedError(f"ONNX operation {name}")


def _fold_batch_norm(before: Op, given: list[Array], epsilon: float, inputs: tuple[str, ...], output: str) -> Op:
    assert inputs == (before.output,) and before.kind is Kind.UPSAMPLE
    gamma, beta, mean, variance = (values.astype(np.float64) for values in given)
    factor = gamma / np.sqrt(variance + epsilon)
    return replace(
        before,
        output=output,
        weight=(before.w * factor).astype(np.float32),
        bias=((before.b - mean) * factor + beta).astype(np.float32),
    )


def from_tflite(data: bytes, outputs: dict[str, str]) -> Graph:
    """Read a float TFLite network whose weights may be stored as float16 behind DEQUANTIZE operations.

    Final reshapes are dropped: an output is the map that the last convolution writes.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    (subgraph,) = model.subgraphs
    names = [tensor.name.decode() for tensor in subgraph.tensors]
    codes = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    kinds = schema.TensorType
    types = {kinds.FLOAT32: np.float32, kinds.FLOAT16: np.float16, kinds.INT32: np.int32}
    constants: dict[int, NDArray[Any]] = {}
    for index, tensor in enumerate(subgraph.tensors):
        content = model.buffers[tensor.buffer].data
        if content is not None:
            constants[index] = np.frombuffer(bytes(content), types[tensor.type]).reshape(tensor.shape)
    shapes = [tuple(int(n) for n in tensor.shape) for tensor in subgraph.tensors]

    ops: list[Op] = []
    for operator in subgraph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = codes[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if name == "DEQUANTIZE":
            constants[operator.outputs[0]] = constants[operator.inputs[0]].astype(np.float32)
            continue
        if name == "RESHAPE":
            continue
        given = [constants[index] for index in operator.inputs if index in constants]
        live = [index for index in operator.inputs if index not in constants]
        inputs, output = tuple(names[index] for index in live), names[operator.outputs[0]]
        before, after = shapes[live[0]], shapes[operator.outputs[0]]
        ops.append(_read_tflite_operator(name, operator.builtinOptions, given, inputs, output, before, after))
    return describe(Graph(input=names[subgraph.inputs[0]], ops=tuple(ops), outputs=outputs))


def _read_tflite_operator(
    name: str,
    options: Any,
    given: list[NDArray[Any]],
    inputs: tuple[str, ...],
    output: str,
    before: tuple[int, ...],
    after: tuple[int, ...],
) -> Op:
    assert getattr(options, "fusedActivationFunction", 0) == 0, "the originals keep their activations apart"
    match name:
        case "CONV_2D" | "DEPTHWISE_CONV_2D":
            weight, bias = given
            stride = options.strideH
            assert options.strideW == stride and options.dilationHFactor == 1 == options.dilationWFactor
            if name == "CONV_2D":
                kind, weight = Kind.CONV, weight.transpose(1, 2, 3, 0)  # OHWI
            else:
                kind, weight = Kind.DEPTHWISE, weight.transpose(1, 2, 3, 0)  # 1HWC
            padding = NO_PADDING if options.padding == 1 else _same_padding(weight.shape, stride, before)
            return Op(kind, inputs, output, np.ascontiguousarray(weight), bias, stride, padding)
        case "MAX_POOL_2D":
            assert options.filterHeight == options.filterWidth == options.strideH == options.strideW == 2
            return Op(Kind.MAX_POOL, inputs, output, stride=2)
        case "PAD":
            (paddings,) = given
            assert not paddings[:3].any() and paddings[3, 0] == 0
            return Op(Kind.PAD_CHANNELS, inputs, output, channels=int(paddings[3, 1]))
        case "RESIZE_BILINEAR":
            assert after[1:3] == (2 * before[1], 2 * before[2])
            assert options.halfPixelCenters and not options.alignCorners
            return Op(Kind.DOUBLE, inputs, output)
        case "RELU":
            return Op(Kind.RELU, inputs, output)
        case "ADD":
            return Op(Kind.ADD, inputs, output)
        case _:
            raise NotImplementedError(f"TFLite operation {name}")


def _same_padding(weight: tuple[int, ...], stride: int, before: tuple[int, ...]) -> Padding:
    """TensorFlow's "same": as much as needed, the odd one at the bottom and on the right."""

    def side(kernel: int, size: int) -> tuple[int, int]:
        needed = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return needed // 2, needed - needed // 2

    return side(weight[0], before[1]), side(weight[1], before[2])


def fuse_relu(graph: Graph) -> Graph:
    """Let convolutions and additions clip their own result where nothing else reads the unclipped one.

    A quantised file has no tensor there, so the range of what is clipped away must not count when scales are chosen.
    """
    ops: list[Op] = []
    for op in graph.ops:
        alone = op.kind is Kind.RELU and ops[-1].output == op.inputs[0] and len(graph.users(op.inputs[0])) == 1
        if alone and ops[-1].kind in (Kind.CONV, Kind.DEPTHWISE, Kind.UPSAMPLE, Kind.ADD):
            ops[-1] = replace(ops[-1], output=op.output, relu=True)
        else:
            ops.append(op)
    return graph.with_ops(ops)


def split_output(graph: Graph, output: str, parts: dict[str, list[int]]) -> Graph:
    """Replace the convolution behind `output` by one for each entry of `parts` (public name to channel numbers).

    Each part then gets a quantisation scale of its own, fit for the range of what it says.
    """
    tensor = graph.outputs[output]
    ops: list[Op] = []
    for op in graph.ops:
        if op.output != tensor:
            ops.append(op)
            continue
        picks = [channel for picked in parts.values() for channel in picked]
        assert op.kind is Kind.CONV and sorted(picks) == list(range(op.w.shape[3]))
        for name, picked in parts.items():
            ops.append(replace(op, output=name, weight=op.w[..., picked], bias=op.b[picked]))
    outputs = {name: where for name, where in graph.outputs.items() if name != output}
    return describe(Graph(graph.input, tuple(ops), outputs | {name: name for name in parts}))
