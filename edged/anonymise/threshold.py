"""The threshold policy: windows of fewer than k people say nothing, and what is said is rounded.

Rules:
  - Counts are rounded to multiples of the grid, sums to multiples of grid × what one visit adds at the most: a single
    visitor more or less moves a figure by a fifth of a step at the most (with the default grid of 5).
  - Top-coding: no count is told as all of its whole, or nearly: at least a grid's worth of visits always remains
    deniable. So a window in which all showed the same emotion reads like one in which a grid's worth didn't.
  - A grid of 1 switches rounding and top-coding off; that is for trials, and k is 2 or 3 then.
"""

from dataclasses import dataclass

from edged.windows.tally import Counts


@dataclass(frozen=True, slots=True)
class Threshold:
    """Protection by threshold, rounding and top-coding."""

    k: int
    grid: int

    def admits(self, visits: int, people: int) -> bool:
        """K people, as well as people can be counted."""
        return min(visits, people) >= self.k

    def sums(self, figure: str, sums: Counts, unit: int = 1, whole: int | None = None) -> Counts:  # noqa: ARG002
        """Round to grid × unit, and leave a grid's worth of the whole unsaid. All figures are treated alike."""
        if self.grid == 1:
            return sums
        step = self.grid * unit
        rounded = tuple((value + step // 2) // step * step for value in sums)
        return rounded if whole is None else tuple(min(value, max(whole - self.grid, 0) * unit) for value in rounded)

    def most(self, value: int) -> int:
        """Round up to the grid."""
        return -(-value // self.grid) * self.grid
