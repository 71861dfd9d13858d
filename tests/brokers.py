"""Real brokers for tests, and a subscriber that keeps the ledger of what arrived.

Rules:
  - A broker is a process of its own on a free loopback port with its own folder; `kill` is SIGKILL, no less.
  - Nothing sleeps to wait for something: `wait_until` polls a condition up to a deadline that only a failure reaches.
  - Mosquitto speaks MQTT 5 and keeps its sessions on disk; amqtt speaks 3.1.1 only and keeps nothing.
"""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Any, Protocol

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edged.watch.ledger import Ledger
from tests.messages.described import fault

DEADLINE_S = 60.0
HOST = "127.0.0.1"
HELD_AGAINST_SCHEMA = 500
"""So many messages a subscriber holds against the AsyncAPI document; of more the rest look alike."""


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Poll until the condition holds; fail, saying what was waited for, when it never does."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {deadline_s:g} s in vain: {what}")
        time.sleep(0.02)


def free_port() -> int:
    """A loopback port that nothing listens on just now, and that no outgoing connection gets by chance.

    While a server is away, any connection of any program may get its port for its own end, be it one of those that try
    to reach it; the server can't come back then. Linux takes these from 32768 up (ip(7), ip_local_port_range).
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, SystemRandom().randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


class Broker(Protocol):
    """A broker under test."""

    port: int

    def start(self) -> None:
        """Start it and wait until it accepts connections."""

    def kill(self) -> None:
        """End it with SIGKILL."""


@dataclass
class BrokerProcess:
    """A broker in a process of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def run(self, command: list[str]) -> None:
        """Run its program and wait until it accepts connections."""
        with (self.folder / "broker.log").open("ab") as log:
            # A process group of its own, so that Ctrl-C in a terminal is not for it.
            self.process = subprocess.Popen(command, stdout=log, stderr=log, process_group=0)
        wait_until(lambda: listens(self.port), f"{command[0]} listens")

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it with SIGTERM: mosquitto saves its sessions."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(DEADLINE_S)
            self.process = None


@dataclass
class Mosquitto(BrokerProcess):
    """mosquitto with persistence in its folder; `lines` are added to its configuration at each start."""

    program: str = "mosquitto"
    lines: list[str] = field(default_factory=lambda: ["allow_anonymous true"])

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        config = self.folder / "mosquitto.conf"
        fixed = [
            f"listener {self.port} {HOST}",
            "persistence true",
            f"persistence_location {self.folder}/",
            "user root",
            "max_queued_messages 1000000",  # 0 (no limit) makes mosquitto 2.0.11 hang up on every refused message
        ]
        config.write_text("\n".join([*fixed, *self.lines]) + "\n")
        self.run([self.program, "-c", str(config)])

    def start_anew(self, lines: list[str]) -> None:
        """End it with SIGKILL and start it with other lines in its configuration."""
        self.kill()
        self.lines = lines
        self.start()

    def reload(self) -> None:
        """Make it read its password and access files again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)


@dataclass
class Amqtt(BrokerProcess):
    """amqtt in a process of its own."""

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self.run([sys.executable, "-P", __file__, str(self.port)])  # -P: tests/http is no http


def _serve_amqtt(port: int) -> None:
    import asyncio

    from amqtt.broker import Broker as Embedded

    async def serve() -> None:
        config: dict[str, Any] = {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        broker = Embedded(config)
        await broker.start()
        await asyncio.Event().wait()

    asyncio.run(serve())


@dataclass(frozen=True)
class Arrived:
    """A message as the subscriber got it."""

    topic: str
    body: bytes
    retained: bool

    @property
    def told(self) -> dict[str, Any]:
        """Its JSON."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


class Subscriber:
    """Subscribes to everything with a lasting session, reconnects by itself, and remembers all in order."""

    def __init__(self, port: int, *, username: str | None = None, password: str | None = None) -> None:
        self._arrived: list[Arrived] = []
        self._ledger = Ledger(since_first=True)
        self._faults: list[str] = []
        self._guard = threading.Lock()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="subscriber", clean_session=False)
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("edged/#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect(HOST, port)
        self._client.loop_start()
        assert self._subscribed.wait(DEADLINE_S)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        arrived = Arrived(message.topic, bytes(message.payload), message.retain)
        with self._guard:
            self._arrived.append(arrived)
            if len(self._arrived) <= HELD_AGAINST_SCHEMA and (found := fault(arrived.topic, arrived.body)):
                self._faults.append(found)
            if not arrived.topic.endswith("/status"):
                self._ledger.enter(arrived.body)

    def close(self) -> None:
        """Go away; fail when a message was none that the AsyncAPI document describes."""
        self._client.disconnect()
        self._client.loop_stop()
        assert not self._faults, self._faults

    @property
    def statuses(self) -> list[dict[str, Any]]:
        """Every status so far, oldest first."""
        return [each.told for each in list(self._arrived) if each.topic.endswith("/status")]

    @property
    def messages(self) -> list[Arrived]:
        """Every message of the outbox so far, oldest first, with duplicates."""
        return [each for each in list(self._arrived) if not each.topic.endswith("/status")]

    @property
    def sequences(self) -> list[int]:
        """Their sequences, each once, in the order of their first arrival."""
        return list(dict.fromkeys(each.told["sequence"] for each in self.messages))

    def has_all(self, last: int) -> bool:
        """Whether every sequence up to this one of the one store there is has arrived or was declared dropped."""
        with self._guard:
            accounts = list(self._ledger.accounts.values())
            return len(accounts) == 1 and not accounts[0].missing(last)

    def breaches(self, last: int | None = None) -> list[str]:
        """What of I1 to I3 is broken, in words; `last` is what the one store there is has committed, if known."""
        with self._guard:
            return self._ledger.breaches(None if last is None else dict.fromkeys(self._ledger.accounts, last))


@pytest.fixture
def mosquitto(tmp_path: Path, require_tool: Callable[[str], str]) -> Iterator[Mosquitto]:
    """A running mosquitto."""
    program = require_tool("mosquitto")
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(folder, program=program)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def amqtt(tmp_path: Path) -> Iterator[Amqtt]:
    """A running amqtt."""
    folder = tmp_path / "amqtt"
    folder.mkdir()
    broker = Amqtt(folder)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(params=["mosquitto", "amqtt"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """A running broker, of each kind."""
    running: Broker = request.getfixturevalue(request.param)
    return running


if __name__ == "__main__":
    _serve_amqtt(int(sys.argv[1]))
