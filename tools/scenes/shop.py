"""Fills a room with people: a few manners of passing through it, mixed per scene.

A manner makes the stops of one person's path from a random generator and the lens; a scene calls it whenever somebody
is due. Times between arrivals are exponential, so that people bunch up as they do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .eye import Rhythm
from .people import STEP_S, Person, Stop, walk
from .stage import Lens, Post

OUTSIDE_M = 0.6
"""How far beyond the picture's edge a path begins and ends."""
ELBOW_ROOM_M = 0.45
QUEUE_S = 6.0
TRIES = 8
"""People don't walk through one another: of so many paths the one that is least in the way of others is taken."""

Manner = Callable[[np.random.Generator, Lens, "Room"], list[Stop]]


@dataclass(frozen=True, slots=True)
class Room:
    """How far the room goes, and what is in it."""

    near: float
    far: float
    """Metres from the camera between which people walk."""
    posts: tuple[Post, ...] = ()
    door: tuple[float, float] = (0.0, 5.0)
    """(x, z) of a door within the picture."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One scene."""

    name: str
    lens: Lens
    room: Room
    rhythm: Rhythm
    seconds: float
    people: float
    """How many are in the room on average."""
    most: int
    """How many are in it at the most."""
    manners: Mapping[str, float]
    """Manner → its share."""
    turns_per_min: float = 2.0
    pace: tuple[float, float] = (0.7, 1.5)
    together: float = 0.0
    """Share of arrivals that bring a second person, half a metre beside."""
    every: float = 0.0
    """Seconds from one arrival to the next, the same for all; 0: at random."""


def fill(rng: np.random.Generator, recipe: Recipe) -> list[Person]:
    """Return everybody who comes in the time of the scene; the scene begins empty and nobody comes near its end."""
    people: list[Person] = []
    names, shares = list(recipe.manners), np.array(list(recipe.manners.values()))
    now, mean_stay = 1.0, 10.0
    while now < recipe.seconds - 4:
        inside = sum(person.start <= now < person.end for person in people)
        if inside < recipe.most:
            manner = names[rng.choice(len(names), p=shares / shares.sum())]
            tries = [_arrive(rng, recipe, manner, now) for _ in range(TRIES)]
            person = min(tries, key=lambda one: crush(one, people))
            people.append(person)
            if inside + 1 < recipe.most and rng.random() < recipe.together:
                people.append(_beside(rng, recipe, person))
            mean_stay = float(np.mean([p.end - p.start for p in people]))
        # Little's law: arrivals per second times the time in the room are the people in it.
        now += recipe.every or rng.exponential(mean_stay * (1 + recipe.together) / recipe.people)
    return people


def crush(person: Person, others: Sequence[Person]) -> float:
    """Return for how many seconds somebody would be closer to others than people like."""
    total = 0.0
    for other in others:
        begin, end = max(person.start, other.start), min(person.end, other.end)
        n = int((end - begin) / STEP_S)
        if n > 0:
            i, j = round((begin - person.start) / STEP_S), round((begin - other.start) / STEP_S)
            away = np.hypot(person.x[i : i + n] - other.x[j : j + n], person.z[i : i + n] - other.z[j : j + n])
            total += STEP_S * float((away < ELBOW_ROOM_M).sum())
    return total


def _arrive(rng: np.random.Generator, recipe: Recipe, manner: str, now: float) -> Person:
    stops = MANNERS[manner](rng, recipe.lens, recipe.room)
    return walk(rng, now, stops, float(rng.uniform(*recipe.pace)), recipe.turns_per_min)


def _beside(rng: np.random.Generator, recipe: Recipe, other: Person) -> Person:
    """Return somebody who walks with another, half a metre beside and a little ahead or behind."""
    x, z = rng.choice([-1, 1]) * rng.uniform(0.45, 0.7), rng.uniform(-0.4, 0.4)
    alone = walk(rng, other.start, [Stop(0, 2), Stop(1, 2)], 1.0, recipe.turns_per_min)
    up = other.up + float(rng.normal(0, 0.08))
    away = [turn for turn in alone.away if turn[0] < other.end]
    return Person(other.start, other.x + x, np.maximum(other.z + z, 0.4), up, away)


def _side(rng: np.random.Generator) -> float:
    return float(rng.choice([-1.0, 1.0]))


def _depth(rng: np.random.Generator, room: Room) -> float:
    return float(rng.uniform(room.near, room.far))


def _edge(lens: Lens, side: float, z: float) -> Stop:
    return Stop(side * (lens.reach(z) + OUTSIDE_M), z)


def _spot(rng: np.random.Generator, lens: Lens, room: Room, pause: float) -> Stop:
    z = _depth(rng, room)
    return Stop(float(rng.uniform(-0.75, 0.75)) * lens.reach(z), z, pause)


def through(rng: np.random.Generator, lens: Lens, room: Room) -> list[Stop]:
    """From one edge to the other."""
    side = _side(rng)
    return [_edge(lens, side, _depth(rng, room)), _edge(lens, -side, _depth(rng, room))]


def browse(rng: np.random.Generator, lens: Lens, room: Room) -> list[Stop]:
    """In at an edge, stopping at one to three places, out at an edge."""
    spots = [_spot(rng, lens, room, float(rng.uniform(2, 9))) for _ in range(rng.integers(1, 4))]
    return [_edge(lens, _side(rng), _depth(rng, room)), *spots, _edge(lens, _side(rng), _depth(rng, room))]


def turn_back(rng: np.random.Generator, lens: Lens, room: Room) -> list[Stop]:
    """In at an edge, round somewhere, out at the same edge."""
    side = _side(rng)
    spot = _spot(rng, lens, room, float(rng.uniform(0, 1)))
    return [_edge(lens, side, _depth(rng, room)), spot, _edge(lens, side, _depth(rng, room))]


def approach(rng: np.random.Generator, lens: Lens, room: Room) -> list[Stop]:
    """From the far end towards the camera and past it."""
    start = Stop(float(rng.uniform(-0.5, 0.5)) * lens.reach(room.far), room.far)
    middle = Stop(start.x + float(rng.normal(0, 0.5)), (room.near + room.far) / 2)
    return [start, middle, _edge(lens, _side(rng), room.near)]


def by_door(rng: np.random.Generator, lens: Lens, room: Room) -> list[Stop]:
    """In or out by a door within the picture, the other way by an edge."""
    door = Stop(room.door[0] + float(rng.normal(0, 0.15)), room.door[1])
    path = [door, _spot(rng, lens, room, float(rng.uniform(0, 3))), _edge(lens, _side(rng), _depth(rng, room))]
    return path if rng.random() < 0.5 else path[::-1]


def queue(rng: np.random.Generator, lens: Lens, room: Room) -> list[Stop]:
    """Step by step along a line, and away; all move up at once when the arrivals come every QUEUE_S + a step's time."""
    z = (room.near + room.far) / 2
    places = [
        Stop(x * lens.reach(z), z + float(rng.normal(0, 0.1)), QUEUE_S + float(rng.uniform(-0.5, 0.5)))
        for x in (-0.6, -0.2, 0.2, 0.6)
    ]
    return [_edge(lens, -1, z), *places, _edge(lens, 1, z)]


MANNERS: Mapping[str, Manner] = {
    "through": through, "browse": browse, "turn back": turn_back, "approach": approach, "door": by_door, "queue": queue,
}  # fmt: skip
