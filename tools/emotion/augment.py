"""What a shop camera does to a face, done to whole batches in a few tensor operations.

Strategy: one affine resampling for geometry (flip, tilt, scale, shift, shear: the jitter of a detector's box), then
light (gain, offset, gamma, a gradient across the picture), then for a share of the pictures the damage of distance:
shrunk to 12..40 pixels and enlarged again, blurred, JPEG-coded, noisy; then a patch cut out.

Rules:
- Input and output are float tensors (n, 1, h, w) with values 0..255; the generator passed in is the only randomness.
- Costs a small fraction of the training step: the slow parts act on a sub-batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
import torch.nn.functional as f
from torch import Generator, Tensor


@dataclass(frozen=True, slots=True)
class Strength:
    """Ranges of the geometry and shares of the pictures that get each kind of damage."""

    tilt: float = 16.0
    scale: float = 0.14
    shift: float = 0.07
    shear: float = 0.06
    light: float = 0.8
    shrink: float = 0.22
    blur: float = 0.12
    jpeg: float = 0.12
    noise: float = 0.15
    cut: float = 0.3


def eased(s: Strength, by: float) -> Strength:
    """The same geometry with less damage: `by` of it is left out, and half as much of the changes of light."""
    less = {name: getattr(s, name) * (1 - by) for name in ("shrink", "blur", "jpeg", "noise", "cut")}
    return replace(s, **less, light=s.light * (1 - by / 2))


def _uniform(n: int, low: float, high: float, g: Generator) -> Tensor:
    return torch.rand(n, generator=g) * (high - low) + low


def _chosen(n: int, share: float, g: Generator) -> Tensor:
    return torch.nonzero(torch.rand(n, generator=g) < share).flatten()


def geometry(x: Tensor, s: Strength, g: Generator) -> Tensor:
    """Flip, tilt, scale, shear and shift; beyond the edge the border pixel repeats."""
    n = len(x)
    angle = torch.deg2rad(torch.randn(n, generator=g).clamp(-2, 2) * (s.tilt / 2))
    zoom = torch.exp(_uniform(n, -s.scale, s.scale, g))
    stretch = torch.exp(_uniform(n, -s.scale / 3, s.scale / 3, g))
    flip = torch.where(torch.rand(n, generator=g) < 0.5, -1.0, 1.0)
    shear = _uniform(n, -s.shear, s.shear, g)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    shift_x, shift_y = (_uniform(n, -2 * s.shift, 2 * s.shift, g) for _ in range(2))
    theta = torch.stack(
        [
            torch.stack([cos * flip * stretch, -sin + shear * cos, shift_x], 1),
            torch.stack([sin * flip * stretch, cos + shear * sin, shift_y], 1),
        ],
        1,
    )
    grid = f.affine_grid(theta, list(x.shape), align_corners=False)
    return f.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def light(x: Tensor, s: Strength, g: Generator) -> Tensor:
    """Gain and offset around the middle grey, gamma, and a linear gradient as a window at one side gives."""
    n, _, h, w = x.shape
    on = (torch.rand(n, generator=g) < s.light).float().view(n, 1, 1, 1)
    gamma = torch.exp(_uniform(n, -0.45, 0.45, g).view(n, 1, 1, 1) * on)
    x = 255.0 * (x / 255.0).clamp(1e-3, 1.0) ** gamma
    gain = torch.exp(_uniform(n, -0.5, 0.35, g).view(n, 1, 1, 1) * on)
    offset = _uniform(n, -30, 30, g).view(n, 1, 1, 1) * on
    x = (x - 128.0) * gain + 128.0 + offset
    some = _chosen(n, 0.2, g)
    if len(some):
        angle = _uniform(len(some), 0, 2 * torch.pi, g).view(-1, 1, 1, 1)
        slope = _uniform(len(some), 10, 60, g).view(-1, 1, 1, 1)
        ys, xs = torch.linspace(-1, 1, h).view(1, 1, h, 1), torch.linspace(-1, 1, w).view(1, 1, 1, w)
        x[some] = x[some] + slope * (torch.cos(angle) * xs + torch.sin(angle) * ys)
    return x.clamp(0, 255)


def shrink(x: Tensor, side: int) -> Tensor:
    """A face of `side` pixels seen by the product: averaged down, then enlarged bilinearly."""
    small = f.interpolate(x, size=(side, side), mode="area")
    return f.interpolate(small, size=x.shape[-2:], mode="bilinear", align_corners=False)


def blur(x: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur, separable, edges reflected."""
    radius = max(1, int(3 * sigma + 0.5))
    line = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    line = line / line.sum()
    x = f.conv2d(f.pad(x, (radius, radius, 0, 0), mode="reflect"), line.view(1, 1, 1, -1))
    return f.conv2d(f.pad(x, (0, 0, radius, radius), mode="reflect"), line.view(1, 1, -1, 1))


def jpeg(x: Tensor, quality: list[int]) -> Tensor:
    """Code and decode each picture as JPEG."""
    out = []
    for picture, q in zip(x[:, 0].round().to(torch.uint8).numpy(), quality, strict=True):
        ok, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, q])
        assert ok
        out.append(np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)))
    return torch.from_numpy(np.stack(out)).float().unsqueeze(1)


def augment(x: Tensor, s: Strength, g: Generator) -> Tensor:
    """The whole chain on one batch."""
    x = light(geometry(x, s, g), s, g)
    n = len(x)
    far = _chosen(n, s.shrink, g)
    for part in torch.split(far, max(1, len(far) // 4)):  # a side for each of a few groups, not one per picture
        x[part] = shrink(x[part], int(torch.randint(12, 41, (1,), generator=g)))
    soft = _chosen(n, s.blur, g)
    for part in torch.split(soft, max(1, len(soft) // 2)):
        x[part] = blur(x[part], float(_uniform(1, 0.5, 2.0, g)))
    noisy = _chosen(n, s.noise, g)
    x[noisy] = x[noisy] + torch.randn(x[noisy].shape, generator=g) * _uniform(len(noisy), 2, 14, g).view(-1, 1, 1, 1)
    x = x.clamp(0, 255)
    coded = _chosen(n, s.jpeg, g)
    if len(coded):
        x[coded] = jpeg(x[coded], torch.randint(20, 80, (len(coded),), generator=g).tolist())
    for i in _chosen(n, s.cut, g).tolist():
        h, w = (int(v) for v in torch.randint(6, 20, (2,), generator=g))
        top, left = (int(v) for v in torch.randint(-4, x.shape[-1] - 6, (2,), generator=g))
        x[i, 0, max(0, top) : top + h, max(0, left) : left + w] = float(_uniform(1, 40, 200, g))
    return x
