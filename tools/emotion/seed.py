"""Start weights for the `seeded` net from dlib's face recognition net (Davis King, public domain, CC0).

Why: FER+ is small and its labels are noisy; a net that has already seen faces needs far fewer passes. Only early and
middle layers are taken, as a starting point; every weight is trained further, and nothing of the embedding remains.

Strategy: the file of the PyPI package face-recognition-models 0.3.0 (models/dlib_face_recognition_resnet_model_v1.dat)
stores each tensor as a version byte pair, four variable-length sizes and raw little-endian floats, shallow layers
first. The colour filters are summed (a grey picture has three equal channels), the first convolution, written for
faces of 150 pixels, is composed with a twofold bilinear enlargement into one 5x5 convolution on 48 pixels, and dlib's
frozen affine layers become batch norms with the statistics of FER+ that compute the same function.

    python -m tools.emotion.seed DLIB.dat --out seeded.pt
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as f
from numpy.typing import NDArray
from torch import Tensor, nn

from tools.emotion import nets
from tools.emotion.data import load

DLIB_MEANS = (122.782, 117.001, 104.298)


def _size(code: bytes, at: int) -> tuple[int, int] | None:
    """Read dlib's variable-length integer at an offset: (value, next offset), or nothing if there is none."""
    count = code[at] & 0x0F
    if not 1 <= count <= 8 or code[at] & 0xF0:
        return None
    return int.from_bytes(code[at + 1 : at + 1 + count], "little"), at + 1 + count


def tensors(code: bytes) -> list[NDArray[np.float32]]:
    """All tensors of at least 64 plausible floats, in file order."""
    out, at = [], 0
    while at < len(code) - 16:
        follow = at + 2
        sizes: list[int] = []
        if code[at : at + 2] == b"\x01\x02":
            while len(sizes) < 4 and (item := _size(code, follow)) is not None and item[0] >= 1:
                sizes.append(item[0])
                follow = item[1]
        count = int(np.prod(sizes)) if len(sizes) == 4 else 0
        values = np.frombuffer(code, "<f4", count if follow + 4 * count <= len(code) else 0, follow)
        if count >= 64 and len(values) and np.isfinite(values).all() and 1e-5 < np.abs(values).max() < 1e4:
            out.append(values)
            at = follow + 4 * count
        else:
            at += 1
    return out


def first_kernel(colour: Tensor) -> Tensor:
    """The 5x5 stride-1 kernel on small pixels that equals enlarging twofold and the 7x7 stride-2 kernel."""
    grey = colour.sum(1, keepdim=True)
    probe = torch.zeros(1, 1, 17, 17)
    probe[0, 0, 8, 8] = 1
    large = f.interpolate(probe, scale_factor=2, mode="bilinear", align_corners=False)
    answer = f.conv2d(large, grey, stride=2, padding=3)[0]  # the response at p to an impulse at 8 is kernel[8 - p]
    return answer[:, 6:11, 6:11].flip((1, 2)).unsqueeze(1)


def placed(conv: nn.Module, norm: nn.Module, x: Tensor, kernel: Tensor, gain: Tensor, offset: Tensor) -> Tensor:
    """Set a convolution and its batch norm so that together they are gain * kernel + offset; returns that of x.

    The kernel is scaled to the usual spread of fresh weights, and the norm has the statistics of x.
    """
    assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    scale = (2.0 / kernel[0].numel()) ** 0.5 / float(kernel.std())
    conv.weight.copy_(kernel * scale)
    y = conv(x)
    mean, var = y.mean((0, 2, 3)), y.var((0, 2, 3))
    norm.running_mean, norm.running_var = mean.clone(), var.clone()
    norm.weight.copy_(gain / scale * (var + norm.eps).sqrt())
    norm.bias.copy_(gain / scale * mean + offset)
    out: Tensor = norm(y)
    return out


def seeded(parts: list[NDArray[np.float32]], sample: Tensor) -> nets.Net:
    """The net with dlib's weights, its batch norms fitted to the sample of pictures layer by layer."""
    net = nets.Net(nets.SHAPES["seeded"]).eval()
    # (convolution, affine) pairs in order; the affine's gamma and beta follow each other in one tensor.
    pairs = iter(zip(parts[0::2], parts[1::2], strict=False))

    def place(conv: nn.Module, norm: nn.Module, x: Tensor, kernel: Tensor, bias: Tensor, affine: Tensor) -> Tensor:
        """Put kernel and affine in place so that norm(conv(x)) is what dlib computes; returns norm(conv(x))."""
        gamma, beta = affine.chunk(2)
        return placed(conv, norm, x, kernel, gamma, gamma * bias + beta)

    def take(cout: int, cin: int, side: int) -> tuple[Tensor, Tensor, Tensor]:
        both, affine = next(pairs)
        count = cout * cin * side * side
        assert both.size == count + cout and affine.size == 2 * cout
        flat = torch.from_numpy(both.copy())
        return flat[:count].view(cout, cin, side, side), flat[count:], torch.from_numpy(affine.copy())

    with torch.no_grad():
        x = (sample - nets.PIXEL_MEAN) / nets.PIXEL_SCALE
        kernel, bias, affine = take(32, 3, 7)
        # dlib feeds (pixel - mean) / 256 per colour; ours feeds (pixel - 128) / 64.
        bias = bias + sum((nets.PIXEL_MEAN - m) / 256.0 * kernel[:, c].sum((1, 2)) for c, m in enumerate(DLIB_MEANS))
        y = place(net.stem[0], net.stem[1], x, first_kernel(kernel) * (nets.PIXEL_SCALE / 256.0), bias, affine)
        x = net.stem[2:](y)
        for block in net.blocks:
            assert isinstance(block, nets.Block)
            cin, cout = block.conv1.in_channels, block.conv1.out_channels
            inner = f.pad(x, (0, 1, 0, 1)) if block.pad else x
            y = torch.relu(place(block.conv1, block.bn1, inner, *take(cout, cin, 3)))
            y = place(block.conv2, block.bn2, y, *take(cout, cout, 3))
            if block.short is not None:
                # dlib averages 2x2 pixels and fills the new channels with zeros.
                project, norm = block.short[0], block.short[1]
                assert isinstance(project, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
                project.weight.copy_(torch.randn(project.weight.shape) * 0.01 * project.weight[0].numel() ** -0.5)
                for c in range(cin):
                    project.weight[c, c] += 0.25
                short = project(x)
                mean, var = short.mean((0, 2, 3)), short.var((0, 2, 3))
                norm.running_mean, norm.running_var = mean.clone(), var.clone()
                norm.weight.copy_((var + norm.eps).sqrt())
                norm.bias.copy_(mean)
                x = norm(short)
            x = torch.relu(x + y)
            print(f"{cin:4d} -> {cout:4d}: mean {float(x.mean()):.3f} std {float(x.std()):.3f}")
        net.head.weight.mul_(0.1 / max(1e-3, float(x.mean((2, 3)).std())))
    return net


def main() -> None:
    """Parse the command line, convert, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("dat", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ferplus"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.manual_seed(1)
    images = load(args.data / "train.npz").images
    pick = np.random.default_rng(1).choice(len(images), 512, replace=False)
    net = seeded(tensors(args.dat.read_bytes()), torch.from_numpy(images[pick]).float().unsqueeze(1))
    torch.save({"net": net.state_dict(), "shape": "seeded"}, args.out)
    size, cost = sum(p.numel() for p in net.parameters()) / 1e6, nets.multiply_adds(net) / 1e6
    print(f"{size:.2f} M parameters, {cost:.0f} MMAC")


if __name__ == "__main__":
    main()
