"""Opening hours mean what the sign on the door says."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from edged.config.hours import Hours


def at(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


SHOP = Hours(time_zone="Europe/Berlin", monday="08:00-12:00, 14:00-19:00", friday="18:00-02:00", sunday="00:00-24:00")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T07:59:59", False),  # a Monday
        ("2026-11-23T08:00:00", True),
        ("2026-11-23T12:00:00", False),
        ("2026-11-23T14:00:00", True),
        ("2026-11-23T19:00:00", False),
        ("2026-11-24T10:00:00", False),  # a Tuesday, left out
        ("2026-11-27T18:00:00", True),  # a Friday
        ("2026-11-28T01:59:59", True),  # still Friday's opening
        ("2026-11-28T02:00:00", False),
        ("2026-11-29T00:00:00", True),  # a Sunday
        ("2026-11-29T23:59:59", True),
        ("2026-11-30T00:00:00", False),
    ],
)
def test_open_at(moment: str, is_open: bool) -> None:
    """A range begins with its first minute and ends before its last; past midnight it belongs to the day before."""
    assert SHOP.open_at(at(moment)) is is_open


def test_summer_time_follows_the_door() -> None:
    """Eight o'clock is eight o'clock in summer and in winter."""
    hours = Hours(time_zone="Europe/Berlin", monday="08:00-19:00")
    for day in ("2026-07-06", "2026-11-23"):
        assert not hours.open_at(at(f"{day}T07:59"))
        assert hours.open_at(at(f"{day}T08:00"))


def test_without_any_day_it_is_always_open() -> None:
    """Who gives no hours has a camera that never closes."""
    assert all(Hours().open_at(at("2026-11-22T00:00") + 3600 * hour) for hour in range(168))


@pytest.mark.parametrize("day", ["8-20", "08:00", "08:00-25:00", "08:60-09:00", "24:00-02:00", "09:00-09:00", ""])
def test_malformed_day_is_refused(day: str) -> None:
    """A slip in the hours is told at once, not found out by a dark window."""
    with pytest.raises(ValidationError, match=r"hours|ranges"):
        Hours(monday=day)


def test_unknown_zone_is_refused() -> None:
    """A zone that this machine doesn't know is told with what to do."""
    with pytest.raises(ValidationError, match="tzdata"):
        Hours(time_zone="Europe/Atlantis")
