"""Home Assistant's discovery at a real broker: announced, announced again, and taken away."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edged.config.model import Config
from edged.outbox import Outbox, exclusive
from edged.publish import herald
from tests.brokers import DEADLINE_S, HOST, Amqtt, Broker, Mosquitto, Subscriber, wait_until
from tests.outbox.making import window
from tests.publish.conftest import Configure, Running
from tests.publish.gate import Gate

Run = Callable[..., Running]
Subscribe = Callable[..., Subscriber]

TOPIC = "homeassistant/device/edged_shop/config"


class Stage:
    """Stands where Home Assistant would: sees what is told and what is retained, and says that it is there."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="home-assistant")
        self._client.on_message = lambda _c, _d, m: self.heard.append((m.topic, bytes(m.payload), m.retain))
        self._client.on_connect = lambda client, *_: client.subscribe([("homeassistant/#", 1), ("edged/#", 1)])
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect(HOST, port)
        self._client.loop_start()
        assert subscribed.wait(DEADLINE_S)

    def announcements(self) -> list[bytes]:
        """Every announcement so far."""
        return [payload for topic, payload, _ in list(self.heard) if topic == TOPIC]

    def says(self, word: bytes) -> None:
        """Publish on the birth topic."""
        self._client.publish("homeassistant/status", word, qos=1).wait_for_publish(DEADLINE_S)

    def close(self) -> None:
        """Go away."""
        self._client.disconnect()
        self._client.loop_stop()


def with_discovery(config: Config) -> Config:
    """The same configuration, discovery on."""
    return config.model_copy(update={"homeassistant": config.homeassistant.model_copy(update={"discovery": True})})


def forget(config: Config, *more: str) -> subprocess.CompletedProcess[str]:
    """Run `edged forget` to its end."""
    settings = {
        "device.id": config.device.id,
        "outbox.folder": str(config.outbox.folder),
        "broker.host": HOST,
        "broker.port": str(config.broker.port),
    }
    options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return subprocess.run(
        [sys.executable, "-m", "edged", "forget", *options, *more],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=DEADLINE_S,
    )


def retained(port: int) -> set[str]:
    """Topics that hold a retained message: all have come once the last, our own, is there."""
    stage = Stage(port)
    stage.says(b"marker")
    wait_until(lambda: any(payload == b"marker" for _, payload, _ in list(stage.heard)), "the marker")
    stage.close()
    return {topic for topic, _, kept in stage.heard if kept}


def test_the_device_is_announced_and_again_at_home_assistants_birth(
    broker: Broker, outbox: Outbox, configure: Configure, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One retained payload for the device; whatever else is said on the birth topic changes nothing."""
    monkeypatch.setattr(herald, "SPREAD_S", 0.1)
    stage = Stage(broker.port)
    run(with_discovery(configure(broker.port)))
    wait_until(lambda: len(stage.announcements()) == 1, "the announcement")
    told = json.loads(stage.announcements()[0])
    assert told["device"]["identifiers"] == ["edged_shop"]
    assert told["components"]["edged_shop_camera_visits"]["state_topic"] == "edged/shop/camera/window"
    stage.says(b"offline")
    stage.says(b"online")
    wait_until(lambda: len(stage.announcements()) == 2, "the announcement again")
    assert stage.announcements()[0] == stage.announcements()[1]
    stage.close()


def test_without_discovery_nothing_is_announced_and_nothing_is_heard(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """It is off unless it was asked for."""
    mosquitto.start_anew(["allow_anonymous true", "log_type all"])
    stage, subscriber = Stage(mosquitto.port), subscribe(mosquitto.port)
    running = run(configure(mosquitto.port))
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth")
    assert running.end() == 0
    assert stage.announcements() == []
    log = (mosquitto.folder / "broker.log").read_text()
    assert "SUBSCRIBE from subscriber" in log
    assert "SUBSCRIBE from edged" not in log
    stage.close()


def test_the_only_subscription_is_home_assistants_birth(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """As the broker's own log has it."""
    mosquitto.start_anew(["allow_anonymous true", "log_type all"])
    subscriber = subscribe(mosquitto.port)
    running = run(with_discovery(configure(mosquitto.port)))
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth")
    assert running.end() == 0
    log = (mosquitto.folder / "broker.log").read_text()
    assert log.count("SUBSCRIBE from edged-shop") == 1
    assert "edged-shop 0 homeassistant/status" in log


def test_a_refused_announcement_is_said_and_stops_nothing(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """An access list that knows the device's own topics only."""
    access = mosquitto.folder / "access"
    access.write_text("topic read #\ntopic write edged/#\n")
    mosquitto.start_anew(["allow_anonymous true", f"acl_file {access}"])
    subscriber = subscribe(mosquitto.port)
    run(with_discovery(configure(mosquitto.port)))
    words = "the broker refuses the announcement to Home Assistant: not authorised"
    wait_until(lambda: words in str(subscriber.statuses[-1:]), "the status that says so")


@pytest.mark.usefixtures("soon")
def test_a_broker_that_hangs_up_on_the_announcement_gets_the_messages_all_the_same(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Some brokers cut the connection of who writes where he may not; the announcement is then left out."""
    gate = Gate(mosquitto.port)
    gate.hangs_up_on = b"homeassistant/device"
    subscriber = subscribe(mosquitto.port)
    for _ in range(5):
        outbox.append(window)
    run(with_discovery(configure(gate.port)))
    wait_until(lambda: subscriber.has_all(5), "all five")
    wait_until(lambda: outbox.counts().waiting == 0, "their acknowledgements")
    assert "which is left out from now on" in caplog.text
    gate.close()


def test_an_announcement_too_large_for_the_broker_is_left_out(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """It is not sent and refused for ever."""
    mosquitto.start_anew(["allow_anonymous true", "max_packet_size 4000"])
    subscriber = subscribe(mosquitto.port)
    run(with_discovery(configure(mosquitto.port)))
    words = "the announcement to Home Assistant is larger than the broker's"
    wait_until(lambda: words in str(subscriber.statuses[-1:]), "the status that says so")


def test_forget_takes_everything_away(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """Nothing of the device is retained any more; doing it twice does no harm."""
    config = with_discovery(configure(mosquitto.port))
    stage = Stage(mosquitto.port)
    running = run(config)
    wait_until(lambda: len(stage.announcements()) == 1, "the announcement")
    assert running.end() == 0
    stage.close()
    assert retained(mosquitto.port) == {TOPIC, "edged/shop/status"}
    for _ in range(2):
        done = forget(config, "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [f"{TOPIC}: gone", "edged/shop/status: gone"]
    assert retained(mosquitto.port) == set()


def test_forget_does_it_in_the_older_version_too(amqtt: Amqtt, configure: Configure) -> None:
    """Old brokers keep retained messages as well."""
    done = forget(configure(amqtt.port), "--yes", "--device", "other")
    assert done.returncode == 0, done.stderr
    assert "edged/other/status: gone" in done.stdout


def test_forget_asks_first(configure: Configure) -> None:
    """Without a terminal and without --yes nothing is done."""
    done = forget(configure(1))
    assert done.returncode == 64
    assert TOPIC in done.stdout
    assert "add --yes" in done.stderr


def test_forget_refuses_while_the_service_runs(configure: Configure) -> None:
    """It would say it all again."""
    config = configure(1)
    with exclusive(config.outbox.folder, "publish"):
        done = forget(config, "--yes")
    assert done.returncode == 75
    assert "another edged publish" in done.stderr


def test_forget_says_when_there_is_no_broker(configure: Configure) -> None:
    """Nothing was taken away then."""
    done = forget(configure(1), "--yes")
    assert done.returncode == 69
    assert "nothing listens on that port" in done.stderr
