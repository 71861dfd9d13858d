"""Pictures that nobody of this project made: people walking towards a camera, and people who turn their backs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto, Subscriber
from tests.end_to_end.conftest import thinned
from tests.end_to_end.process import Settings, ask, running, wait_for

pytestmark = pytest.mark.data


def test_three_walkers_are_among_the_visits(shared_data: Path, lasting_mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A real arcade in real time, its clip of four seconds over and over: visits, emotions, every ten seconds."""
    settings: Settings = {
        "device.id": "arcade",
        "camera.source": str(shared_data / "videos" / "walkers.mp4"),
        "camera.loop": True,
        "windows.length_s": 10,
        "privacy.k": 2,
        "outbox.folder": str(tmp_path / "state"),
        "broker.host": "127.0.0.1",
        "broker.port": lasting_mosquitto.port,
    }
    subscriber = Subscriber(lasting_mosquitto.port)

    def crowded() -> list[dict[str, Any]]:
        told = [message.told for message in subscriber.messages]
        return [window for window in told if (window["visits"] or 0) >= 3 and window["emotion"]]

    with running(["run"], settings, tmp_path / "log") as edged:
        window = wait_for(crowded, "a window with three visits and emotions", edged.said)[0]
    subscriber.close()
    assert window["emotion"]["visits"] >= 2


def test_backs_and_an_empty_table_are_hardly_visits(shared_data: Path, videos: Path) -> None:
    """In 139 s of people who show no face at most two visits are counted."""
    video = thinned(shared_data / "videos" / "one-by-one-person-detection.mp4", videos / "backs.mp4", 2)
    told = ask(
        *("analyze", str(video), "--start", "2026-11-22T00:00:00Z", "--config", "/dev/null"),
        *("--set", "windows.length_s=86400", "--set", "privacy.k=2"),
    )
    (window,) = (json.loads(line) for line in told.splitlines())
    assert (window["visits"] or 0) <= 2
