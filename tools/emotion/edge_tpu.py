"""Says of each operation in a .tflite whether the Edge TPU compiler maps it, by the compiler's published table.

Source: Coral's documentation, "TensorFlow models on the Edge TPU", table "All operations supported by the Edge TPU and
any known limitations" (compiler 16.0, runtime 14). The compiler itself is a closed program for x86-64 that isn't in
the registries used here, so this is the table read by a program, not the compiler's own word.

Rules:
- Every operation gets a verdict and, if it is "no", the reason. Anything that isn't in the table is "no".
- Whole-model demands are checked on every operation: 8-bit tensors (biases 32-bit), static shapes, constant weights,
  at most the three innermost dimensions larger than one.
- One subgraph: the compiler stops mapping at the first "no", so the summary tells how many operations come before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

BUILTIN = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
TENSOR_TYPE = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
NO_ACTIVATION = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One operation: its place, name, output shape, and why it would not be mapped (empty: it would)."""

    index: int
    name: str
    shape: tuple[int, ...]
    reason: str


class _Op:
    """One operation with its tensors at hand, for the checks below."""

    def __init__(self, model: Any, graph: Any, op: Any) -> None:
        self.op, self.graph, self.model = op, graph, model
        code = model.operatorCodes[op.opcodeIndex]
        self.number = max(code.builtinCode, code.deprecatedBuiltinCode)
        self.version = code.version
        self.inputs = [graph.tensors[i] for i in op.inputs if i >= 0]
        self.outputs = [graph.tensors[i] for i in op.outputs]

    def constant(self, tensor: Any) -> bool:
        data = self.model.buffers[tensor.buffer].data
        return data is not None and len(data) > 0

    def values(self, tensor: Any) -> list[int]:
        """The int32 content of a constant tensor."""
        raw = bytes(bytearray(self.model.buffers[tensor.buffer].data))
        return [int.from_bytes(raw[i : i + 4], "little", signed=True) for i in range(0, len(raw), 4)]


def _plain(_op: _Op) -> str:
    return ""


def _no_activation(op: _Op) -> str:
    fused = getattr(op.op.builtinOptions, "fusedActivationFunction", NO_ACTIVATION)
    return "" if fused == NO_ACTIVATION else "a fused activation is not supported here"


def _same_dilation(op: _Op) -> str:
    options = op.op.builtinOptions
    return "" if options.dilationWFactor == options.dilationHFactor else "dilation differs between x and y"


def _concatenation(op: _Op) -> str:
    if any(op.constant(t) for t in op.inputs) and len(op.inputs) != 2:
        return "a constant among more than two inputs"
    return _no_activation(op)


def _fully_connected(op: _Op) -> str:
    if op.op.builtinOptions.weightsFormat != 0:
        return "only the default weights format"
    if len(op.inputs[1].quantization.scale) > 1:
        return "weights quantised per channel are newer than the compiler"
    return "" if sum(int(d) > 1 for d in op.outputs[0].shape) <= 1 else "the output is not one-dimensional"


def _axes(op: _Op) -> list[int]:
    rank = len(op.inputs[0].shape)
    return [a % rank for a in op.values(op.inputs[1])]


def _mean(op: _Op) -> str:
    shape = op.inputs[0].shape
    axes = _axes(op)
    if 0 in axes and len(shape) == 4:
        return "reduces the batch dimension"
    if len(shape) - 1 in axes and int(shape[-1]) % 4:
        return "reduces a depth that is no multiple of 4"
    return ""


def _not_batch(op: _Op) -> str:
    return "reduces the batch dimension" if 0 in _axes(op) else ""


def _pad(op: _Op) -> str:
    batch = op.values(op.inputs[1])[:2]
    return "pads the batch dimension" if any(batch) else ""


def _pack(op: _Op) -> str:
    return "packs in the batch dimension" if op.op.builtinOptions.axis == 0 else ""


def _resize(op: _Op) -> str:
    options = op.op.builtinOptions
    if getattr(options, "halfPixelCenters", False):
        return "half-pixel centres need version 3, which the compiler refuses"
    return ""


def _softmax(op: _Op) -> str:
    shape = [int(d) for d in op.inputs[0].shape]
    if sum(d > 1 for d in shape) > 1:
        return "only one-dimensional input"
    return "" if max(shape) <= 16000 else "more than 16,000 elements"


def _strided_slice(op: _Op) -> str:
    options = op.op.builtinOptions
    if options.ellipsisMask or options.newAxisMask:
        return "ellipsis or new-axis mask"
    return "" if all(v == 1 for v in op.values(op.inputs[3])) else "strides other than 1"


def _transpose_conv(op: _Op) -> str:
    return "" if op.version <= 3 else "version above 3 (a fused activation): the compiler is said to refuse it"


def _split(op: _Op) -> str:
    axis = op.values(op.inputs[0])[0]
    return "splits the batch dimension" if axis == 0 else ""


CHECKS: dict[str, Callable[[_Op], str]] = {
    "ADD": _plain,
    "AVERAGE_POOL_2D": _no_activation,
    "CONCATENATION": _concatenation,
    "CONV_2D": _same_dilation,
    "DEPTHWISE_CONV_2D": _same_dilation,
    "EXPAND_DIMS": _plain,
    "FULLY_CONNECTED": _fully_connected,
    "L2_NORMALIZATION": _plain,
    "LOGISTIC": _plain,
    "MAXIMUM": _plain,
    "MAX_POOL_2D": _no_activation,
    "MEAN": _mean,
    "MINIMUM": _plain,
    "MUL": _plain,
    "PACK": _pack,
    "PAD": _pad,
    "PRELU": _plain,
    "QUANTIZE": _plain,
    "REDUCE_MAX": _not_batch,
    "REDUCE_MIN": _not_batch,
    "RELU": _plain,
    "RELU6": _plain,
    "RELU_N1_TO_1": _plain,
    "RESHAPE": _plain,
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "RSQRT": _plain,
    "SLICE": _plain,
    "SOFTMAX": _softmax,
    "SPACE_TO_DEPTH": _plain,
    "SPLIT": _split,
    "SQUARED_DIFFERENCE": _plain,
    "SQUEEZE": _plain,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _plain,
    "SUM": _not_batch,
    "TANH": _plain,
    "TRANSPOSE": _plain,
    "TRANSPOSE_CONV": _transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _plain,
}
ACTIVATIONS = {"INT8", "UINT8"}
ALLOWED = ACTIVATIONS | {"INT32"}  # biases, and the shapes, axes and paddings that an operation is told


def _tensors(op: _Op) -> str:
    """The demands on the tensors of every operation."""
    for tensor in [*op.inputs, *op.outputs]:
        kind = TENSOR_TYPE[tensor.type]
        allowed = ALLOWED if op.constant(tensor) else ACTIVATIONS
        if kind not in allowed:
            return f"a tensor of {kind}"
        signature = tensor.shapeSignature
        if signature is not None and any(int(d) < 0 for d in signature):
            return "a shape that is not static"
        shape = [int(d) for d in tensor.shape]
        if not op.constant(tensor) and any(d > 1 for d in shape[:-3]):
            return "more than three dimensions larger than one"
    return ""


def judge(path: Path) -> list[Verdict]:
    """A verdict for every operation of the first subgraph, in order. Raises ValueError for a file of several."""
    model: Any = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    if len(model.subgraphs) != 1:
        raise ValueError(f"{path}: {len(model.subgraphs)} subgraphs; only models of one are understood")
    graph = model.subgraphs[0]
    out = []
    for index, raw in enumerate(graph.operators):
        op = _Op(model, graph, raw)
        name = BUILTIN.get(op.number, f"#{op.number}")
        check = CHECKS.get(name)
        reason = "not in the table" if check is None else _tensors(op) or check(op)
        shape = tuple(int(d) for d in op.outputs[0].shape) if op.outputs else ()
        out.append(Verdict(index, name, shape, reason))
    return out


def report(path: Path, verdicts: list[Verdict], every: bool) -> str:
    """Text for people: a line per operation if asked for, else per kind; then the summary."""
    lines = [f"{path}"]
    if every:
        for v in verdicts:
            shape = "x".join(map(str, v.shape))
            lines.append(f"  {v.index:4d} {v.name:28s} {shape:18s} {'no: ' + v.reason if v.reason else 'yes'}")
    else:
        for (name, reason), count in sorted(Counter((v.name, v.reason) for v in verdicts).items()):
            lines.append(f"  {count:4d} x {name:28s} {'no: ' + reason if reason else 'yes'}")
    first = next((v.index for v in verdicts if v.reason), None)
    if first is None:
        lines.append(f"  all {len(verdicts)} operations map to the Edge TPU")
    else:
        bad = sum(bool(v.reason) for v in verdicts)
        lines.append(
            f"  {bad} of {len(verdicts)} do not map; the first {first} run on the Edge TPU, the rest on the CPU"
        )
    return "\n".join(lines)
