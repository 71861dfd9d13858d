"""The AsyncAPI document: valid by AsyncAPI's own parser, and true of every message there is."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edged.cli.main import main
from edged.errors import ExitCode
from edged.messages.topics import status_topic, topic_of
from tests.conftest import missing
from tests.messages.described import fault
from tests.messages.making import gap, status, window


@pytest.fixture
def validate(
    require_tool: Callable[[str], str], repository: Path
) -> Callable[[str], "subprocess.CompletedProcess[str]"]:
    """Run AsyncAPI's parser on a document."""
    node, folder = require_tool("node"), repository / "tools" / "asyncapi"
    if not (folder / "node_modules").is_dir():
        missing("AsyncAPI's parser isn't installed (npm ci --prefix tools/asyncapi)")

    def run(document: str) -> "subprocess.CompletedProcess[str]":
        command = [node, str(folder / "validate.mjs")]
        return subprocess.run(command, input=document, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """What `edged schema --format asyncapi` prints."""
    assert main(["schema", "--format", "asyncapi"]) == ExitCode.OK
    return capsys.readouterr().out


def test_its_own_parser_accepts_the_document(
    validate: Callable[[str], "subprocess.CompletedProcess[str]"], printed: str
) -> None:
    """And would not, were it wrong."""
    done = validate(printed)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    assert validate(printed.replace('"send"', '"sned"')).returncode == 1
    assert (
        validate(printed.replace("#/components/schemas/WindowMessage", "#/components/schemas/Absent")).returncode == 1
    )


def test_it_says_how_each_message_is_sent(printed: str) -> None:
    """QoS 1 throughout; what stays at the broker is what tells of the present."""
    operations = json.loads(printed)["operations"]
    retained = {name: each["bindings"]["mqtt"].get("retain") for name, each in operations.items()}
    assert retained == {
        "send_window": False,
        "send_gap": False,
        "send_status": True,
        "send_discovery": True,
        "receive_birth": None,
    }
    assert {each["bindings"]["mqtt"]["qos"] for each in operations.values()} == {1}


def test_every_message_fits_it_and_a_foreign_one_does_not() -> None:
    """The document is exact: it knows the topic, every field, and no other."""
    for message in (window(), window(released=False), gap()):
        assert fault(topic_of(message), message.model_dump_json().encode()) is None
    body = status().model_dump_json().encode()
    assert fault(status_topic("shop"), body) is None
    assert "no address" in str(fault("edged/shop/picture/raw/x", body))
    assert "Additional properties" in str(fault("edged/shop/status", body.replace(b'"device"', b'"face":1,"device"')))
    late = window().model_dump_json().encode().replace(b".000Z", b"+01:00")
    assert "does not match" in str(fault("edged/shop/door/window", late))


def test_one_message_has_no_document_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """AsyncAPI describes the whole."""
    assert main(["schema", "window", "--format", "asyncapi"]) == ExitCode.USAGE
    assert "describes all messages" in capsys.readouterr().err
