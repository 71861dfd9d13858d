"""A set of whole numbers, kept as disjoint stretches: a million sequences in a row cost as much as one."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """All whole numbers from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


class Spans:
    """The set. It only grows."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def add(self, span: Span) -> None:
        """Put a stretch in; what touches or overlaps it becomes one with it."""
        low = bisect_left(self._lasts, span.first - 1)
        high = bisect_right(self._firsts, span.last + 1)
        first, last = span
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def __contains__(self, number: int) -> bool:
        at = bisect_left(self._lasts, number)
        return at < len(self._firsts) and self._firsts[at] <= number

    def __iter__(self) -> Iterator[Span]:
        return map(Span, tuple(self._firsts), tuple(self._lasts))

    @property
    def highest(self) -> int:
        """The greatest number in it; 0 when it is empty."""
        return self._lasts[-1] if self._lasts else 0

    def absent(self, within: Span) -> list[Span]:
        """The stretches of `within` that are not in the set, in order."""
        found, begin = [], within.first
        for at in range(bisect_left(self._lasts, within.first), len(self._firsts)):
            if self._firsts[at] > within.last:
                break
            if self._firsts[at] > begin:
                found.append(Span(begin, self._firsts[at] - 1))
            begin = self._lasts[at] + 1
        if begin <= within.last:
            found.append(Span(begin, within.last))
        return found
