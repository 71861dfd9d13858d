"""Back from a shipped int8 file of the `seeded` shape to a checkpoint that can teach.

The weights are dequantised; batch norms are fitted to a sample of pictures so that the function stays the same.

    git show 21c1f93:models/emotion.tflite > first.tflite
    python -m tools.emotion.unfold first.tflite --out first.pt
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as f
from ai_edge_litert.interpreter import Interpreter
from torch import Tensor, nn

from tools.emotion import nets
from tools.emotion.data import load
from tools.emotion.seed import placed


def layers(path: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Weights and biases of the convolutions and fully connected layers in order, as real numbers."""
    run = Interpreter(model_path=str(path))
    run.allocate_tensors()
    details = {told["index"]: told for told in run.get_tensor_details()}

    def real(index: int) -> Tensor:
        stored = details[index]["quantization_parameters"]
        values = run.get_tensor(index).astype(np.float64)
        axes = [1] * values.ndim
        if len(stored["scales"]) > 1:
            axes[stored["quantized_dimension"]] = -1
        scales, zeros = (stored[name].astype(np.float64).reshape(axes) for name in ("scales", "zero_points"))
        return torch.from_numpy(((values - zeros) * scales).astype(np.float32))

    for op in run._get_ops_details():
        if op["op_name"] in {"CONV_2D", "FULLY_CONNECTED"}:
            yield real(op["inputs"][1]), real(op["inputs"][2])


def unfolded(path: Path, sample: Tensor) -> nets.Net:
    """The net of the file."""
    net = nets.Net(nets.SHAPES["seeded"]).eval()
    parts = layers(path)

    def place(conv: nn.Module, norm: nn.Module, x: Tensor, scale: float = 1.0) -> Tensor:
        kernel, bias = next(parts)
        return placed(conv, norm, x, kernel.permute(0, 3, 1, 2) * scale, torch.ones(len(bias)), bias)

    with torch.no_grad():
        x = (sample - nets.PIXEL_MEAN) / nets.PIXEL_SCALE
        x = net.stem[2:](place(net.stem[0], net.stem[1], x, nets.PIXEL_SCALE))
        for block in net.blocks:
            assert isinstance(block, nets.Block)
            y = torch.relu(place(block.conv1, block.bn1, f.pad(x, (0, 1, 0, 1)) if block.pad else x))
            y = place(block.conv2, block.bn2, y)
            if block.short is not None:
                x = place(block.short[0], block.short[1], x)
            x = torch.relu(x + y)
        net.head.weight, net.head.bias = (nn.Parameter(part) for part in next(parts))
    return net


def main() -> None:
    """Parse the command line, convert, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ferplus"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    images = load(args.data / "train.npz").images
    pick = np.random.default_rng(1).choice(len(images), 512, replace=False)
    net = unfolded(args.model, torch.from_numpy(images[pick]).float().unsqueeze(1))
    torch.save({"net": net.state_dict(), "shape": "seeded"}, args.out)


if __name__ == "__main__":
    main()
