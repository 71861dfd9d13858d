"""Fold a trained checkpoint into plain convolutions: the hand-over from torch to TensorFlow.

Strategy: each batch norm goes into the convolution before it, the pixel scale into the first one and an optional
temperature and logit shift into the last layer. The result is an .npz of float32 arrays in TensorFlow's layout, named
by place, that export.py reads without torch.

    python -m tools.emotion.fold RUN/last.pt --out net.npz [--temperature 1.0] [--shift 0,0,0,0,0,0,0,0]
"""

from __future__ import annotations

import argparse
import itertools
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


def fold(net: nets.Net, temperature: float, shift: NDArray[np.float32]) -> Arrays:
    """All layers as kernel/bias pairs; the input is meant to be pixel - 128."""
    out: Arrays = {}
    stem = list(net.stem)
    index = 0
    for conv, norm in itertools.pairwise(stem):
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            kernel, bias = _fold(conv, norm)
            out[f"stem{index}.kernel"] = kernel / (nets.PIXEL_SCALE if index == 0 else 1.0)
            out[f"stem{index}.bias"] = bias
            index += 1
    for i, block in enumerate(net.blocks):
        assert isinstance(block, nets.Block)
        pairs: dict[str, tuple[nn.Module, nn.Module]] = {
            "conv1": (block.conv1, block.bn1),
            "conv2": (block.conv2, block.bn2),
        }
        if block.short is not None:
            pairs["short"] = (block.short[0], block.short[1])
        for name, (conv, norm) in pairs.items():
            assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            out[f"block{i}.{name}.kernel"], out[f"block{i}.{name}.bias"] = _fold(conv, norm)
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
