"""Train the net that later teaches (`distil`) on the raters' votes.

Strategy: the sample-efficient way, because the machine has no accelerator: Muon (Jordan 2024; momentum whose update
matrix is orthogonalised by a Newton-Schulz iteration) for the convolutions and AdamW for the rest, one warm-up and
linear decay, an exponential moving average of the weights that is what gets judged and kept.

Rules:
- One thread per process: two threads that share cores with other work wait for each other at every layer. Several
  processes (--world) share one run instead and meet once a step: each sees its own part of the batch, the gradients
  are averaged, and each orthogonalises its share of the matrices.
- The rate follows the steps done, or the time spent where --minutes sets a limit, whichever is further on: a run that
  gets little of the machine still ends with a low rate.
- A checkpoint after every epoch holds everything needed to go on; --resume goes on from it.
- valid.npz only judges; no parameter is fitted on it.

    python -m tools.emotion.train --shape seeded --warm SEEDED.pt --epochs 20 --seed 1 --out RUN
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn

from tools.emotion import nets
from tools.emotion.augment import Strength, augment, eased
from tools.emotion.data import Faces, load, sampling_weights
from tools.emotion.scores import summary


def orthogonalise(m: Tensor, steps: int = 5) -> Tensor:
    """The quintic Newton-Schulz iteration towards the nearest orthogonal matrix (coefficients of Jordan 2024)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = m / (m.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(steps):
        y = x @ x.T
        x = a * x + (b * y + c * y @ y) @ x
    out: Tensor = x.T if tall else x
    return out


class Crew:
    """The processes of one run; alone, every sum is the value itself."""

    def __init__(self, rank: int, size: int, meeting: Path) -> None:
        self.rank, self.size = rank, size
        if size > 1:
            distributed.init_process_group(
                "gloo", init_method=f"file://{meeting.resolve()}", rank=rank, world_size=size
            )

    def sum(self, values: list[Tensor]) -> list[Tensor]:
        """The sum over all processes of each tensor, in one message."""
        if self.size == 1:
            return values
        flat = torch.cat([v.contiguous().view(-1) for v in values])
        distributed.all_reduce(flat)
        parts = torch.split(flat, [v.numel() for v in values])
        return [part.view(v.shape) for part, v in zip(parts, values, strict=True)]

    @torch.no_grad()
    def average_gradients(self, params: list[nn.Parameter]) -> None:
        """Replace each gradient by the mean over all processes."""
        if self.size == 1:
            return
        moved = [p for p in params if p.grad is not None]
        sums = self.sum([p.grad.contiguous() for p in moved if p.grad is not None])
        for p, total in zip(moved, sums, strict=True):
            p.grad = total / self.size

    def agreed(self, value: float) -> float:
        """The value of the first process."""
        if self.size == 1:
            return value
        box = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(box, 0)
        return float(box)

    @torch.no_grad()
    def align(self, net: nn.Module) -> None:
        """Give every process the first one's parameters and the mean of the batch statistics."""
        if self.size == 1:
            return
        for p in net.parameters():
            held = p.contiguous()
            distributed.broadcast(held, 0)
            p.copy_(held)
        running = [b for b in net.buffers() if b.dtype.is_floating_point]
        for b, total in zip(running, self.sum(running), strict=True):
            b.copy_(total / self.size)


class Muon:
    """Momentum with an orthogonalised update for weights of two and more dimensions; decoupled weight decay."""

    def __init__(
        self,
        params: list[nn.Parameter],
        decay: float,
        crew: Crew,
        momentum: float = 0.95,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.params, self.decay, self.crew, self.momentum = params, decay, crew, momentum
        self.dtype = dtype
        self.buffers = [torch.zeros_like(p) for p in params]
        # The dearest matrix goes to whoever has least to do: the cost is rows (the shorter side) times elements.
        loads = [0.0] * crew.size
        self.mine = [False] * len(params)
        for i in sorted(range(len(params)), key=lambda i: -params[i].numel() * min(params[i].flatten(1).shape)):
            worker = loads.index(min(loads))
            loads[worker] += params[i].numel() * min(params[i].flatten(1).shape)
            self.mine[i] = worker == crew.rank

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One update with the given rate."""
        updates = []
        for p, buffer, mine in zip(self.params, self.buffers, self.mine, strict=True):
            if p.grad is None:  # frozen for now
                updates.append(torch.zeros(0))
                continue
            buffer.lerp_(p.grad, 1 - self.momentum)
            ahead = p.grad.lerp(buffer, self.momentum).flatten(1)
            scale = max(1.0, ahead.shape[0] / ahead.shape[1]) ** 0.5
            updates.append(orthogonalise(ahead.to(self.dtype)).float() * scale if mine else torch.zeros_like(ahead))
        for p, update in zip(self.params, self.crew.sum(updates), strict=True):
            if len(update):
                p.mul_(1 - rate * self.decay).add_(update.view_as(p), alpha=-rate)


def rate_at(done: float, warm: float) -> float:
    """The factor of the learning rate after the given share of the run."""
    return done / warm if done < warm else max(0.0, (1 - done) / (1 - warm))


@torch.no_grad()
def average(ema: nn.Module, net: nn.Module, keep: float) -> None:
    """Move the averaged net, statistics of batch norms included, towards the present one."""
    for a, b in zip(ema.state_dict().values(), net.state_dict().values(), strict=True):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - keep)
        else:
            a.copy_(b)


def predict(net: nn.Module, images: NDArray[np.uint8], mirror: bool = False, batch: int = 256) -> NDArray[np.float32]:
    """Scores (n, 8); with `mirror` the mean of the logits of the picture and its mirror image."""
    net.eval()
    out = []
    with torch.no_grad():
        for i in range(0, len(images), batch):
            x = torch.from_numpy(images[i : i + batch]).float().unsqueeze(1)
            logits = net(x)
            if mirror:
                logits = (logits + net(x.flip(3))) / 2
            out.append(torch.softmax(logits.float(), 1))
    return torch.cat(out).numpy()


def expand(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """One epoch's order: each picture floor(w) times plus once more with the chance of the remainder, shuffled."""
    times = np.floor(weights + rng.random(len(weights))).astype(np.int64)
    order: NDArray[np.int64] = rng.permutation(np.repeat(np.arange(len(weights)), times))
    return order


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ferplus"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shape", default="seeded", choices=sorted(nets.SHAPES))
    parser.add_argument("--epochs", type=float, default=40)
    parser.add_argument("--minutes", type=float, default=0, help="end after this time even if epochs are left")
    parser.add_argument("--warm-up", type=float, default=0.06, help="share of the run in which the rate rises")
    parser.add_argument("--freeze", type=int, default=-1, help="blocks that, with the stem, do not learn at first")
    parser.add_argument("--keep", type=int, default=-1, help="the same after --thaw")
    parser.add_argument("--thaw", type=float, default=0.6, help="share of the run after which they do")
    parser.add_argument("--ease", type=float, default=0.0, help="share of the damage left out at the end of the run")
    parser.add_argument("--ease-from", type=float, default=0.7, help="share of the run where leaving out begins")
    parser.add_argument("--batch", type=int, default=128, help="pictures per step and process")
    parser.add_argument("--world", type=int, default=1, help="processes that share this run")
    parser.add_argument("--rank", type=int, default=0, help="which of them this is")
    parser.add_argument("--rate", type=float, default=0.02, help="Muon's; AdamW takes --adam-rate")
    parser.add_argument("--adam-rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ema", type=float, default=0.998)
    parser.add_argument("--balance", type=float, default=0.4, help="power of the rare-class sampling")
    parser.add_argument("--cap", type=float, default=3.0)
    parser.add_argument("--warm", type=Path, help="weights to start from")
    parser.add_argument("--check-every", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    train, valid = load(args.data / "train.npz"), load(args.data / "valid.npz")
    run(args, train, valid)


def forward(net: nets.Net, x: Tensor, frozen: int) -> Tensor:
    """Logits; the stem and the first `frozen` blocks neither learn nor update their statistics; -1: all learn."""
    if frozen < 0:
        net.train()
        out: Tensor = net(x)
        return out
    net.stem.eval()
    net.blocks[:frozen].eval()
    with torch.no_grad():
        x = net.front(x, frozen)
    return net.back(x, frozen)


def run(args: argparse.Namespace, train: Faces, valid: Faces) -> None:
    """The training loop."""
    crew = Crew(args.rank, args.world, args.out / "meeting")
    net = nets.Net(nets.SHAPES[args.shape])
    if args.warm:
        net.load_state_dict(torch.load(args.warm, weights_only=False)["net"])
    net.dropout.p = args.dropout
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    params = list(net.parameters())
    matrices = [p for n, p in net.named_parameters() if p.ndim == 4 and not n.startswith("stem.0")]
    rest = [p for p in params if all(p is not m for m in matrices)]
    muon = Muon(matrices, args.decay, crew)
    adam = torch.optim.AdamW(rest, lr=args.adam_rate, weight_decay=1e-3)
    weights = sampling_weights(train.shares, args.balance, args.cap)
    total = int(args.epochs * weights.sum() / (args.batch * args.world))
    step, epoch, spent = 0, 0, 0.0
    last = args.out / "last.pt"
    ema = copy.deepcopy(net)
    if args.resume and last.exists():
        state = torch.load(last, weights_only=False)
        net.load_state_dict(state["raw"])
        ema.load_state_dict(state["net"])
        adam.load_state_dict(state["adam"])
        muon.buffers = state["muon"]
        step, epoch, spent = state["step"], state["epoch"], state["spent"]
    crew.align(net)
    if crew.rank == 0:
        size, cost = sum(p.numel() for p in params) / 1e6, nets.multiply_adds(net) / 1e6
        print(f"{args.shape}: {size:.2f} M parameters, {cost:.0f} MMAC, {total} steps", flush=True)
    images, targets = torch.from_numpy(train.images), torch.from_numpy(train.shares)
    start, done = time.time() - spent, 0.0
    while done < 1:
        rng = np.random.default_rng([args.seed, epoch])
        g = torch.Generator().manual_seed((args.seed * 1000 + epoch) * 8 + crew.rank)
        order = torch.from_numpy(expand(weights, rng))
        begun, loss_sum, seen = time.time(), 0.0, 0
        net.train()
        for both in torch.split(order, args.batch * args.world):
            done = step / total
            if args.minutes:
                done = max(done, crew.agreed((time.time() - start) / (60 * args.minutes)))
            if len(both) < args.batch * args.world or done >= 1:
                break
            pick = both[crew.rank :: crew.size]
            ramp = max(0.0, (done - args.ease_from) / (1 - args.ease_from))
            x = augment(images[pick].float().unsqueeze(1), eased(Strength(), args.ease * ramp), g)
            y = targets[pick]
            logits = forward(
                net, x.to(memory_format=torch.channels_last), args.freeze if done < args.thaw else args.keep
            )
            loss = -(y * torch.log_softmax(logits, 1)).sum(1).mean()
            net.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            crew.average_gradients(params)
            factor = rate_at(done, args.warm_up)
            muon.step(args.rate * factor)
            for group in adam.param_groups:
                group["lr"] = args.adam_rate * factor
            adam.step()
            step += 1
            keep = min(args.ema, (1 + step) / (20 + step))
            average(ema, net, keep)
            loss_sum, seen = loss_sum + float(loss.detach()), seen + 1
            if step % 20 == 0 and crew.rank == 0:
                speed = seen * args.batch * args.world / (time.time() - begun)
                print(f"  step {step} done {done:.3f} loss {loss_sum / seen:.4f} {speed:.0f}/s", flush=True)
        epoch += 1
        crew.align(net)
        if crew.rank == 0:
            state = {"net": ema.state_dict(), "raw": net.state_dict(), "adam": adam.state_dict(), "muon": muon.buffers}
            state |= {"step": step, "epoch": epoch, "shape": args.shape, "spent": time.time() - start}
            torch.save(state, args.out / "new.pt")
            (args.out / "new.pt").replace(last)
            line: dict[str, float] = {"epoch": epoch, "step": step, "loss": loss_sum / max(1, seen)}
            line["seconds"] = time.time() - begun
            if epoch % args.check_every == 0 or done >= 1:
                line |= summary(predict(ema, valid.images), valid.shares, valid.labels)
            print(json.dumps({k: round(v, 4) for k, v in line.items()}), flush=True)
        done = crew.agreed(done)


if __name__ == "__main__":
    main()
