"""People in a room, in metres and seconds: who walks where, stops when, and looks away how long.

Rules:
  - x is metres to the right of the camera's axis, z metres in front of the camera.
  - A path is made of legs walked at a steady pace and of pauses, and then rounded: nobody turns on the spot in no time.
  - A person comes once. Whoever comes back later is another entry with a path of its own, hence another visit.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEP_S = 0.02
ROUNDING_S = 0.25
"""Standard deviation of the smoothing of a path: a turn takes about a second."""
BOB_M, SWAY_M = 0.02, 0.015
"""How far a walking head goes up and down twice per double step, and sideways once."""
STEPS_PER_M = 1.4
IDLE_M = 0.02
"""How far a standing head drifts."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on a path and how long one stays there."""

    x: float
    z: float
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Person:
    """One person from coming to going."""

    start: float
    x: Array
    z: Array
    """Position every STEP_S seconds from `start`."""
    up: Array
    """Height of the middle of the face above the floor, likewise."""
    away: list[tuple[float, float]]
    """(from, to) in which the face is turned away."""

    @property
    def end(self) -> float:
        return self.start + STEP_S * (len(self.x) - 1)

    def at(self, now: float) -> tuple[float, float, float] | None:
        """(x, up, z) at a time; None before and after."""
        place = (now - self.start) / STEP_S
        if place < 0 or place > len(self.x) - 1:
            return None
        i = min(int(place), len(self.x) - 2)
        share = place - i
        x, up, z = (float(a[i] + share * (a[i + 1] - a[i])) for a in (self.x, self.up, self.z))
        return x, up, z

    def looks_away(self, now: float) -> bool:
        return any(begin <= now < end for begin, end in self.away)


def walk(
    rng: np.random.Generator, start: float, stops: list[Stop], pace: float, turns_per_min: float, tall: float = 0.0
) -> Person:
    """Return a person who goes from stop to stop at `pace` (m/s) and looks away now and then for 1 to 3 s."""
    xs, zs = [np.array([stops[0].x])], [np.array([stops[0].z])]
    for here, there in pairwise(stops):
        length = float(np.hypot(there.x - here.x, there.z - here.z))
        share = np.linspace(0, 1, max(2, round(length / pace / STEP_S)))[1:]
        stay = round(there.pause / STEP_S)
        xs.append(np.concatenate([here.x + share * (there.x - here.x), np.full(stay, there.x)]))
        zs.append(np.concatenate([here.z + share * (there.z - here.z), np.full(stay, there.z)]))
    x, z = _rounded(np.concatenate(xs)), _rounded(np.concatenate(zs))
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    phase = 2 * np.pi * STEPS_PER_M * walked + rng.uniform(0, 6)
    moving = np.clip(np.gradient(walked, STEP_S) / 0.8, 0, 1)
    height = 1.6 + tall + rng.normal(0, 0.07)
    up = height + BOB_M * moving * np.sin(phase) + _drift(rng, len(x))
    person = Person(start, x + SWAY_M * moving * np.sin(phase / 2) + _drift(rng, len(x)), z, up, [])
    now = start + rng.exponential(60 / turns_per_min) if turns_per_min else person.end
    while now < person.end:
        until = now + rng.uniform(1, 3)
        person.away.append((now, until))
        now = until + 1 + rng.exponential(60 / turns_per_min)
    return person


def _rounded(path: Array) -> Array:
    half = round(3 * ROUNDING_S / STEP_S)
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) * STEP_S / ROUNDING_S) ** 2)
    padded = np.pad(path, half, mode="reflect", reflect_type="odd") if len(path) > half else np.pad(path, half, "edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _drift(rng: np.random.Generator, n: int) -> Array:
    """Slow, bounded wandering of a head."""
    t = np.arange(n) * STEP_S
    return np.asarray(
        IDLE_M * sum(np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * t + rng.uniform(0, 6)) for _ in range(3)) / 2
    )
