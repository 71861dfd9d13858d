"""SIGHUP: a configuration that is right is taken up, a wrong one is refused and the old one goes on."""

import os
import signal
from pathlib import Path

import pytest

from tests.brokers import Mosquitto, Subscriber, wait_until
from tests.end_to_end.process import Running, running

CONFIG = """
[device]
id = "till"
[[cameras]]
source = "{sample}"
loop = true
[windows]
length_s = {length}
[outbox]
folder = "{state}"
[broker]
port = {port}
[vision]
emotion_model = "{model}"
"""


@pytest.fixture
def subscriber(mosquitto: Mosquitto) -> Subscriber:
    """Whoever listens."""
    return Subscriber(mosquitto.port)


def lengths(subscriber: Subscriber) -> set[int]:
    """Lengths of whole windows so far, in seconds."""
    windows = [each.told["window"] for each in subscriber.messages if each.topic.endswith("/window")]
    return {round(window["duration_s"]) for window in windows if not window["partial"]}


def test_reload_takes_what_is_right_and_refuses_what_is_wrong(
    short_sample: Path, tmp_path: Path, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    """One service, never ended: a good file, a broken one, one that names a model that isn't there, a good one.

    Whoever starts while the file is broken waits until it is mended.
    """
    file = tmp_path / "edged.toml"

    def write(length: int, model: str = "emotion") -> None:
        file.write_text(
            CONFIG.format(
                sample=short_sample, length=length, state=tmp_path / "state", port=mosquitto.port, model=model
            )
        )

    def reload(edged: Running) -> None:
        edged.process.send_signal(signal.SIGHUP)

    write(5)
    with running(["run"], {}, tmp_path / "log", config=file) as edged:
        wait_until(lambda: 5 in lengths(subscriber), "a window of 5 s")
        processes = edged.child("sense"), edged.child("publish")

        file.write_text("[windows]\nlength_s = 7\n")
        reload(edged)
        edged.wait_for_words("the new configuration is refused, the old one goes on: " + f"{file}: windows: length_s")

        write(6, model="absent")
        reload(edged)
        edged.wait_for_words('refused, the old one goes on: vision.emotion_model = "absent" finds no model')
        edged.wait_for_words("going on with the old configuration")

        write(6)
        reload(edged)
        wait_until(lambda: 6 in lengths(subscriber), "a window of 6 s")
        assert (edged.child("sense"), edged.child("publish")) == processes
        os.kill(processes[0], signal.SIGHUP)
        edged.wait_for_words("the configuration was read again: nothing has changed")

        file.write_text("[windows]\nlength_s = 7\n")
        os.kill(processes[0], signal.SIGKILL)
        edged.wait_for_words("sense ended with exit code 78; starting it again")
        write(10)
        wait_until(lambda: 10 in lengths(subscriber), "a window of 10 s")
    assert subscriber.has_all(max(subscriber.sequences))
    subscriber.close()
