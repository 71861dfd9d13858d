"""The pictures that set the ranges of the int8 model: training faces, half of them as they are, half augmented.

One picture is a ramp over all 256 grey values: it pins the input's scale to exactly 1.

    python -m tools.emotion.calibrate --out calibration.npy
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from tools.emotion.augment import Strength, augment
from tools.emotion.data import load


def main() -> None:
    """Parse the command line, draw, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ferplus"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=512)
    args = parser.parse_args()
    images = load(args.data / "train.npz").images
    pick = np.random.default_rng(3).choice(len(images), args.count, replace=False)
    plain = torch.from_numpy(images[pick]).float().unsqueeze(1)
    half = args.count // 2
    plain[half:] = augment(plain[half:].clone(), Strength(cut=0.0), torch.Generator().manual_seed(3))
    pictures = plain[:, 0].clamp(0, 255).round().to(torch.uint8).numpy()
    pictures[0] = np.linspace(0, 255, 48 * 48).reshape(48, 48).round().astype(np.uint8)
    np.save(args.out, pictures)


if __name__ == "__main__":
    main()
