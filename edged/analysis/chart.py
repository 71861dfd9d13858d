"""A clip over time as a chart: which emotions the faces showed, how many faces there were, when visits were.

Strategy: sums in bins of equal length. When there are too many bins, each two become one of twice the length, so that
an hour costs no more memory than a minute. The drawing itself is matplotlib's, which comes with edged[plot].

Rule: the same clip gives the same file: no date, no random ids.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edged.analysis.colours import RGB
from edged.analysis.drawing import require_file
from edged.config.model import Camera, Visits
from edged.errors import OutputError, UnavailableError
from edged.vision.sighting import Sighting
from edged.visits.book import VisitBook
from edged.visits.visit import Visit
from edged.words import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES: Final = (".svg", ".png")
MOST_BINS: Final = 400
FIRST_BIN_S: Final = 0.5


@dataclass(slots=True)
class Bin:
    """What one stretch of time adds up to."""

    looks: int = 0
    faces: int = 0
    scores: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))
    """Sums over the faces whose emotion was read."""
    begun: int = 0
    """Visits that began."""
    present: int = 0
    """Visits that were there at some time of it."""

    def __iadd__(self, other: "Bin") -> "Bin":
        self.looks += other.looks
        self.faces += other.faces
        self.scores = [a + b for a, b in zip(self.scores, other.scores, strict=True)]
        self.begun += other.begun
        self.present = max(self.present, other.present)
        return self


class Chart:
    """What a clip showed over time."""

    def __init__(self, settings: Visits, camera: Camera) -> None:
        """Count visits as the service does."""
        self._book = VisitBook(settings, camera)
        self.bins: list[Bin] = []
        self.bin_s = FIRST_BIN_S

    def see(self, at: float, sightings: Sequence[Sighting]) -> None:
        """Take in a look at `at` seconds."""
        for visit in self._book.observe(at, sightings):
            self._note(visit)
        here = self._bin(at)
        here.looks += 1
        here.faces += len(sightings)
        for sighting in sightings:
            if sighting.scores is not None:
                here.scores = [a + b for a, b in zip(here.scores, sighting.scores, strict=True)]

    def close(self) -> None:
        """End the visits that are open still."""
        for visit in self._book.close():
            self._note(visit)

    def _note(self, visit: Visit) -> None:
        self._bin(visit.start).begun += 1
        for i in range(int(visit.start / self.bin_s), int(visit.end / self.bin_s) + 1):
            self._bin(i * self.bin_s).present += 1

    def _bin(self, at: float) -> Bin:
        while int(at / self.bin_s) >= MOST_BINS:
            self.bin_s *= 2
            halves, self.bins = self.bins, []
            for i, half in enumerate(halves):
                if i % 2 == 0:
                    self.bins.append(half)
                else:
                    self.bins[-1] += half
        index = int(at / self.bin_s)
        while len(self.bins) <= index:
            self.bins.append(Bin())
        return self.bins[index]


def require_chart(path: Path) -> None:
    """Refuse what can't be drawn before anything is begun. Raises OutputError, UnavailableError."""
    require_file(path, SUFFIXES)
    if find_spec("matplotlib") is None:
        raise UnavailableError("a chart needs matplotlib, which isn't installed: install edged[plot]")


def write_chart(chart: Chart, path: Path, title: str) -> None:
    """Draw a chart into an SVG or PNG file, as its name ends. Raises OutputError."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its remarks on its cache are nothing to our user
    import matplotlib as mpl  # noqa: PLC0415  (takes half a second and an extra)
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"svg.hashsalt": "edged", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(10, 6), layout="constrained")
        shares, counts = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        _draw_shares(shares, chart)
        _draw_counts(counts, chart)
        shares.set_title(title, loc="left")
        for axes in (shares, counts):
            axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
        try:
            figure.savefig(path, dpi=120, metadata=metadata)
        except OSError as error:
            raise OutputError(f"{path} can't be written: {error.strerror}") from error


def _draw_shares(axes: "Axes", chart: Chart) -> None:
    starts = [i * chart.bin_s for i in range(len(chart.bins))]
    beneath = [0.0] * len(chart.bins)
    for i, name in enumerate(EMOTIONS):
        totals = [sum(each.scores) for each in chart.bins]
        heights = [each.scores[i] / total if total else 0.0 for each, total in zip(chart.bins, totals, strict=True)]
        colour = tuple(part / 255 for part in RGB[name])
        axes.bar(starts, heights, chart.bin_s, bottom=beneath, align="edge", color=colour, label=name, linewidth=0)
        beneath = [a + b for a, b in zip(beneath, heights, strict=True)]
    axes.set_ylim(0, 1)
    axes.set_ylabel("emotion shares of the faces")


def _draw_counts(axes: "Axes", chart: Chart) -> None:
    edges = [i * chart.bin_s for i in range(len(chart.bins) + 1)]
    faces = [each.faces / each.looks if each.looks else 0.0 for each in chart.bins]
    axes.stairs(faces, edges, color="black", zorder=3, label="faces in view, mean")
    axes.stairs([each.present for each in chart.bins], edges, fill=True, color="0.85", label="visits present")
    begun = [(edges[i] + chart.bin_s / 2, each.begun) for i, each in enumerate(chart.bins) if each.begun]
    if begun:
        axes.plot(*zip(*begun, strict=True), "v", color="tab:red", markersize=5, label="visits begun")
    axes.set_xlim(0, edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds")
    axes.locator_params(axis="y", integer=True)
