"""The broker configuration that edged ships does what its comments say."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edged.outbox import Outbox
from tests.brokers import Mosquitto, Subscriber, wait_until
from tests.outbox.making import window
from tests.publish.conftest import Configure, Running

Run = Callable[..., Running]
Subscribe = Callable[..., Subscriber]
PASSWORD = "correct-horse"

pytestmark = pytest.mark.usefixtures("soon")


@pytest.fixture
def shipped(tmp_path: Path, require_tool: Callable[[str], str], repository: Path) -> Iterator[Mosquitto]:
    """A mosquitto, not yet started, with the shipped lines; port and folder are the test's."""
    text = (repository / "config" / "mosquitto.conf").read_text()
    own = ("listener", "persistence", "max_queued_messages")
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", *own))]
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Mosquitto(folder, program=require_tool("mosquitto"), lines=lines)
    yield broker
    broker.kill()


def test_as_shipped_it_takes_and_keeps_messages(
    shipped: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """The file is accepted by mosquitto, and messages pass."""
    shipped.start()
    subscriber = subscribe(shipped.port)
    outbox.append(window)
    assert run(configure(shipped.port), drain=True).wait() == 0
    wait_until(lambda: subscriber.has_all(1), "the message")


def test_its_access_list_lets_no_device_speak_for_another(
    shipped: Mosquitto, repository: Path, require_tool: Callable[[str], str], tmp_path: Path, outbox: Outbox,
    configure: Configure, run: Run, subscribe: Subscribe, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """A device writes below its own name only, as the commented part promises."""
    text = (repository / "config" / "mosquitto.conf").read_text()
    rules = re.findall(r"^#      ((?:pattern|user|topic) .*)$", text, re.MULTILINE)
    assert len(rules) == 3
    access, users = tmp_path / "acl", tmp_path / "users"
    access.write_text("\n".join(rules) + "\n")
    users.touch()
    for user in ("shop", "other", "reader"):
        subprocess.run([require_tool("mosquitto_passwd"), "-b", users, user, PASSWORD], check=True)
    shipped.lines = ["allow_anonymous false", f"password_file {users}", f"acl_file {access}"]
    shipped.start()
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    subscriber = subscribe(shipped.port, username="reader", password=PASSWORD)
    outbox.append(window)
    stranger = run(configure(shipped.port, username="other", password_file=password, client_id="other"))
    wait_until(lambda: "not authorised" in caplog.text, "the refusal")
    stranger.end()
    assert subscriber.messages == []
    assert run(configure(shipped.port, username="shop", password_file=password), drain=True).wait() == 0
    wait_until(lambda: subscriber.has_all(1), "the message")
