"""What journald gets, read by the rules of its protocol from a socket in its place."""

import logging
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edged.events import Event, tell
from edged.service.logs import Journal

Read = Callable[[], dict[str, str]]


@pytest.fixture
def end(tmp_path: Path) -> Iterator[socket.socket]:
    """The other end of a journal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "socket"))
        end.settimeout(10)
        yield end


def journal(end: socket.socket) -> Read:
    """Have everything logged there; give what reads the next entry."""
    root = logging.getLogger()
    root.handlers[:] = [Journal(Path(end.getsockname()))]
    root.setLevel(logging.INFO)
    return lambda: entry(end.recv(1 << 16))


def entry(data: bytes) -> dict[str, str]:
    """The fields of an entry (systemd.io/JOURNAL_NATIVE_PROTOCOL)."""
    fields = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + length], data[8 + length + 1 :]
        fields[name.decode()] = value.decode()
    return fields


def test_event_has_its_level_its_name_and_its_fields(end: socket.socket) -> None:
    """`journalctl EDGED_EVENT=CAMERA_STATE EDGED_CAMERA=door` finds it."""
    read = journal(end)
    tell(Event.CAMERA_STATE, camera="door", state="stalled")
    assert read() == {
        "MESSAGE": "camera 'door' is stalled",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "edged",
        "EDGED_EVENT": "CAMERA_STATE",
        "EDGED_CAMERA": "door",
        "EDGED_STATE": "stalled",
    }


def test_text_of_several_lines_is_one_entry(end: socket.socket) -> None:
    """A traceback, or what looks like another field."""
    read = journal(end)
    logging.getLogger().error("unexpected", exc_info=ValueError("first\nPRIORITY=0"))
    told = read()
    assert told["PRIORITY"] == "3"
    assert told["MESSAGE"] == "unexpected\nValueError: first\nPRIORITY=0"


def test_last_words_go_by_the_stream(end: socket.socket, capfd: pytest.CaptureFixture[str]) -> None:
    """The process ends at once, and journald could not say any more which unit it was."""
    read = journal(end)
    tell(Event.STAGE_STUCK, stage="look", limit_s="20")
    tell(Event.MODELS_LOADED, reason="well")
    assert read()["EDGED_EVENT"] == "MODELS_LOADED"
    assert capfd.readouterr().err.startswith("<2>the stage 'look' has made no progress")


def test_nothing_is_lost_without_journald(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It is being restarted: its stream waits, its socket doesn't."""
    Journal(tmp_path / "nobody").handle(logging.makeLogRecord({"levelno": logging.WARNING, "msg": "one\ntwo"}))
    assert capfd.readouterr().err == "<4>one\n<4>two\n"
