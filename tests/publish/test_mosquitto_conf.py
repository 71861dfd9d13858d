"""The broker configuration that edged ships does what its comments say: as it stands, and with its commented part."""

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edged.config.model import Broker, HomeAssistant
from edged.messages.homeassistant import birth_topic, discovery_topic
from edged.outbox import Outbox
from tests.brokers import DEADLINE_S, HOST, BrokerProcess, Subscriber, wait_until
from tests.certificates import certificate
from tests.outbox.making import window
from tests.publish.conftest import Configure, Running

Run = Callable[..., Running]
PASSWORD = "correct-horse"
MANY = 1200
"""More than mosquitto keeps for an absent subscriber by itself."""

pytestmark = pytest.mark.usefixtures("soon")


@dataclass
class Shipped(BrokerProcess):
    """mosquitto as on Debian: its main file includes ours, in which only port and paths are the test's."""

    program: str = "mosquitto"
    text: str = ""

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        included = self.folder / "conf.d"
        included.mkdir(exist_ok=True)
        (included / "edged.conf").write_text(self.text)
        main = self.folder / "mosquitto.conf"
        main.write_text(f"user root\npersistence true\npersistence_location {self.folder}/\ninclude_dir {included}\n")
        self.run([self.program, "-c", str(main)])


def replaced(text: str, **changes: object) -> str:
    """The text with the value of each key changed; fails when a key isn't there."""
    for key, value in changes.items():
        text, times = re.subn(rf"^{key} .*$", f"{key} {value}", text, flags=re.MULTILINE)
        assert times == 1, key
    return text


@pytest.fixture
def text(repository: Path) -> str:
    """config/mosquitto.conf."""
    return (repository / "config" / "mosquitto.conf").read_text()


@pytest.fixture
def shipped(tmp_path: Path, require_tool: Callable[[str], str], text: str) -> Iterator[Shipped]:
    """A running mosquitto with the file as it stands."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Shipped(folder, program=require_tool("mosquitto"))
    broker.text = replaced(text, listener=f"{broker.port} {HOST}")
    broker.start()
    yield broker
    broker.kill()


def test_as_shipped_it_takes_and_keeps_messages(
    shipped: Shipped, outbox: Outbox, configure: Configure, run: Run, subscribe: Callable[..., Subscriber]
) -> None:
    """More than a thousand for a subscriber that is away, also over a restart of the broker."""
    subscribe(shipped.port).close()
    outbox.append(window)
    assert run(configure(shipped.port), drain=True).wait() == 0
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, shipped.port)
    client.loop_start()
    for number in range(2, MANY + 1):
        sent = client.publish("edged/shop/till/window", stamped(number), qos=1)
    sent.wait_for_publish(DEADLINE_S)
    client.disconnect()
    client.loop_stop()
    shipped.stop()
    shipped.start()
    returned = Counting(shipped.port)
    wait_until(lambda: len(returned.sequences) == MANY, "all that waited")
    assert returned.sequences == list(range(1, MANY + 1))
    returned.close()


def stamped(number: int) -> bytes:
    return b'{"sequence": %d}' % number


class Counting:
    """The subscriber of tests/brokers.py come back; it counts what waited for it."""

    def __init__(self, port: int) -> None:
        self.sequences: list[int] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="subscriber", clean_session=False)
        self._client.on_message = self._on_message
        self._client.connect(HOST, port)
        self._client.loop_start()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        found = re.search(rb'"sequence": ?(\d+)', message.payload)
        if found and not message.topic.endswith("/status"):
            self.sequences.append(int(found[1]))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Account:
    """A client with a name: what it may read arrives, what it may write is acknowledged as such."""

    def __init__(self, port: int, ca_file: Path, username: str | None, topics: str = "#") -> None:
        self.heard: list[str] = []
        self.refused: list[str] = []
        self.entered: bool | None = None
        self._ready = threading.Event()
        self._topics = topics
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"as-{username}", protocol=mqtt.MQTTv5)
        self._client.tls_set(str(ca_file))
        if username is not None:
            self._client.username_pw_set(username, PASSWORD)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _client, _data, message: self.heard.append(message.topic)
        self._client.connect("localhost", port)
        self._client.loop_start()
        assert self._ready.wait(DEADLINE_S)

    def _on_connect(self, client: mqtt.Client, _data: object, _flags: object, reason: object, _props: object) -> None:
        self.entered = not getattr(reason, "is_failure", True)
        if self.entered:
            client.subscribe(self._topics, qos=1)
        else:
            self._ready.set()

    def may_write(self, topic: str) -> bool:
        """Whether the broker takes a message there."""
        answers: list[bool] = []
        self._client.on_publish = lambda _c, _d, _mid, reason, _props: answers.append(not reason.is_failure)
        self._client.publish(topic, b"{}", qos=1)
        wait_until(lambda: bool(answers), f"an answer for {topic}")
        return answers[0]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def networked(
    shipped: Shipped, text: str, repository: Path, tmp_path: Path, require_tool: Callable[[str], str]
) -> Iterator[Shipped]:
    """The same with the commented part in force, as its comments say."""
    users = tmp_path / "users"
    users.touch()
    for user in ("shop", "other", "reader", "homeassistant"):
        subprocess.run([require_tool("mosquitto_passwd"), "-b", users, user, PASSWORD], check=True)
    key, pem = certificate(tmp_path, require_tool("openssl"), "localhost")
    access = tmp_path / "acl"
    access.write_text((repository / "config" / "mosquitto.acl").read_text().replace("shop-1", "shop"))
    inactive = re.sub(r"^(listener|allow_anonymous) .*\n", "", text, flags=re.MULTILINE)
    active = re.sub(r"^# (?=[a-z_]+ \S+$)(?!persistence_location)", "", inactive, flags=re.MULTILINE)
    shipped.stop()
    shipped.text = replaced(
        active, listener=shipped.port, certfile=pem, keyfile=key, password_file=users, acl_file=access
    )
    shipped.start()
    yield shipped


@pytest.fixture
def account(networked: Shipped, tmp_path: Path) -> Iterator[Callable[..., Account]]:
    """Make accounts; all are closed with the test."""
    made: list[Account] = []

    def make(username: str | None, topics: str = "#") -> Account:
        made.append(Account(networked.port, tmp_path / "localhost.pem", username, topics))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_on_the_network_a_device_delivers_over_tls_with_its_password(
    networked: Shipped, tmp_path: Path, outbox: Outbox, configure: Configure, run: Run,
    account: Callable[..., Account],
) -> None:  # fmt: skip
    """With the keys that the comments give for edged.toml; Home Assistant's discovery passes too."""
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    reader, assistant = account("reader"), account("homeassistant")
    outbox.append(window)
    keys = {"tls": True, "ca_file": tmp_path / "localhost.pem", "username": "shop", "password_file": password}
    config = configure(networked.port, host="localhost", **keys)
    assert isinstance(config.broker, Broker)
    discovered = config.model_copy(update={"homeassistant": HomeAssistant(discovery=True)})
    assert run(discovered, drain=True).wait() == 0
    wait_until(lambda: "edged/shop/door/window" in reader.heard, "the window at the reader")
    wait_until(lambda: discovery_topic("homeassistant", "shop") in assistant.heard, "the discovery")
    assert not [topic for topic in reader.heard if not topic.startswith("edged/")]


def test_its_access_list_lets_no_device_speak_for_another(account: Callable[..., Account]) -> None:
    """A device writes below its own name and its own discovery, and reads Home Assistant's birth alone."""
    shop, other, reader, assistant = (account(name) for name in ("shop", "other", "reader", "homeassistant"))
    ours, birth = discovery_topic("homeassistant", "shop"), birth_topic("homeassistant")
    assert [shop.may_write(topic) for topic in ("edged/shop/door/window", "edged/shop/status", ours)] == [True] * 3
    for topic in ("edged/other/door/window", discovery_topic("homeassistant", "other"), birth, "anything"):
        assert not shop.may_write(topic), topic
    assert not other.may_write("edged/shop/status")
    assert not other.may_write(ours)
    assert not reader.may_write("edged/reader2/status")
    assert assistant.may_write(birth)
    wait_until(lambda: birth in shop.heard, "Home Assistant's birth at the device")
    assert set(shop.heard) == {birth}, "a device may read what others send"
    assert set(other.heard) == set()
    wait_until(lambda: "edged/shop/status" in reader.heard, "the status at the reader")


def test_nobody_enters_without_an_account(account: Callable[..., Account]) -> None:
    """Nor with a name that has no password there."""
    assert account("shop").entered is True
    assert account(None).entered is False
    assert account("stranger").entered is False
