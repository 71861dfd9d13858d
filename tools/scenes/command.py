"""The sub-command `visits` of tools/evaluate."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edged.config.model import Visits

from . import clips, table

COLUMNS = ("visits", "counted", "count_error", "idf1", "idf1_at_best", "id_switches", "ms")


def add_to(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command to a command line."""
    visits = tasks.add_parser("visits", help="how well faces are followed and visits counted")
    visits.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="other seeds, other people (default: 1 2)")
    visits.add_argument("--lost-after", type=float, metavar="S", help="instead of the default of visits.lost_after_s")
    visits.add_argument(
        "--clips", type=Path, metavar="FOLDER", help="also the sample video, and those clips of data/videos found here"
    )
    visits.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def measure(given: argparse.Namespace, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Return the figures that the command line asks for."""
    settings = Visits() if given.lost_after is None else Visits(lost_after_s=given.lost_after)
    figures = table.measure(given.seeds, settings, progress)
    if given.clips is not None:
        figures["clips"] = clips.measure(given.clips, settings, progress)
    return figures | {"seeds": given.seeds, "lost_after_s": settings.lost_after_s}


def text(figures: dict[str, Any]) -> str:
    """Return figures, as measure() and clips.measure() give them, as a table with aligned columns."""
    scenes, clips = figures["scenes"] | {"overall": figures["overall"]}, figures.get("clips", {})
    lines = [f"{'':22}" + "".join(f"{column:>13}" for column in COLUMNS)]
    for name, row in (scenes | clips).items():
        cells = (_cell(row.get(column)) for column in COLUMNS)
        lines.append(f"{name[:21]:22}" + "".join(f"{cell:>13}" for cell in cells))
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
