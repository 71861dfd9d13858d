"""The sub-command `negatives` of tools/evaluate: false faces per hour on recordings in which no face is to be seen.

Rules:
  - Everything found is false: the recordings must be such that a person sees no face in them.
  - A recording is looked at as a device looks, at most `fps` pictures a second, with the detector and the book of
    visits of the product.
  - `false_faces` counts detections, picture by picture; `turned` those of them that are turned away so far
    (visits.max_yaw_deg) that they are no evidence of anybody; `false_visits` what would have been counted as a visit,
    which wants evidence (visits.min_sightings, min_score, max_yaw_deg, min_duration_s).
  - Thresholds are tried on one pass: what a lower one finds is left out for a higher one.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edged.camera.sources import open_source
from edged.config.model import Camera, Visits
from edged.vision.card import load_cards
from edged.vision.head import orientation
from edged.vision.letterbox import Picture
from edged.vision.runtime import Model, Runtime, choose_runtime
from edged.vision.sighting import Box, Sighting
from edged.vision.vision import Detector, choose_face_card
from edged.visits.book import VisitBook

THRESHOLDS = (0.3, 0.4, 0.5, 0.6)
SOON_S = 0.001
"""Time stamps are rounded."""
COUNTS = ("false_faces", "turned", "false_visits")


@dataclass(slots=True)
class Look:
    """One picture's detections."""

    now: float
    sightings: list[Sighting]


@dataclass(slots=True)
class Watched:
    """One recording."""

    model: str
    threshold: float
    """The card's."""
    looks: list[Look] = field(default_factory=list)

    @property
    def hours(self) -> float:
        """Length, at the pace at which pictures were taken from it."""
        if len(self.looks) < 2:
            return 0.0
        span = self.looks[-1].now - self.looks[0].now
        return span * len(self.looks) / (len(self.looks) - 1) / 3600


def add_to(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the sub-command to a command line, and return it."""
    negatives = tasks.add_parser("negatives", help="false faces per hour on recordings without faces")
    negatives.add_argument("data", type=Path, nargs="+", metavar="VIDEO", help="a recording in which no face is seen")
    negatives.add_argument("--model", default="auto", help="name of a face model; auto (default): as a device would")
    negatives.add_argument("--fps", type=rate, default=10.0, help="at most so many pictures a second (default: 10)")
    negatives.add_argument(
        "--thresholds", type=score, nargs="+", default=list(THRESHOLDS), help="besides the one on the model's card"
    )
    return negatives


def rate(given: str) -> float:
    """Return pictures a second."""
    number = float(given)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{given} pictures a second can't be taken")
    return number


def score(given: str) -> float:
    """Return a threshold."""
    number = float(given)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"{given} is no threshold: it lies between 0 and 1")
    return number


def measure(given: argparse.Namespace, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Return the figures that the command line asks for. Raises what open_source and Model raise."""
    runtime = choose_runtime(given.runtime)
    watched = {str(path): watch(path, given, runtime, progress) for path in given.data}
    figures = {name: of_one(one, given.thresholds) for name, one in watched.items()}
    return {
        "recordings": figures,
        "overall": _overall(list(figures.values())),
        "model": given.model,
        "fps": given.fps,
        "runtime": str(runtime),
    }


def watch(path: Path, given: argparse.Namespace, runtime: Runtime, progress: Callable[[int, int], None]) -> Watched:
    """Return what is found in a recording, down to the lowest threshold asked for."""
    cards = load_cards(given.models_folder)
    source = open_source(Camera(id="negatives", source=str(path), pace="fast"))
    watched: Watched | None = None
    due = 0.0
    try:
        while (frame := source.read()) is not None:
            if frame.captured < due - SOON_S:
                continue
            due = max(due + 1 / given.fps, frame.captured) if watched else frame.captured + 1 / given.fps
            height, width = frame.pixels.shape[:2]
            if watched is None:
                card = choose_face_card(cards, given.model, width, height)
                watched = Watched(card.name, card.output.threshold)
                least = min(card.output.threshold, *given.thresholds)
                detector = Detector(card, Model(card, runtime), width, height, least)
            watched.looks.append(Look(frame.captured, _find(detector, frame.pixels)))
            progress(len(watched.looks), len(watched.looks) + 1)
    finally:
        source.close()
    return watched or Watched(given.model, 0.0)


def _find(detector: Detector, picture: Picture) -> list[Sighting]:
    height, width = picture.shape[:2]
    detector.load(picture)
    detector.model.invoke()
    faces = detector.faces()
    sightings = []
    for i, (left, top, right, bottom) in enumerate(faces.boxes.tolist()):
        yaw, roll = (None, None) if faces.points is None else orientation(faces.points[i])
        box = Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
        sightings.append(Sighting(box, float(faces.scores[i]), bottom - top, yaw, roll, None))
    return sightings


def of_one(watched: Watched, thresholds: Sequence[float]) -> dict[str, Any]:
    """Return the figures of one recording, by threshold."""
    by_threshold = {}
    for threshold in sorted({*thresholds, watched.threshold}):
        looks = [replace(look, sightings=_least(look.sightings, threshold)) for look in watched.looks]
        by_threshold[f"{threshold:g}"] = {
            "false_faces": sum(len(look.sightings) for look in looks),
            "turned": sum(_turned(sighting) for look in looks for sighting in look.sightings),
            "false_visits": visits(looks),
        }
    figures = {"model": watched.model, "pictures": len(watched.looks), "hours": watched.hours}
    return figures | {"threshold_on_card": watched.threshold, "by_threshold": by_threshold}


def _least(sightings: Sequence[Sighting], threshold: float) -> list[Sighting]:
    return [sighting for sighting in sightings if sighting.score >= threshold]


def _turned(sighting: Sighting) -> bool:
    return sighting.yaw is not None and abs(sighting.yaw) > Visits().max_yaw_deg


def visits(looks: Sequence[Look]) -> int:
    """Return how many visits the product counts in these looks, with its default settings."""
    book = VisitBook(Visits(), Camera(id="negatives"))
    return sum(len(book.observe(look.now, look.sightings)) for look in looks) + len(book.close())


def _overall(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return all recordings together: false faces and visits per hour, at the thresholds that all of them have."""
    hours = sum(one["hours"] for one in figures)
    common = [key for key in figures[0]["by_threshold"] if all(key in one["by_threshold"] for one in figures)]
    by_threshold = {
        key: {
            f"{what}_per_hour": sum(one["by_threshold"][key][what] for one in figures) / hours if hours else math.nan
            for what in COUNTS
        }
        for key in common
    }
    return {"hours": hours, "pictures": sum(one["pictures"] for one in figures), "by_threshold": by_threshold}


def text(figures: dict[str, Any]) -> str:
    """Return the figures as a table."""
    lines = []
    for name, one in figures["recordings"].items():
        seconds = 3600 * one["hours"]
        lines.append(f"{name}: {one['pictures']} pictures of {seconds:.0f} s, {one['model']}")
        for key, row in one["by_threshold"].items():
            mark = "  (card)" if float(key) == one["threshold_on_card"] else ""
            lines.append(
                f"  at {key:5} {row['false_faces']:5} false faces ({row['turned']} turned away), "
                f"{row['false_visits']} false visits{mark}"
            )
    lines.append(f"all: {3600 * figures['overall']['hours']:.0f} s; {figures['runtime']}")
    for key, row in figures["overall"]["by_threshold"].items():
        faces, turned, counted = (row[f"{what}_per_hour"] for what in COUNTS)
        lines.append(
            f"  at {key:5} {faces:7.0f} false faces/h ({turned:.0f} turned away)  {counted:7.1f} false visits/h"
        )
    return "\n".join(lines)
