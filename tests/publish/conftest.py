"""Fixtures of the publisher's tests: brokers, a configuration for them, and the publisher in a thread."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from edged.config.model import Config
from edged.outbox import Outbox
from edged.publish import publisher as publisher_module
from edged.service import publish
from tests.brokers import DEADLINE_S, HOST, Subscriber, amqtt, broker, mosquitto

__all__ = ["amqtt", "broker", "mosquitto"]

Configure = Callable[..., Config]


class Running:
    """The publishing main in a thread of this process."""

    def __init__(self, config: Config, *, drain: bool = False) -> None:
        self.stop = threading.Event()
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run, args=(config, drain), daemon=True)
        self._thread.start()

    def _run(self, config: Config, drain: bool) -> None:
        self.code = publish.main(config, self.stop, drain=drain)

    def end(self) -> int | None:
        """Ask it to stop and wait; give its exit code."""
        self.stop.set()
        return self.wait()

    def wait(self) -> int | None:
        """Wait until it ends by itself; give its exit code."""
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive(), "the publisher does not end"
        return self.code


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Make a configuration for a broker on this machine."""

    def make(port: int, **broker_keys: object) -> Config:
        keys = {"host": HOST, "port": port, **broker_keys}
        return Config.model_validate(
            {"device": {"id": "shop"}, "outbox": {"folder": tmp_path / "state"}, "broker": keys}
        )

    return make


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """The sensing process's end of the outbox."""
    opened = Outbox.open(tmp_path / "state", "shop")
    yield opened
    opened.close()


@pytest.fixture
def run() -> Iterator[Callable[..., Running]]:
    """Start publishers; all are ended with the test."""
    started: list[Running] = []

    def start(config: Config, *, drain: bool = False) -> Running:
        started.append(Running(config, drain=drain))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture
def subscribe() -> Iterator[Callable[..., Subscriber]]:
    """Make subscribers; all are closed with the test."""
    made: list[Subscriber] = []

    def make(port: int, *, username: str | None = None, password: str | None = None) -> Subscriber:
        made.append(Subscriber(port, username=username, password=password))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the delay between attempts; its growth has its own tests."""
    monkeypatch.setattr(publisher_module, "delay_s", lambda failures, share: 0.1)


@pytest.fixture
def launch() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start `edged publish` as a process of its own; all are killed with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(config: Config, log: Path | None = None) -> subprocess.Popen[bytes]:
        settings = {
            "device.id": config.device.id,
            "outbox.folder": config.outbox.folder,
            "broker.host": config.broker.host,
            "broker.port": config.broker.port,
        }
        options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        with nullcontext() if log is None else log.open("wb") as output:
            started.append(
                subprocess.Popen([sys.executable, "-m", "edged", "publish", *options], stdout=output, stderr=output)
            )
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()
