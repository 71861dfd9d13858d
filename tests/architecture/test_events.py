"""What the sensing side may write into the log is a closed list, and nothing in it depends on who was in view."""

import string
from pathlib import Path

import pytest

from edged.events import FIELDS, Event, tell
from tests.architecture.test_rooms import calls, modules

SENSING = ("camera", "vision", "visits", "windows", "anonymise")
SENSING_MAINS = ("sense", "line", "post", "eyes", "handover", "compose", "clock", "ledger", "trust", "analyse")


def is_sensing(name: str) -> bool:
    _, room, *rest = [*name.split("."), "", ""]
    return room in SENSING or (room == "service" and rest[0] in SENSING_MAINS)


def test_sensing_side_logs_by_events_only(repository: Path) -> None:
    """No module that handles frames, sightings, visits or tallies has a logger of its own."""
    for name, tree in modules(repository):
        if is_sensing(name):
            assert "getLogger" not in set(calls(tree)), name


@pytest.mark.parametrize("event", Event)
def test_event_speaks_of_the_device_only(event: Event) -> None:
    """An event has no field but those of the list, and none of them is a count or a face."""
    _, words = event.value
    named = {field for _, field, _, _ in string.Formatter().parse(words) if field}
    assert named <= FIELDS


def test_event_is_logged_with_its_name(caplog: pytest.LogCaptureFixture) -> None:
    """An alert can hang on the event's name."""
    with caplog.at_level("INFO"):
        tell(Event.CAMERA_STATE, camera="door", state="live")
    (record,) = caplog.records
    assert record.getMessage() == "camera 'door' is live"
    assert getattr(record, "event", None) == "CAMERA_STATE"
