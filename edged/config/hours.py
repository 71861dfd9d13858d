"""Opening hours: a weekly schedule in the shop's own time zone.

Rules:
  - A day is one or more ranges, "08:00-12:00, 14:00-19:00"; a range may go past midnight ("18:00-02:00") and then
    belongs to the day it begins on.
  - Without any day, it is always open; as soon as one is given, a day left out is closed.
  - Local time follows the zone's rules (summer time included), so a range is what the sign on the door says.
"""

import re
from datetime import datetime
from functools import cached_property
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RANGE: Final = re.compile(r"(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)")
_DAY_MIN: Final = 24 * 60


def _ranges(text: str) -> list[tuple[int, int]]:
    """Parse a day into (begin, end) in minutes after midnight; an end past midnight is beyond 24 hours."""
    ranges = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise ValueError('write ranges of hours, e.g. "08:00-20:00" or "08:00-12:00, 14:00-19:00"')
        hours = [int(group) for group in match.groups()]
        begin, end = 60 * hours[0] + hours[1], 60 * hours[2] + hours[3]
        if begin >= _DAY_MIN or end > _DAY_MIN or begin == end:
            raise ValueError("hours go from 00:00 to 24:00, and a range has a beginning and another end")
        ranges.append((begin, end if end > begin else end + _DAY_MIN))
    return ranges


def _checked_day(text: str) -> str:
    _ranges(text)
    return text


def _checked_zone(name: str) -> str:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  (only who has opening hours pays for it)

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            'no such time zone on this machine: use a name like "Europe/Berlin"; where none is known, install tzdata'
        ) from None
    return name


Day = Annotated[str, AfterValidator(_checked_day)]


class Hours(BaseModel):
    """When cameras are open. Outside of it they are closed: no picture is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    time_zone: Annotated[str, AfterValidator(_checked_zone)] = "UTC"
    """Time zone of the hours, by its IANA name."""
    monday: Day | None = None
    tuesday: Day | None = None
    wednesday: Day | None = None
    thursday: Day | None = None
    friday: Day | None = None
    saturday: Day | None = None
    sunday: Day | None = None

    def open_at(self, wall: float) -> bool:
        """Say whether it is open at `wall`, seconds since the Unix epoch."""
        if not any(self._days):
            return True
        from zoneinfo import ZoneInfo  # noqa: PLC0415

        local = datetime.fromtimestamp(wall, ZoneInfo(self.time_zone))
        minute = 60 * local.hour + local.minute
        today, yesterday = self._days[local.weekday()], self._days[local.weekday() - 1]
        return any(begin <= minute < end for begin, end in today) or any(
            minute + _DAY_MIN < end for _, end in yesterday
        )

    @property
    def overlaps(self) -> list[tuple[str, str]]:
        """The days whose ranges share time: a slip of whoever wrote them, though what they mean is clear."""
        ranges = [
            (number * _DAY_MIN + begin, number * _DAY_MIN + end, day)
            for number, (day, hours) in enumerate(zip(DAYS, self._days, strict=True))
            for begin, end in sorted(hours)
        ]
        # After Sunday comes Monday.
        again = [(begin + len(DAYS) * _DAY_MIN, 0, day) for begin, _, day in ranges[:1]]
        pairs = zip(ranges, [*ranges[1:], *again], strict=True)
        return [(day, next_day) for (_, end, day), (begin, _, next_day) in pairs if begin < end]

    @cached_property
    def _days(self) -> list[list[tuple[int, int]]]:
        """The ranges of each day, parsed once."""
        return [_ranges(text) if (text := getattr(self, day)) else [] for day in DAYS]
