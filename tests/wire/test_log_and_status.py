"""What is said besides the windows: a full shop and an empty one log the same lines and send the same status."""

import re
import resource
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto, Subscriber
from tests.end_to_end.process import Settings, finish, running, wait_for
from tests.wire.test_disk import blank

TIMES = re.compile(r"^\d\d:\d\d:\d\d ")


@pytest.fixture(scope="module")
def empty_sample(short_sample: Path, videos: Path) -> Path:
    """The short sample with nobody in it."""
    return blank(short_sample, videos / "nobody.mp4")


def settings(video: Path, state: Path, port: int = 1) -> Settings:
    return {
        "device.id": "side",
        "camera.source": str(video),
        "camera.loop": True,
        "windows.length_s": 5,
        "outbox.folder": str(state),
        "log.level": "debug",
        "broker.host": "127.0.0.1",
        "broker.port": port,
        "broker.status_interval_s": 5,
    }


def test_log_is_the_same_whoever_is_in_view(short_sample: Path, empty_sample: Path, tmp_path: Path) -> None:
    """A whole run at the most talkative level, with people and without: the lines differ in their times only."""
    said = []
    for name, video in (("people", short_sample), ("nobody", empty_sample)):
        options = {**settings(video, tmp_path / name), "camera.loop": False, "camera.pace": "fast", "privacy.k": 2}
        done = finish(["sense"], options)
        assert done.returncode == 0, done.stderr
        said.append([TIMES.sub("", line) for line in done.stderr.splitlines()])
    assert said[0] == said[1]


def statuses(video: Path, broker: Mosquitto, folder: Path) -> list[dict[str, Any]]:
    """Statuses, but for their times, of a service that runs in real time until three windows have come."""
    folder.mkdir()
    subscriber = Subscriber(broker.port)
    with running(["run"], settings(video, folder / "state", broker.port), folder / "log") as edged:
        wait_for(lambda: len(subscriber.messages) >= 3, "three windows", edged.said)
        edged.process.terminate()
        assert edged.wait() == 0
        wait_for(lambda: subscriber.statuses[-1]["state"] == "offline", "an offline status", edged.said)
    subscriber.close()
    told: list[dict[str, Any]] = []
    for status in subscriber.statuses:
        for key in ("at", "uptime_s", "sense_silent"):  # the last one is known after two reports, half a minute apart
            status[key] = None
        if status["outbox"]:
            status["outbox"]["waiting"] = None  # depends on when it was looked at; the number of windows is fixed
        for camera in (status["sense"] or {"cameras": []})["cameras"]:
            camera["since"] = None
        if status["sense"]:
            status["sense"]["at"] = None
            # Of the machine, not of the scene: tests/service/test_pulse.py and tests/publish/test_machine.py hold that.
            status["sense"]["face_ms"] = None
        status["machine"] = None
        told.append(status)
    return told


def test_status_is_the_same_whoever_is_in_view(
    mosquitto: Mosquitto, short_sample: Path, empty_sample: Path, tmp_path: Path
) -> None:
    """Every status of a full shop is one of an empty shop but for its times, once both have begun."""
    full = statuses(short_sample, mosquitto, tmp_path / "people")
    empty = statuses(empty_sample, mosquitto, tmp_path / "nobody")

    def steady(told: list[dict[str, Any]]) -> dict[str, Any]:
        """The last one before the farewell; those before it depend on how fast the service came up."""
        online = [s for s in told if s["state"] == "online" and s["sense"]]
        return [s for s in online if s["sense"]["cameras"][0]["state"] == "live"][-1]

    assert steady(full) == steady(empty)
    assert full[-1] == empty[-1]


def test_sense_leaves_no_core_dump(mosquitto: Mosquitto, short_sample: Path, tmp_path: Path) -> None:
    """The process that sees has the limit that the kernel takes for no dump at all, piped ones included."""
    with running(["run"], settings(short_sample, tmp_path / "state", mosquitto.port), tmp_path / "log") as edged:
        pid = edged.child("sense")
        assert wait_for(lambda: resource.prlimit(pid, resource.RLIMIT_CORE) == (1, 1), "a core limit", edged.said)


def test_frame_shows_nothing_of_its_picture() -> None:
    """A frame that ends up in a log line by mistake tells its size, camera and moment."""
    import numpy as np

    from edged.camera.frame import Frame

    assert repr(Frame("door", 1.5, np.full((2, 3, 3), 77, np.uint8))).count("77") == 0
