"""What several commands share."""

import argparse
import os
from pathlib import Path

import pytest

from edged.cli import common
from edged.errors import MissingInputError
from edged.events import Event, sent_to, tell

NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_configuration_that_may_not_be_looked_for_is_said_and_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/etc/edged is closed to others: whoever may not enter must not be given the defaults."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    file = folder / "edged.toml"
    file.write_text("")
    monkeypatch.setattr(common, "DEFAULT_CONFIG", file)
    parsed = argparse.Namespace(config=None, overrides=[])
    os.seteuid(NOBODY)
    try:
        with pytest.raises(MissingInputError, match="can't be read"):
            common.config_of(parsed)
    finally:
        os.seteuid(0)
    assert common.config_path(parsed) == file


def test_a_command_hears_events_for_as_long_as_it_wants(caplog: pytest.LogCaptureFixture) -> None:
    """And then the log is as it was."""
    heard: list[str] = []
    with caplog.at_level("INFO"):
        with sent_to(lambda event, _fields: heard.append(event)):
            tell(Event.CAMERA_STATE, camera="door", state="dark")
        tell(Event.CAMERA_STATE, camera="door", state="live")
    assert heard == ["CAMERA_STATE"]
    assert [record.getMessage() for record in caplog.records] == ["camera 'door' is live"]
