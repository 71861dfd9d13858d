"""The emotion networks, small enough for a Raspberry Pi and an Edge TPU: a MobileNet, and the residual net before it.

Rules:
- Only convolution, depthwise or not, max pooling, addition, ReLU, ReLU6, mean and fully connected layers: everything
  the Edge TPU compiler maps.
- The input is grey pixels as float 0..255, shape (n, 1, 48, 48); the normalisation is the net's own first step, so that
  the export can fold it into the first convolution.
- The output is logits, shape (n, 8), in the project's order of emotions.
- `aligned` nets pad stride-2 layers at the bottom and right only, which is what TensorFlow's SAME does for an even
  size; the others pad one pixel on every side and need an explicit PAD in the exported graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as f
from torch import Tensor, nn

PIXEL_MEAN = 128.0
PIXEL_SCALE = 64.0
CLASSES = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """What a net looks like: stem channels and strides, then one (channels, blocks, stride) per stage."""

    stem: tuple[int, ...]
    stem_strides: tuple[int, ...]
    stages: tuple[tuple[int, int, int], ...]
    stem_kernel: int = 3
    stem_pool: bool = False
    aligned: bool = False
    dropout: float = 0.3


SHAPES: dict[str, Shape] = {
    # The front three quarters of dlib's face net, scaled to a 48-pixel face: see seed.py.
    "seeded": Shape((32,), (1,), ((32, 3, 1), (64, 4, 2), (128, 3, 2), (256, 1, 2)), 5, True, True),
}


MOBILE = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2))
"""Channels and stride of each depthwise and pointwise pair."""


class Block(nn.Module):
    """A basic residual block: conv-bn-relu-conv-bn, add, relu; a strided projection where the shape changes."""

    def __init__(self, cin: int, cout: int, stride: int, aligned: bool) -> None:
        super().__init__()
        self.pad = aligned and stride == 2
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 0 if self.pad else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        nn.init.zeros_(self.bn2.weight)
        kernel = 2 if self.pad else 1
        self.short = (
            nn.Sequential(nn.Conv2d(cin, cout, kernel, stride, 0, bias=False), nn.BatchNorm2d(cout))
            if stride != 1 or cin != cout
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(f.pad(x, (0, 1, 0, 1)) if self.pad else x)
        y = self.bn2(self.conv2(torch.relu(self.bn1(y))))
        return torch.relu((x if self.short is None else self.short(x)) + y)


class Net(nn.Module):
    """Stem, stages, global mean, dropout, one fully connected layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        stem: list[nn.Module] = []
        cin = 1
        for cout, stride in zip(shape.stem, shape.stem_strides, strict=True):
            kernel = shape.stem_kernel
            stem += [nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(cout), nn.ReLU()]
            cin = cout
        if shape.stem_pool:
            # Zeros pad as well as minus infinity would: the values are those of a ReLU.
            stem += [nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2)]
        self.stem = nn.Sequential(*stem)
        blocks: list[nn.Module] = []
        for cout, count, stride in shape.stages:
            for i in range(count):
                blocks.append(Block(cin, cout, stride if i == 0 else 1, shape.aligned))
                cin = cout
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(cin, CLASSES)

    def front(self, pixels: Tensor, blocks: int) -> Tensor:
        """Stem and the first few blocks."""
        x: Tensor = self.stem((pixels - PIXEL_MEAN) / PIXEL_SCALE)
        x = self.blocks[:blocks](x)
        return x

    def back(self, x: Tensor, blocks: int) -> Tensor:
        """What follows `front` with the same number of blocks."""
        out: Tensor = self.head(self.dropout(self.blocks[blocks:](x).mean((2, 3))))
        return out

    def forward(self, pixels: Tensor) -> Tensor:
        return self.back(self.front(pixels, 0), 0)


class Level(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's SAME does for an even size."""

    def __init__(self, cin: int, cout: int, side: int, stride: int = 1, groups: int = 1) -> None:
        padding = side // 2 if stride == 1 else 0
        super().__init__(cin, cout, side, stride, padding, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 1:
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):  # backward of a strided depthwise layer: ten times slower in bf16
            return super().forward(f.pad(x.float(), (0, 1, 0, 1))).to(x.dtype)


class Mobile(nn.Module):
    """MobileNet v1 (Howard et al. 2017) without its last pair of layers, on a face of 48 pixels enlarged twofold.

    The enlargement is part of the first kernel (`tools.emotion.faceres`), so the stem's answer is 48 wide.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Level(1, 32, 3), nn.BatchNorm2d(32), nn.ReLU6())
        blocks: list[nn.Module] = []
        cin = 32
        for cout, stride in MOBILE:
            depth = Level(cin, cin, 3, stride, groups=cin), nn.BatchNorm2d(cin), nn.ReLU6()
            point = Level(cin, cout, 1), nn.BatchNorm2d(cout), nn.ReLU6()
            blocks.append(nn.Sequential(*depth, *point))
            cin = cout
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(cin, CLASSES)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.blocks(self.stem((pixels - PIXEL_MEAN) / PIXEL_SCALE))
        out: Tensor = self.head(self.dropout(x.mean((2, 3))))
        return out


def build(name: str) -> Net | Mobile:
    """A fresh net of a named shape."""
    return Mobile() if name == "mobile" else Net(SHAPES[name])


def multiply_adds(net: nn.Module, side: int = 48) -> int:
    """Multiply-adds of all convolutions and fully connected layers for one picture."""
    total = 0

    def count(layer: nn.Module, _inputs: tuple[Tensor, ...], out: Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            total += out[0].numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()

    hooks = [m.register_forward_hook(count) for m in net.modules()]
    was = net.training
    net.eval()
    with torch.no_grad():
        net(torch.zeros(1, 1, side, side))
    net.train(was)
    for hook in hooks:
        hook.remove()
    return total
