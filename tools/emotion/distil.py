"""Train the net that ships on the raters' votes and on what teachers say of the very same damaged picture.

Strategy: function matching (Beyer et al. 2022, arXiv:2106.05237). Each batch is augmented and partly mixed, one teacher
scores just what the student sees, and the target is the weighted mean of both. Teachers that only score the clean
training pictures repeat the votes, which they know by heart; of a picture that nobody has seen before they tell more.

Rules:
- One teacher per batch, in turn: the loss is linear in its target, so that this is the mean of all at the cost of one.
- Muon for pointwise layers, AdamW for the rest; both in bfloat16 where matrices are multiplied.
- The rate falls with the steps done or with the time spent, whichever is further on (--minutes).
- The moving average of the weights is judged and kept. valid.npz only judges.

    python -m tools.emotion.distil --warm START.pt --teachers A.pt B.pt --epochs 15 --out student.pt
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tools.emotion import nets
from tools.emotion.augment import Strength, augment, eased
from tools.emotion.data import load, sampling_weights
from tools.emotion.scores import summary
from tools.emotion.train import Crew, Muon, average, expand, predict, rate_at


def restored(path: Path, key: str = "net") -> nets.Net | nets.Mobile:
    """The net of a checkpoint."""
    state = torch.load(path, weights_only=False)
    net = nets.build(state["shape"])
    net.load_state_dict(state[key])
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def teacher(path: Path) -> nn.Module:
    """The net of a checkpoint, made fast: batch norms folded into convolutions, bfloat16."""
    net = restored(path).eval()
    for module in list(net.modules()):
        children = list(module.named_children())
        for (name, conv), (following, norm) in itertools.pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(conv, norm))
                setattr(module, following, nn.Identity())
    return net


def scores(net: nn.Module, x: Tensor) -> Tensor:
    """What a teacher says."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return torch.softmax(net(x).float(), 1)


def mixed(x: Tensor, y: Tensor, share: float, g: torch.Generator, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A share of the batch, blended with other pictures of it."""
    count = int(share * len(x))
    other = torch.randperm(len(x), generator=g)[:count]
    keep = torch.from_numpy(rng.beta(0.6, 0.6, count)).float()
    wide = keep.view(-1, 1, 1, 1)
    x, y = x.clone(), y.clone()
    pictures = wide * x[:count] + (1 - wide) * x[other]
    targets = keep[:, None] * y[:count] + (1 - keep[:, None]) * y[other]
    x[:count], y[:count] = pictures, targets
    return x, y


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ferplus"))
    parser.add_argument("--warm", type=Path, required=True, help="weights to start from")
    parser.add_argument("--key", default="net", choices=("net", "raw"), help="averaged weights or the last step's")
    parser.add_argument("--teachers", type=Path, nargs="*", default=[])
    parser.add_argument("--teach", type=float, default=0.6, help="weight of the teachers in the target")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=15)
    parser.add_argument("--minutes", type=float, default=1e9, help="end after this time even if epochs are left")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.006, help="Muon's; AdamW takes --adam-rate")
    parser.add_argument("--adam-rate", type=float, default=1e-3)
    parser.add_argument("--warm-up", type=float, default=0.04)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--mix", type=float, default=0.3, help="share of the pictures that are blended with another")
    parser.add_argument(
        "--ease", type=float, nargs=2, default=(0.6, 0.85), help="damage left out, half-way and at last"
    )
    parser.add_argument("--balance", type=float, default=0.3, help="power of the rare-class sampling")
    parser.add_argument("--cap", type=float, default=2.5)
    parser.add_argument("--ema", type=float, default=0.998)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check-every", type=int, default=210, help="steps")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    train, valid = load(args.data / "train.npz"), load(args.data / "valid.npz")
    images, votes = torch.from_numpy(train.images), torch.from_numpy(train.shares)
    net, teachers = restored(args.warm, args.key), [teacher(path) for path in args.teachers]
    net.dropout.p = args.dropout
    ema = copy.deepcopy(net)
    wide = [p for p in net.parameters() if p.ndim == 4 and p[0].numel() >= 32]
    muon = Muon(wide, args.decay, Crew(0, 1, args.out), dtype=torch.bfloat16)
    rest = [p for p in net.parameters() if all(p is not w for w in wide)]
    adam = torch.optim.AdamW(rest, lr=args.adam_rate, weight_decay=1e-3)
    weights = sampling_weights(train.shares, args.balance, args.cap)
    total = int(args.epochs * weights.sum() / args.batch)
    g, rng = torch.Generator().manual_seed(args.seed), np.random.default_rng(args.seed)
    begun, step, done, losses, order = time.time(), 0, 0.0, 0.0, np.zeros(0, np.int64)
    while done < 1:
        done = max(step / total, (time.time() - begun) / (60 * args.minutes))
        if len(order) < args.batch:
            order = expand(weights, rng)
        pick, order = torch.from_numpy(order[: args.batch].copy()), order[args.batch :]
        ease = args.ease[0] + (args.ease[1] - args.ease[0]) * max(0.0, 2 * done - 1)
        x = augment(images[pick].float().unsqueeze(1), eased(Strength(), ease), g)
        x, y = mixed(x, votes[pick], args.mix, g, rng)
        x = x.contiguous(memory_format=torch.channels_last)
        if teachers:
            y = (1 - args.teach) * y + args.teach * scores(teachers[step % len(teachers)], x)
        net.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(x)
        loss = -(y * torch.log_softmax(logits.float(), 1)).sum(1).mean()
        net.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        factor = rate_at(done, args.warm_up)
        muon.step(args.rate * factor)
        for group in adam.param_groups:
            group["lr"] = args.adam_rate * factor
        adam.step()
        step += 1
        average(ema, net, min(args.ema, (1 + step) / (20 + step)))
        losses += float(loss.detach())
        if step % args.check_every == 0 or done >= 1:
            with torch.autocast("cpu", torch.bfloat16):
                got = predict(ema, valid.images)
            line = {"step": step, "done": done, "seconds": time.time() - begun}
            line["loss"], losses = losses / (step % args.check_every or args.check_every), 0.0
            line["cross_entropy"] = float(-(valid.shares * np.log(got + 1e-9)).sum(1).mean())
            line |= summary(got, valid.shares, valid.labels)
            print(json.dumps({k: round(v, 4) for k, v in line.items()}), flush=True)
            torch.save({"net": ema.state_dict(), "raw": net.state_dict(), "shape": "mobile", "step": step}, args.out)


if __name__ == "__main__":
    main()
