"""`edged run` as a shop runs it: a camera's worth of pictures in real time, a real broker, and faults."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.brokers import Mosquitto, Subscriber
from tests.end_to_end.process import (
    LISTENING,
    Running,
    Settings,
    ask,
    children_by_name,
    command_line,
    finish,
    inet_sockets,
    mapped_files,
    running,
    wait_for,
)

STOP_WITHIN_S = 5.0
"""What `edged run` promises after SIGTERM."""


def settings(source: Path, state: Path, port: int) -> Settings:
    """A camera that never ends, short windows, few visits needed."""
    return {
        "device.id": "till",
        "camera.id": "door",
        "camera.source": str(source),
        "camera.loop": True,
        "windows.length_s": 5,
        "privacy.k": 2,
        "visits.lost_after_s": 1.5,
        "visits.same_person_s": 0,
        "privacy.carry_windows": 20,
        "outbox.folder": str(state),
        "broker.host": "127.0.0.1",
        "broker.port": port,
    }


@pytest.fixture(scope="module")
def subscriber(lasting_mosquitto: Mosquitto) -> Iterator[Subscriber]:
    """Whoever listens to the device."""
    listening = Subscriber(lasting_mosquitto.port)
    yield listening
    listening.close()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of the service."""
    return tmp_path_factory.mktemp("service") / "state"


@pytest.fixture(scope="module")
def service(lasting_mosquitto: Mosquitto, subscriber: Subscriber, sample: Path, state: Path) -> Iterator[Running]:
    """`edged run`, running while the tests of this module look at it."""
    log = state.with_name("log")
    with running(["run"], settings(sample, state, lasting_mosquitto.port), log) as edged:
        yield edged


def windows(subscriber: Subscriber) -> list[dict[str, Any]]:
    """Window messages so far."""
    return [each.told for each in subscriber.messages if each.topic.endswith("/window")]


def released(subscriber: Subscriber) -> list[dict[str, Any]]:
    """Window messages with figures so far."""
    return [window for window in windows(subscriber) if window["state"] == "released"]


def test_windows_with_visits_and_emotions_arrive(service: Running, subscriber: Subscriber) -> None:
    """A subscriber sees how many came, how long they stayed and how they looked."""
    window = wait_for(lambda: released(subscriber), "a released window", service.said)[0]
    assert window["device"] == "till"
    assert window["camera"] == "door"
    assert window["visits"] >= 2
    assert window["dwell"]["mean_s"] > 0
    assert sum(window["dwell"]["histogram"].values()) == window["visits"]
    assert window["emotion"] is not None
    assert sum(window["emotion"]["face_distribution"].values()) == pytest.approx(1)
    assert {model["task"] for model in window["models"]} == {"face", "emotion"}


def test_every_message_is_what_the_schema_says(service: Running, subscriber: Subscriber) -> None:
    """`edged schema` describes what is really sent, so a reader may be generated from it."""
    wait_for(lambda: released(subscriber) and subscriber.statuses, "a window and a status", service.said)
    schemas = json.loads(ask("schema"))
    for message in [*windows(subscriber), *subscriber.statuses]:
        schema = schemas[message["schema"].removeprefix("edged.").partition("/")[0]]
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.Draft202012Validator(schema, format_checker=checker).validate(message)


def test_topics_are_the_device_s_own(service: Running, subscriber: Subscriber) -> None:
    """One line in a broker's access list covers a device."""
    wait_for(lambda: windows(subscriber), "a window", service.said)
    assert {message.topic for message in subscriber.messages} <= {"edged/till/door/window", "edged/till/gap"}


def test_status_says_that_the_camera_is_live(service: Running, subscriber: Subscriber) -> None:
    """Whoever looks after the device sees that it works without any word about visitors."""

    def live() -> list[dict[str, Any]]:
        return [s for s in subscriber.statuses if s["sense"] and s["sense"]["cameras"][0]["state"] == "live"]

    status = wait_for(live, "a status with a live camera", service.said)[0]
    assert status["state"] == "online"


def test_publishing_process_holds_no_picture_library(service: Running) -> None:
    """The process that has the network could not read a picture if it had one."""

    def at_work() -> set[str]:
        files = {Path(path).name for path in mapped_files(service.child("publish"))}
        return files if any("sqlite" in name for name in files) else set()

    files = wait_for(at_work, "the outbox's library in publish", service.said)
    loaded = {name for name in files if any(word in name.lower() for word in ("numpy", "cv2", "tflite", "litert"))}
    assert loaded == set()


def test_sensing_process_holds_no_internet_socket(service: Running) -> None:
    """The process that sees faces has nowhere to send them."""
    assert inet_sockets(service.child("sense")) == []


def test_nothing_listens(service: Running) -> None:
    """There is no port to knock at."""
    for pid in (service.process.pid, service.child("sense"), service.child("publish")):
        assert LISTENING not in inet_sockets(pid)


def test_state_folder_holds_the_outbox_and_nothing_else(service: Running, subscriber: Subscriber, state: Path) -> None:
    """No picture, no log, no figures beside the queue of messages: locks, and whether an Edge TPU may be trusted."""
    wait_for(lambda: windows(subscriber), "a window", service.said)
    names = {path.name for path in state.iterdir()}
    assert names <= {
        "edgetpu.json",
        "outbox.lock",
        "outbox.sqlite",
        "outbox.sqlite-shm",
        "outbox.sqlite-wal",
        "publish.lock",
        "run.lock",
        "sense.lock",
    }


@pytest.mark.parametrize("name", ["sense", "publish"])
def test_killed_child_is_started_again(service: Running, subscriber: Subscriber, name: str) -> None:
    """A kill -9 costs a few seconds, and no message gets lost or numbered twice."""
    killed = service.child(name)
    wait_for(lambda: windows(subscriber), "a window", service.said)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: service.child(name) != killed, f"a new {name} process", service.said)
    before = subscriber.sequences[-1]
    wait_for(lambda: subscriber.sequences[-1] > before + 1, "windows after the restart", service.said)
    assert subscriber.breaches() == []
    assert len({window["epoch"] for window in windows(subscriber)}) == 1


def test_sigterm_ends_everything_in_time(lasting_mosquitto: Mosquitto, sample: Path, tmp_path: Path) -> None:
    """Within five seconds all is said and done: exit code 0, an offline status, no process left."""
    subscriber = Subscriber(lasting_mosquitto.port)
    options = {**settings(sample, tmp_path / "state", lasting_mosquitto.port), "device.id": "brief"}
    with running(["run"], options, tmp_path / "log") as edged:
        # It is in the middle of its work when the signal comes.
        wait_for(lambda: [s for s in mine(subscriber) if s["sense"]], "a status of both processes", edged.said)
        children = children_by_name(edged.process.pid)
        assert set(children) == {"sense", "publish"}
        asked = time.monotonic()
        edged.process.terminate()
        code = edged.wait()
        took = time.monotonic() - asked
    assert code == 0, edged.said()
    assert took < STOP_WITHIN_S
    assert not [words for pid in children.values() if "edged" in (words := command_line(pid))]
    wait_for(lambda: mine(subscriber)[-1]["state"] == "offline", "an offline status", edged.said)
    subscriber.close()


def mine(subscriber: Subscriber) -> list[dict[str, Any]]:
    """Statuses of the device `brief` so far."""
    return [status for status in subscriber.statuses if status["device"] == "brief"]


def test_children_end_with_a_killed_supervisor(lasting_mosquitto: Mosquitto, sample: Path, tmp_path: Path) -> None:
    """No orphan keeps the camera when the supervisor itself is killed."""
    options = {**settings(sample, tmp_path / "state", lasting_mosquitto.port), "device.id": "orphan"}
    with running(["run"], options, tmp_path / "log") as edged:
        children = [edged.child("sense"), edged.child("publish")]
        edged.process.kill()
        edged.wait()
        wait_for(lambda: not any("edged" in command_line(pid) for pid in children), "the children's end", edged.said)


def test_status_names_the_version_that_runs(service: Running, subscriber: Subscriber) -> None:
    """The version in the status is the one the command tells."""
    wait_for(lambda: subscriber.statuses, "a status", service.said)
    assert ask("--version").split() == ["edged", subscriber.statuses[0]["version"]]


def test_second_instance_is_refused(service: Running, lasting_mosquitto: Mosquitto, sample: Path, state: Path) -> None:
    """Two services in one state folder would number messages twice; the second one says who is there."""
    service.child("sense")
    wait_for(lambda: "is live" in service.said(), "a camera", service.said)
    for words, pid in ((["sense"], service.child("sense")), (["run"], service.process.pid)):
        second = finish(words, settings(sample, state, lasting_mosquitto.port))
        assert second.returncode == 75
        assert f"another edged {words[0]} (pid {pid}) already works in" in second.stderr
        assert len(second.stderr.splitlines()) == 1, second.stderr
