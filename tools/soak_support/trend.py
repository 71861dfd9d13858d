"""Does a figure grow? A straight line by least squares, and how far its slope can be trusted.

Rules:
  - Neighbouring samples of a process's memory resemble each other, so that many of them would feign certainty: whoever
    asks gives one mean for each stretch of time, not every sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

LEAST_POINTS = 4


@dataclass(frozen=True)
class Trend:
    """A slope in units of y for each unit of x."""

    slope: float
    margin: float
    """Half the width of its 95 % interval."""


def trend(points: Sequence[tuple[float, float]]) -> Trend | None:
    """Fit a line to (x, y); None when there are fewer than LEAST_POINTS."""
    if len(points) < LEAST_POINTS:
        return None
    x_mean, y_mean = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - x_mean) ** 2 for x, _ in points)
    slope = sum((x - x_mean) * (y - y_mean) for x, y in points) / spread
    left = sum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in points)
    freedom = len(points) - 2
    return Trend(slope, _student(freedom) * math.sqrt(left / freedom / spread))


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t (Abramowitz and Stegun, 26.7.5; 1 % off at 3 degrees, better above)."""
    z = NormalDist().inv_cdf(0.975)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))
