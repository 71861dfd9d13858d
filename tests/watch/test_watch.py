"""`edged watch` as a person and a pipe use it, against a real broker."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edged.cli.main import main
from edged.errors import ExitCode
from tests.brokers import DEADLINE_S, HOST, Amqtt, Mosquitto, amqtt, broker, free_port, mosquitto, wait_until
from tests.end_to_end.process import environment
from tests.watch.test_board import arrival, status, window

__all__ = ["amqtt", "broker", "mosquitto"]

Watch = Callable[..., "Watching"]


class Watching:
    """`edged watch` in a process of its own; what it prints is collected."""

    def __init__(self, *options: str, terminal: bool = False) -> None:
        self.said = ""
        read_end, write_end = pty.openpty() if terminal else os.pipe()
        command = [sys.executable, "-m", "edged", "watch", *options]
        surroundings = {**environment(), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        self.process = subprocess.Popen(command, stdout=write_end, stderr=subprocess.PIPE, env=surroundings)
        os.close(write_end)
        threading.Thread(target=self._collect, args=(read_end,), daemon=True).start()

    def _collect(self, read_end: int) -> None:
        with open(read_end, "rb", closefd=True, buffering=0) as source:
            try:
                while data := source.read(65536):
                    self.said += data.decode(errors="replace")
            except OSError:  # how a terminal says that its other end is gone
                pass

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of a name so far."""
        told = [json.loads(line) for line in self.said.splitlines(keepends=True) if line.endswith("\n")]
        return [each for each in told if each["event"] == name]

    def end(self, number: int = signal.SIGINT) -> int:
        """Interrupt it; give its exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Start watchers; all are ended with the test."""
    started: list[Watching] = []

    def start(*options: str, terminal: bool = False) -> Watching:
        started.append(Watching(*options, terminal=terminal))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def send(port: int, *messages: Any) -> None:
    """Publish messages as a device would, and wait until the broker has them."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, port)
    client.loop_start()
    for message in messages:
        came = arrival(message)
        client.publish(came.topic, came.body, qos=1, retain=came.topic.endswith("/status")).wait_for_publish(DEADLINE_S)
    client.disconnect()
    client.loop_stop()


def test_a_pipe_gets_an_event_a_line(mosquitto: Mosquitto, watch: Watch) -> None:
    """The message as it was sent, whether it came before, and what was skipped."""
    send(mosquitto.port, status())
    watching = watch("--broker", f"{HOST}:{mosquitto.port}", "--json")
    wait_until(lambda: len(watching.events("message")) == 1, "the retained status")
    send(mosquitto.port, window(1), window(1), window(4))
    wait_until(lambda: len(watching.events("message")) == 4, "the windows")
    told = watching.events("message")
    assert [each["kind"] for each in told] == ["status", "window", "window", "window"]
    assert [each["repeated"] for each in told] == [False, False, True, False]
    assert told[1]["message"] == json.loads(window(1).model_dump_json())
    assert watching.events("skipped") == [
        {"event": "skipped", "device": "shop", "epoch": "0a1b2c3d", "first": 2, "last": 3}
    ]
    assert watching.end() == ExitCode.OK


def test_only_the_device_that_was_asked_for_is_shown(mosquitto: Mosquitto, watch: Watch) -> None:
    """--device keeps the others away."""
    send(mosquitto.port, status("other"), status("shop"))
    watching = watch("--broker", f"mqtt://{HOST}:{mosquitto.port}", "--device", "shop", "--json")
    wait_until(lambda: len(watching.events("message")) > 0, "the status")
    assert {each["message"]["device"] for each in watching.events("message")} == {"shop"}


def test_it_lives_through_a_restart_of_the_broker_and_misses_nothing(mosquitto: Mosquitto, watch: Watch) -> None:
    """The broker keeps for it what comes while it is away."""
    watching = watch("--broker", f"{HOST}:{mosquitto.port}", "--json")
    wait_until(lambda: len(watching.events("subscribed")) == 1, "the subscription")
    mosquitto.stop()
    wait_until(lambda: len(watching.events("lost")) > 0, "the loss")
    assert HOST in watching.events("lost")[0]["reason"]
    mosquitto.start()
    send(mosquitto.port, window(1))
    wait_until(lambda: len(watching.events("message")) == 1, "the window")
    wait_until(lambda: len(watching.events("subscribed")) == 2, "the subscription's confirmation, which may come later")
    assert watching.events("subscribed")[-1]["resumed"] is True


def test_an_old_broker_is_watched_too(amqtt: Amqtt, watch: Watch) -> None:
    """Without MQTT 5, as the demo's broker is."""
    watching = watch("--broker", f"{HOST}:{amqtt.port}", "--json")
    wait_until(lambda: len(watching.events("subscribed")) == 1, "the subscription")
    send(amqtt.port, window(1))
    wait_until(lambda: len(watching.events("message")) == 1, "the window")


def test_a_person_sees_a_live_view_and_leaves_with_ctrl_c(mosquitto: Mosquitto, watch: Watch) -> None:
    """Figures appear as they come; afterwards one line sums up, with no traceback."""
    watching = watch("--broker", f"{HOST}:{mosquitto.port}", terminal=True)
    wait_until(lambda: "nothing yet" in watching.said, "the view")
    send(mosquitto.port, status(), window(1, visits=35))
    wait_until(lambda: "35 visits" in watching.said, "the figures")
    assert watching.end() == ExitCode.OK
    wait_until(lambda: "1 device, 1 message, 0 repeated, 0 declared dropped, 0 missing" in watching.said, "the summary")
    assert watching.process.stderr is not None
    assert watching.process.stderr.read() == b""


def test_password_from_a_file_and_a_refusal_in_one_sentence(
    mosquitto: Mosquitto, require_tool: Callable[[str], str], tmp_path: Path, watch: Watch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A reader's account, as config/mosquitto.conf advises."""
    users, password = tmp_path / "users", tmp_path / "password"
    subprocess.run([require_tool("mosquitto_passwd"), "-b", "-c", users, "reader", "right"], check=True)
    mosquitto.start_anew(["allow_anonymous false", f"password_file {users}"])
    config = tmp_path / "reader.toml"
    config.write_text(
        f'[broker]\nhost = "{HOST}"\nport = {mosquitto.port}\nusername = "reader"\npassword_file = "{password}"\n'
    )
    options = ["--config", str(config), "--json"]
    password.write_text("wrong\n")
    assert main(["watch", *options]) == ExitCode.UNAVAILABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert "refuses the connection: user name or password is wrong" in line
    password.write_text("right\n")
    watching = watch(*options)
    wait_until(lambda: len(watching.events("subscribed")) == 1, "the subscription")


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--json", "--broker", f"{HOST}:{free_port()}"], ExitCode.UNAVAILABLE, "nothing listens on that port"),
        (["--broker", HOST], ExitCode.USAGE, "the live view needs a terminal: in a pipe or a file use --json"),
        (["--json", "--broker", f"mqtt://me:secret@{HOST}"], ExitCode.USAGE, "broker.password_file"),
        (["--json", "--broker", "http://x"], ExitCode.USAGE, "write HOST, HOST:PORT"),
        (["--json", "--broker", "x:99999"], ExitCode.USAGE, "write HOST, HOST:PORT"),
        (["--json", "--broker", f"mqtts://{HOST}", "--set", "broker.ca_file=/absent"], ExitCode.UNAVAILABLE, "/absent"),
        (["--json", "--broker", HOST, "--device", "a/#"], ExitCode.USAGE, "--device a/#"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_code(
    options: list[str], code: ExitCode, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a traceback, and without the password."""
    assert main(["watch", *options]) == code
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert says in line
    assert "secret" not in line
    assert captured.out == ""
