"""Cross-layer equalisation: give the channels of each activation similar ranges without changing what is computed.

An int8 tensor has one scale for all its channels, so a channel that never exceeds a hundredth of the largest one keeps
one or two bits. Where a channel passes only through operations that don't mind being scaled (ReLU, add, pool, resize)
it can be made larger by s in the convolution that writes it and smaller by s in those that read it (Nagel et al.
2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv:1906.04721; here the ranges are
measured on pictures, and `alpha` divides the burden between activation and weights as in SmoothQuant, Xiao et al.
2022, arXiv:2211.10438).

Rules:
- Channels that one scale must serve, because an addition or a ReLU ties them, are found by union over
  (tensor, channel) and get the same factor.
- The input, the outputs and what feeds a sigmoid keep their units: factor 1.
- Factors are powers of two, so that scaling loses no bit: the result computes the same numbers, not just nearly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tools.faces.graph import Array, Graph, Kind, Op

_TYING = (Kind.RELU, Kind.ADD, Kind.MAX_POOL, Kind.DOUBLE, Kind.PAD_CHANNELS, Kind.SIGMOID)
_WRITING = (Kind.CONV, Kind.DEPTHWISE, Kind.UPSAMPLE)


def equalise(graph: Graph, peaks: dict[str, Array], alpha: float = 0.5, smallest: float = 1e-3) -> Graph:
    """Return `graph` rescaled channel by channel.

    `peaks` holds the largest absolute value of each channel of each tensor (`rebuild.channel_peaks`). A channel at a
    share r of its tensor's range is divided by r ** alpha, rounded to a power of two: 0 changes nothing, 1 makes all
    ranges equal and leaves the whole difference to the weights. Shares below `smallest` count as `smallest`: a dead
    channel needs no bits.
    """
    factors = _factors(graph, peaks, alpha, smallest)
    return graph.with_ops([_rescale(op, factors) for op in graph.ops])


def _factors(graph: Graph, peaks: dict[str, Array], alpha: float, smallest: float) -> dict[str, Array]:
    start: dict[str, int] = {}
    total = 0
    for name, count in graph.channels.items():
        start[name], total = total, total + count
    parent = list(range(total))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for op in graph.ops:
        if op.kind in _TYING:
            for name in op.inputs:
                for channel in range(graph.channels[name]):
                    parent[root(start[name] + channel)] = root(start[op.output] + channel)

    share = np.zeros(total)
    for name, at in start.items():
        for channel, value in enumerate(peaks[name] / max(float(peaks[name].max()), 1e-30)):
            group = root(at + channel)
            share[group] = max(share[group], float(value))
    factor = np.exp2(np.round(alpha * np.log2(np.clip(share, smallest, 1.0))))
    for name in (graph.input, *graph.outputs.values()):
        for channel in range(graph.channels[name]):
            factor[root(start[name] + channel)] = 1.0
    groups = np.array([root(index) for index in range(total)])
    return {name: factor[groups[at : at + graph.channels[name]]].astype(np.float32) for name, at in start.items()}


def _rescale(op: Op, factors: dict[str, Array]) -> Op:
    if op.kind not in _WRITING:
        return op
    reads, writes = factors[op.inputs[0]], factors[op.output]
    # A depthwise weight has its one channel in the place where the others have their inputs.
    weight = op.w * ((reads / writes)[:, None] if op.kind is Kind.DEPTHWISE else reads[:, None] / writes)
    return replace(op, weight=weight.astype(np.float32), bias=(op.b / writes).astype(np.float32))
