"""`policy = "differential"` as a shop runs it: noisy windows at a real broker, and a budget that outlives kill -9."""

import json
import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from edged.outbox.store import Outbox
from tests.brokers import Mosquitto, Subscriber
from tests.conftest import missing
from tests.end_to_end.process import Running, Settings, finish, running, wait_for

EPSILON, DAILY = 10.0, 35.0
"""Three windows with figures a day, or a few more where some are withheld."""


def settings(source: Path, state: Path) -> Settings:
    return {
        "device.id": "noisy",
        "camera.source": str(source),
        "windows.length_s": 5,
        "privacy.policy": "differential",
        "privacy.k": 2,
        "privacy.epsilon": EPSILON,
        "privacy.daily_epsilon": DAILY,
        "visits.lost_after_s": 1.0,
        "outbox.folder": str(state),
    }


@pytest.fixture(autouse=True)
def opendp() -> None:
    if find_spec("opendp") is None:
        missing("OpenDP isn't installed")


@pytest.fixture
def subscriber(mosquitto: Mosquitto) -> Iterator[Subscriber]:
    listening = Subscriber(mosquitto.port)
    yield listening
    listening.close()


def budgets(subscriber: Subscriber) -> list[dict[str, Any]]:
    """What the windows so far say of the budget."""
    told = [message.told for message in subscriber.messages if message.topic.endswith("/window")]
    assert {window["privacy"]["policy"] for window in told} <= {"differential"}
    return [window["privacy"]["budget"] for window in told]


def test_budget_outlives_kill_9_and_is_never_overspent(
    mosquitto: Mosquitto, subscriber: Subscriber, sample: Path, tmp_path: Path
) -> None:
    """Sense is killed again and again; what is spent only grows, up to the day's budget, and then nothing is told."""
    live: Settings = {
        **settings(sample, tmp_path / "state"),
        "camera.loop": True,
        "broker.host": "127.0.0.1",
        "broker.port": mosquitto.port,
    }

    def spent() -> float:
        return max((budget["spent"] for budget in budgets(subscriber)), default=0.0)

    def killed_after_more(edged: Running) -> None:
        before, child = spent(), edged.child("sense")
        wait_for(lambda: spent() > before, "a window that was paid for", edged.said)
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: edged.child("sense") != child, "a new sensing process", edged.said)

    with running(["run"], live, tmp_path / "log") as edged:
        killed_after_more(edged)
        killed_after_more(edged)
        wait_for(lambda: DAILY - spent() < EPSILON, "a budget spent", edged.said)
        exhausted = len(budgets(subscriber))
        wait_for(lambda: len(budgets(subscriber)) > exhausted, "a window after it", edged.said)
    told = budgets(subscriber)
    amounts = [budget["spent"] for budget in told]
    assert amounts == sorted(amounts)
    assert all(budget["spent"] + budget["left"] == pytest.approx(DAILY) for budget in told)
    assert amounts[-1] == spent() <= DAILY
    assert subscriber.messages[-1].told["state"] == "withheld"


def test_recording_is_paid_for_once_and_for_all(short_sample: Path, tmp_path: Path) -> None:
    """Taken a second time within a day, the same recording finds nothing left: no noise is averaged away."""
    replay: Settings = {**settings(short_sample, tmp_path), "camera.pace": "fast", "privacy.daily_epsilon": EPSILON}
    for _ in range(2):
        done = finish(["sense"], replay)
        assert done.returncode == 0, done.stderr
    outbox = Outbox.open(tmp_path, "noisy")
    try:
        told = [json.loads(row.body) for row in outbox.waiting(1000)]
    finally:
        outbox.close()
    second = told[len(told) // 2 :]
    assert second
    assert all(window["state"] == "withheld" for window in second)
    assert {window["privacy"]["budget"]["spent"] for window in second} == {told[0]["privacy"]["budget"]["spent"]}
