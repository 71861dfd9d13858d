"""The table of `tools/evaluate visits`: every scene through the tracker and the book, with their default settings.

Columns:
  - count_error: |visits counted − true visits| / true visits, through VisitBook;
  - idf1, id_switches: see figures.py; idf1_at_best is what the same sightings give with every identity known and
    the false faces left out;
  - ms: tracker alone, mean per frame.
"""

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edged.config.model import Camera, Visits
from edged.vision.sighting import Box, Sighting, iou
from edged.visits.book import VisitBook
from edged.visits.tracker import Tracker

from .eye import sight
from .figures import LEAST_IOU, identities
from .recipes import RECIPES
from .shop import Recipe, fill
from .stage import Truth, look


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene as it reaches the visits room, and its truth."""

    truth: Truth
    sightings: list[list[Sighting]]


def make(recipe: Recipe, seed: int) -> Scene:
    """Return a scene; the same seed gives the same scene."""
    rng = np.random.default_rng([seed, zlib.crc32(recipe.name.encode())])
    people = fill(rng, recipe)
    truth = look(recipe.lens, people, recipe.room.posts, recipe.rhythm.times(rng, recipe.seconds))
    return Scene(truth, sight(rng, recipe.lens, truth))


def measure(seeds: Sequence[int], settings: Visits, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Return the figures of all scenes, each made with every seed."""
    scenes = {}
    for number, recipe in enumerate(RECIPES, 1):
        scenes[recipe.name] = overall([figures(make(recipe, seed), settings) for seed in seeds])
        progress(number, len(RECIPES))
    return {"scenes": scenes, "overall": overall(list(scenes.values()))}


def figures(scene: Scene, settings: Visits) -> dict[str, Any]:
    """Return the figures of one scene."""
    true, counted = len(scene.truth.visits), count(scene, settings)
    tracks, seconds = follow(scene, settings)
    found = identities(scene.truth.boxes, tracks)
    return {
        "visits": true,
        "counted": counted,
        "count_error": abs(counted - true) / true,
        "idf1": found.idf1,
        "idf1_at_best": identities(scene.truth.boxes, _known(scene)).idf1,
        "id_switches": found.switches,
        "ms": 1000 * seconds / len(scene.sightings),
    }


def overall(scenes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return means over scenes, each as heavy as the others, and sums of what is counted."""
    sums = {name: sum(scene[name] for scene in scenes) for name in ("visits", "counted", "id_switches")}
    means = ("count_error", "idf1", "idf1_at_best", "ms")
    return sums | {name: sum(scene[name] for scene in scenes) / len(scenes) for name in means}


def count(scene: Scene, settings: Visits) -> int:
    """Return how many visits the book counts."""
    book = new_book(settings)
    visits = 0
    for now, sightings in zip(scene.truth.times, scene.sightings, strict=True):
        visits += len(book.observe(now, sightings))
    return visits + len(book.close())


def new_book(settings: Visits) -> VisitBook:
    """Return a book without lines, zones and masks."""
    return VisitBook(settings, Camera())


def follow(scene: Scene, settings: Visits) -> tuple[list[dict[int, Box]], float]:
    """Return the boxes of each frame by track, and the seconds that the tracker took."""
    tracker = Tracker(settings.lost_after_s)
    frames: list[dict[int, Box]] = []
    seconds = 0.0
    for now, sightings in zip(scene.truth.times, scene.sightings, strict=True):
        began = time.process_time()
        tracker.drop_lost(now)
        pairs = tracker.update(now, sightings)
        seconds += time.process_time() - began
        frames.append({track.id: sighting.box for track, sighting in pairs})
    return frames, seconds


def _known(scene: Scene) -> list[dict[int, Box]]:
    """Return the sightings that are of a person, by person."""
    frames: list[dict[int, Box]] = []
    for true, sightings in zip(scene.truth.boxes, scene.sightings, strict=True):
        known: dict[int, Box] = {}
        for sighting in sightings:
            best = max(true, key=lambda person: iou(true[person], sighting.box), default=None)
            if best is not None and best not in known and iou(true[best], sighting.box) >= LEAST_IOU:
                known[best] = sighting.box
        frames.append(known)
    return frames
