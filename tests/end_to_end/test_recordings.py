"""Recordings taken as fast as the device can: the same pictures give the same messages, and the figures are true."""

import json
import shutil
from pathlib import Path

import pytest

from edged.outbox.store import Outbox
from tests.brokers import Mosquitto, Subscriber
from tests.end_to_end.process import Settings, finish, wait_for

DEVICE = "replay"
START = "2026-11-22T08:00:00Z"


def settings(video: Path, state: Path) -> Settings:
    """The sample's own windows: ten seconds each, the first begins with the video."""
    return {
        "device.id": DEVICE,
        "camera.source": str(video),
        "camera.pace": "fast",
        "camera.start": START,
        "windows.length_s": 10,
        "privacy.k": 2,
        "visits.lost_after_s": 1.5,
        "visits.same_person_s": 0,  # its people come and go at the same edges, seconds apart
        "outbox.folder": str(state),
    }


def bodies(state: Path) -> list[bytes]:
    """Every message that waits in a state folder, as it will be sent."""
    outbox = Outbox.open(state, DEVICE)
    try:
        return [row.body for row in outbox.waiting(1000)]
    finally:
        outbox.close()


@pytest.fixture(scope="module")
def replayed(sample_at_5_fps: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], list[bytes]]:
    """The messages of two runs over the sample that begin with the same outbox."""
    folder = tmp_path_factory.mktemp("replay")
    Outbox.open(folder / "first", DEVICE).close()
    shutil.copytree(folder / "first", folder / "second")
    for state in ("first", "second"):
        done = finish(["sense"], settings(sample_at_5_fps, folder / state))
        assert done.returncode == 0, done.stderr
    return bodies(folder / "first"), bodies(folder / "second")


def test_same_recording_gives_the_same_bytes(replayed: tuple[list[bytes], list[bytes]]) -> None:
    """Nothing in a message comes from chance, from the load, or from the clock of the device."""
    first, second = replayed
    assert len(first) == 7
    assert first == second


def test_visits_are_near_the_truth(replayed: tuple[list[bytes], list[bytes]], sample: Path) -> None:
    """Who counts the people in the video by hand comes to the same figures, give or take one."""
    truth = json.loads(sample.with_name("truth.json").read_text())
    windows = [json.loads(body) for body in replayed[0]]
    for number, window in enumerate(windows):
        if window["state"] == "withheld":
            continue
        covered = truth["windows"][number + 1 - window["privacy"]["windows_covered"] : number + 1]
        assert abs(window["visits"] - sum(true["visits_ended"] for true in covered)) <= 1
    told = sum(window["visits"] or 0 for window in windows)
    dwell = sum((window["visits"] or 0) * window["dwell"]["mean_s"] for window in windows if window["dwell"])
    assert abs(told - truth["total"]["visits"]) <= 2
    true_dwell = sum(visit["duration_s"] for visit in truth["visits"]) / len(truth["visits"])
    assert dwell / told == pytest.approx(true_dwell, rel=0.25)


def test_windows_without_enough_visits_tell_nothing(replayed: tuple[list[bytes], list[bytes]]) -> None:
    """A withheld window has no figure, whatever there was to see."""
    withheld = [window for body in replayed[0] if (window := json.loads(body))["state"] == "withheld"]
    assert withheld, "the sample has windows with a single visit"
    for window in withheld:
        assert [window[name] for name in ("visits", "dwell", "in_view", "emotion")] == [None] * 4
        assert window["privacy"]["windows_covered"] == 0
        assert window["coverage"]["live_share"] > 0.9


def test_run_ends_when_the_recording_has_ended_and_all_is_sent(
    mosquitto: Mosquitto, short_sample: Path, tmp_path: Path
) -> None:
    """Nobody has to stop it: the last window is released, the broker has it all, exit code 0."""
    subscriber = Subscriber(mosquitto.port)
    broker: Settings = {"broker.host": "127.0.0.1", "broker.port": mosquitto.port}
    done = finish(["run"], {**settings(short_sample, tmp_path / "state"), **broker})
    assert done.returncode == 0, done.stderr
    last = wait_for(lambda: subscriber.messages, "a window", lambda: done.stderr)[-1].told
    wait_for(lambda: subscriber.statuses[-1]["state"] == "offline", "an offline status", lambda: done.stderr)
    subscriber.close()
    assert subscriber.breaches(last["sequence"]) == []
    assert last["window"]["clock"] == "recording"
