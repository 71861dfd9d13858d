"""The schedule of a soak, its samples, and the verdict.

    calm ── fault ── lifted ── everything works again ── calm ── next fault …
     └ samples: memory, descriptors and threads of each process, disk

Rules:
  - Only samples of calm stretches count: the camera is live, and messages arrive. A stretch is one point of the line.
  - Descriptors and threads must be in every calm sample what they were in the first one after the warm-up.
  - Growth is broken when even the lower end of its 95 % interval is beyond the bar, and shown to be within the bar only
    when the upper end is; else, and within JUDGED_FROM_S, the run was too short to tell, and the figures say so.
"""

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from tools.faults_support.case import Invariant, Lab
from tools.soak_support.service import Held, Service
from tools.soak_support.trend import Trend, trend

MOST_GROWTH_MB_A_DAY = 1.0
JUDGED_FROM_S = 1200.0
"""So long the samples after the warm-up must reach: before that a process still loads what it keeps for good."""
RETURN_WITHIN_S = 120.0
"""After a longer outage the broker is tried again after a minute only (docs/RELIABILITY.md)."""
STARTS_WITHIN_S = 120.0
DAY_S = 86400.0
ROLES = ("run", "sense", "capture", "publish")
GUARDED = ("run", "sense", "publish")
"""These processes must be the same ones at the end; a capture process goes with its camera."""


@dataclass(frozen=True)
class Plan:
    """How long, and how often what."""

    seconds: float
    every_s: float
    """From one fault to the next."""
    out_s: float
    """How long a fault lasts."""
    sample_s: float
    warm_up_s: float
    log: Path | None
    """Takes a JSON line for each sample and fault."""


@dataclass(frozen=True)
class Sample:
    """What was held at a calm moment."""

    at_s: float
    stretch: int
    """How many faults came before it."""
    held: dict[str, Held]
    disk_kb: int


def soak(lab: Lab, plan: Plan, stop: threading.Event) -> None:
    """Run until the time is over or `stop` is set; the verdict is in `lab.figures`. Raises BrokenError."""
    service = Service(lab)
    faults = service.faults()
    write = _writer(plan.log)
    lab.wait_until(lambda: service.live and service.reader.arrived > 0, "the first message arrives", STARTS_WITHIN_S)
    began = time.monotonic()
    samples: list[Sample] = []
    struck: Counter[str] = Counter()
    back: list[float] = []

    def now() -> float:
        return time.monotonic() - began

    while not stop.is_set() and now() < plan.seconds:
        until = min(now() + plan.every_s - plan.out_s, plan.seconds)
        while not stop.wait(min(plan.sample_s, max(until - now(), 0.01))):
            sample = Sample(now(), struck.total(), service.held(), service.disk_kb)
            if service.live:  # on a busy machine a camera may be lost again by itself
                samples.append(sample)
                write(asdict(sample))
            lab.check(service.run.pid != 0, Invariant.I6, "edged run has ended")
            if now() >= until:
                break
        if stop.is_set() or now() >= plan.seconds:
            break
        fault = faults[struck.total() % len(faults)]
        fault.strike()
        stop.wait(plan.out_s)
        fault.lift()
        arrived = service.reader.arrived
        back.append(
            lab.wait_until(
                lambda arrived=arrived: service.live and service.reader.arrived > arrived,
                f"after '{fault.name}' the camera is live and messages arrive",
                RETURN_WITHIN_S,
            )
        )
        struck[fault.name] += 1
        write({"at_s": now(), "fault": fault.name, "back_after_s": back[-1]})
        lab.tell(
            f"{now() / 60:.0f} of {plan.seconds / 60:.0f} min, {struck.total()} faults; Ctrl-C: the verdict so far"
        )
    committed = service.committed
    lab.wait_until(lambda: service.reader.has(committed), "all that was committed has arrived", invariant=Invariant.I1)
    lab.figures |= {
        "minutes": round(now() / 60, 1),
        "warm_up_minutes": round(plan.warm_up_s / 60, 1),
        "samples": len(samples),
        "faults": ", ".join(f"{count}× {name}" for name, count in sorted(struck.items())),
        "seconds_to_return": f"{sorted(back)[len(back) // 2]:.1f} (most {max(back):.1f})" if back else "",
        "committed": sum(committed.values()),
        "arrived": service.reader.arrived,
        "repeated": service.reader.repeated,
    }
    service.reader.judge(committed)
    judge(lab, [sample for sample in samples if sample.at_s >= plan.warm_up_s])


def judge(lab: Lab, samples: Sequence[Sample]) -> None:
    """Hold the samples after the warm-up against the bars; raise BrokenError for what fell."""
    lab.check(bool(samples), Invariant.I4, "there is no sample after the warm-up")
    long_enough = samples[-1].at_s - samples[0].at_s >= JUDGED_FROM_S
    shown, grown = [], []
    for role in ROLES:
        held = [(sample, sample.held[role]) for sample in samples if role in sample.held]
        lab.figures |= {
            f"{role}_descriptors": _range([each.descriptors for _, each in held]),
            f"{role}_threads": _range([each.threads for _, each in held]),
        }
        growth = _growth(lab, f"{role}_memory", [(sample, each.memory_kb) for sample, each in held])
        shown.append(growth is not None and long_enough and growth.slope + growth.margin <= MOST_GROWTH_MB_A_DAY)
        if growth is not None and long_enough and growth.slope - growth.margin > MOST_GROWTH_MB_A_DAY:
            grown.append(role)
    _growth(lab, "disk", [(sample, sample.disk_kb) for sample in samples])
    lab.figures["growth_shown_within_bar"] = all(shown)
    lab.check(not grown, Invariant.I4, f"memory grows: {', '.join(grown)}")
    first = samples[0].held
    for sample in samples:
        for role in GUARDED:
            now, then = sample.held.get(role), first.get(role)
            told = f"{role} at {sample.at_s / 60:.1f} min: {now}, at first {then}"
            same = now is not None and then is not None and now.pid == then.pid
            lab.check(same, Invariant.I6, f"another process, or none; {told}")
        lab.check(_counts(sample) == _counts(samples[0]), Invariant.I4, f"{_counts(sample)}, not {_counts(samples[0])}")


def _growth(lab: Lab, name: str, points: Sequence[tuple[Sample, int]]) -> Trend | None:
    """Take down how a figure in KiB began, ended and grew, a stretch one point; give its trend in MB a day."""
    stretches: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for sample, kb in points:
        stretches[sample.stretch].append((sample.at_s / DAY_S, kb * 1024 / 1e6))
    means = [(fmean(x for x, _ in each), fmean(y for _, y in each)) for each in stretches.values()]
    found = trend(means)
    if means:
        lab.figures[f"{name}_mb"] = f"{means[0][1]:.2f} → {means[-1][1]:.2f}"
    if found is not None:
        lab.figures[f"{name}_growth"] = (
            f"{found.slope / 24:+.3f} ± {found.margin / 24:.3f} MB/h ({found.slope:+.1f} ± {found.margin:.1f} MB a day)"
        )
    return found


def _counts(sample: Sample) -> dict[str, str]:
    return {role: f"{held.descriptors} descriptors, {held.threads} threads" for role, held in sample.held.items()}


def _range(figures: Sequence[int]) -> str:
    least, most = min(figures, default=0), max(figures, default=0)
    return str(least) if least == most else f"{least} to {most}"


def _writer(log: Path | None) -> Callable[[dict[str, object]], None]:
    """A function that adds a line to the log, if there is one."""

    def write(told: dict[str, object]) -> None:
        if log is not None:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")

    return write
