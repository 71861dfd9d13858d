"""What visits hand on: one face followed from appearing to leaving, without any trace of where or who.

A visit holds no pixel, no box and no id. It lives in memory from its end to the close of its window.
"""

from dataclasses import dataclass

from edged.words import Scores


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """One ended visit."""

    start: float
    """First sighting, seconds on the clock of the frames."""
    end: float
    """Last sighting, seconds on the same clock; end - start is the dwell."""
    attention: float
    """Seconds during which the face was turned towards the camera."""
    scores: Scores | None
    """Mean scores over the visit, weighted by time; None when no sighting was good enough to tell."""
    crossings: frozenset[tuple[int, bool]] = frozenset()
    """(index of the line, True for in): each line and direction at most once."""
    zones: tuple[float, ...] = ()
    """Seconds in each zone of the camera."""
    fragment: bool = False
    """True when somebody left just there just before: this may be the same person, seen again."""

    @property
    def dwell(self) -> float:
        """Seconds in view."""
        return self.end - self.start

    def __repr__(self) -> str:
        return "<Visit>"
