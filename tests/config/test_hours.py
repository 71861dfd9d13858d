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


@pytest.mark.parametrize(
    ("days", "overlaps"),
    [
        ({"monday": "20:00-08:00, 21:00-23:00"}, [("monday", "monday")]),
        ({"monday": "14:00-19:00, 08:00-12:00"}, []),
        ({"monday": "18:00-02:00", "tuesday": "02:00-04:00"}, []),
        ({"monday": "18:00-02:00", "tuesday": "01:00-04:00"}, [("monday", "tuesday")]),
        ({"sunday": "18:00-02:00", "monday": "01:00-04:00"}, [("sunday", "monday")]),
        ({"sunday": "18:00-02:00"}, []),
        ({}, []),
    ],
)
def test_overlapping_ranges_are_found(days: dict[str, str], overlaps: list[tuple[str, str]]) -> None:
    """Within a day, past midnight, and from one week to the next."""
    assert Hours(**days).overlaps == overlaps


def test_summer_time_follows_the_door() -> None:
    """Eight o'clock is eight o'clock in summer and in winter."""
    hours = Hours(time_zone="Europe/Berlin", monday="08:00-19:00")
    for day in ("2026-07-06", "2026-11-23"):
        assert not hours.open_at(at(f"{day}T07:59"))
        assert hours.open_at(at(f"{day}T08:00"))


@pytest.mark.parametrize(
    ("night", "zone", "times", "hours_open"),
    [
        ("2026-10-24", "Europe/Berlin", {"saturday": "22:00-04:00"}, 7),  # 03:00 becomes 02:00 once more
        ("2026-03-28", "Europe/Berlin", {"saturday": "22:00-04:00"}, 5),  # 02:00 becomes 03:00
        ("2026-10-24", "Europe/Berlin", {"sunday": "02:00-03:00"}, 2),
        ("2026-03-28", "Europe/Berlin", {"sunday": "02:00-03:00"}, 0),
        ("2026-04-04", "Australia/Lord_Howe", {"saturday": "22:00-04:00"}, 6.5),  # half an hour back
    ],
)
def test_nights_in_which_clocks_change(night: str, zone: str, times: dict[str, str], hours_open: float) -> None:
    """The sign on the door goes by the clock on the wall: in the hour that comes twice, and in the one left out."""
    hours = Hours.model_validate({"time_zone": zone, **times})
    noon = at(f"{night}T12:00", zone)
    assert sum(hours.open_at(noon + 60 * minute) for minute in range(24 * 60)) == 60 * hours_open


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
