"""What may be told about the visitors of one or more whole windows.

Rules:
  - A `Release` is made by `edged.anonymise.release` alone (tests/architecture holds this).
  - All figures are made of protected sums and of nothing else: a mean here tells no more than the counts beside it.
"""

from dataclasses import dataclass

Counts = tuple[int, ...]
Shares = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TimeFigures:
    """How long visits were somewhere."""

    mean_s: float | None
    """None when no class can be told."""
    histogram: Counts
    """Visits per class of edged.windows.tally.BOUNDS_S."""


@dataclass(frozen=True, slots=True)
class EmotionFigures:
    """What the faces showed, over the visits on which an emotion could be told."""

    visits: int
    face_distribution: Shares
    """Share of visits per strongest emotion, in the order of edged.words.EMOTIONS."""
    mean_scores: Shares
    """Mean of the visits' mean scores, in that order."""


@dataclass(frozen=True, slots=True)
class Release:
    """The figures of one message."""

    windows_covered: int
    visits: int
    dwell: TimeFigures
    attention: TimeFigures
    attention_share: float | None
    """Share of the time in view that faces were turned towards the camera; None when either can't be told."""
    in_view_mean: float | None
    """None when times in view can't be told."""
    in_view_most: int | None
    emotion: EmotionFigures | None
    crossings: Counts
    """Visits that crossed each configured line: in, out, in, out …"""
    zones: tuple[TimeFigures, ...]
    """Time in each configured zone."""
