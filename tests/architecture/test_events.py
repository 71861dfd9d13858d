"""What the sensing side may write into the log is a closed list, and nothing in it depends on who was in view."""

import ast
import string
from pathlib import Path

import pytest

from edged.events import FIELDS, Event, tell
from tests.architecture.test_rooms import calls, modules

SPEAKERS = {
    "edged.service.generations",  # of the configuration, for both processes
    "edged.service.publish",
    "edged.service.supervisor",
    "edged.service.watchdog",  # flushes what others have said
}
"""Modules of the services' room with a logger."""
BLIND = {"edged.service.generations", "edged.service.watchdog"}
"""Those of them that the sensing process runs as well; these import no room in which there is anybody."""
SEEING = ("edged.camera", "edged.vision", "edged.visits", "edged.windows", "edged.anonymise")


def test_sensing_side_logs_by_events_only(repository: Path) -> None:
    """No module that handles frames, sightings, visits or tallies has a logger of its own."""
    trees = dict(modules(repository))
    speaking = {name for name, tree in trees.items() if "getLogger" in calls(tree)}
    assert not {name for name in speaking if name.startswith((*SEEING, "edged.service."))} - SPEAKERS
    for name in BLIND:
        imported = {node.module or "" for node in ast.walk(trees[name]) if isinstance(node, ast.ImportFrom)}
        assert not [module for module in imported if module.startswith(SEEING)], name


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
