"""What a check says: how it is, in words, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    UNSEEN = 1
    """It couldn't be looked at; that is said, and is no fault."""
    WARNING = 2
    """It works, but worse than it might, or not for long."""
    FAILURE = 3
    """It doesn't work."""

    @property
    def word(self) -> str:
        """How it is called in the table and in JSON."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    subject: str
    """What was looked at."""
    level: Level
    text: str
    """How it is."""
    mend: str = ""
    """What to do, in words; empty when there is nothing to do."""


def ok(subject: str, text: str) -> Finding:
    """All well."""
    return Finding(subject, Level.OK, text)


def unseen(subject: str, text: str, mend: str = "") -> Finding:
    """It couldn't be looked at."""
    return Finding(subject, Level.UNSEEN, text, mend)


def warning(subject: str, text: str, mend: str) -> Finding:
    """It works, but."""
    return Finding(subject, Level.WARNING, text, mend)


def failure(subject: str, text: str, mend: str) -> Finding:
    """It doesn't work."""
    return Finding(subject, Level.FAILURE, text, mend)


def exit_code(findings: Iterable[Finding]) -> int:
    """0: nothing is amiss; 1: warnings; 2: failures. As monitoring plugins have them."""
    worst = max((finding.level for finding in findings), default=Level.OK)
    return max(0, worst - Level.UNSEEN)
