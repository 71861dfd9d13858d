"""Fold a trained checkpoint into plain convolutions: the hand-over from torch to TensorFlow.

Strategy: each batch norm goes into the convolution before it, the pixel scale into the first one and an optional
temperature and logit shift into the last layer. The result is an .npz of float32 arrays in TensorFlow's layout, named
by place, that export.py reads without torch.

    python -m tools.emotion.fold RUN/last.pt --out net.npz [--temperature 1.0] [--shift 0,0,0,0,0,0,0,0]
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tools.emotion import nets

Arrays = dict[str, NDArray[np.float32]]


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel (h, w, in, out) and bias (out) of the convolution followed by the norm."""
    assert norm.running_var is not None and norm.running_mean is not None
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    kernel = conv.weight * gain.view(-1, 1, 1, 1)
    bias = norm.bias - norm.running_mean * gain
    return kernel.permute(2, 3, 1, 0).contiguous().detach().numpy(), bias.detach().numpy()


def _layers(net: nets.Net | nets.Mobile) -> Iterator[tuple[str, nn.Module, nn.Module]]:
    """Each convolution with its name and the batch norm after it."""
    if isinstance(net, nets.Mobile):
        yield "stem0", net.stem[0], net.stem[1]
        for i, block in enumerate(net.blocks):
            assert isinstance(block, nn.Sequential)
            yield f"block{i}.depth", block[0], block[1]
            yield f"block{i}.point", block[3], block[4]
        return
    convolutions = [pair for pair in itertools.pairwise(net.stem) if isinstance(pair[0], nn.Conv2d)]
    for i, pair in enumerate(convolutions):
        yield f"stem{i}", *pair
    for i, block in enumerate(net.blocks):
        assert isinstance(block, nets.Block)
        yield f"block{i}.conv1", block.conv1, block.bn1
        yield f"block{i}.conv2", block.conv2, block.bn2
        if block.short is not None:
            yield f"block{i}.short", block.short[0], block.short[1]


def fold(net: nets.Net | nets.Mobile, temperature: float, shift: NDArray[np.float32]) -> Arrays:
    """All layers as kernel/bias pairs; the input is meant to be pixel - 128."""
    out: Arrays = {}
    for name, conv, norm in _layers(net):
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        kernel, out[f"{name}.bias"] = _fold(conv, norm)
        out[f"{name}.kernel"] = kernel / (nets.PIXEL_SCALE if name == "stem0" else 1.0)
    out["head.kernel"] = (net.head.weight / temperature).detach().numpy().T
    out["head.bias"] = (net.head.bias / temperature).detach().numpy() + shift
    return {k: np.ascontiguousarray(v, np.float32) for k, v in out.items()}


def main() -> None:
    """Parse the command line, fold, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--shift", default="0,0,0,0,0,0,0,0", help="added to the logits, one number per emotion")
    args = parser.parse_args()
    state = torch.load(args.checkpoint, weights_only=False, map_location="cpu")
    net = nets.build(state["shape"])
    net.load_state_dict(state["net"])
    net.eval()
    shift = np.array([float(v) for v in args.shift.split(",")], np.float32)
    arrays = fold(net, args.temperature, shift)
    if isinstance(net, nets.Mobile):
        arrays["plan.strides"] = np.array([stride for _, stride in nets.MOBILE], np.float32)
    else:
        shape = nets.SHAPES[state["shape"]]
        arrays["plan.stem_strides"] = np.array(shape.stem_strides, np.float32)
        arrays["plan.strides"] = np.array(
            [s if i == 0 else 1 for _, count, s in shape.stages for i in range(count)], np.float32
        )
        arrays["plan.flags"] = np.array([shape.stem_pool, shape.aligned], np.float32)
    np.savez(args.out, **arrays)  # type: ignore[arg-type]
    print(f"{args.out}: {sum(v.size for k, v in arrays.items() if not k.startswith('plan')) / 1e6:.2f} M weights")


if __name__ == "__main__":
    main()
