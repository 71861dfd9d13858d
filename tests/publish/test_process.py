"""The publishing process as it runs: what it holds in memory, and how it ends."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edged.errors import InUseError
from edged.outbox import Outbox, exclusive
from tests.brokers import Mosquitto, Subscriber, wait_until
from tests.outbox.making import window
from tests.publish.conftest import Configure, Running

Launch = Callable[..., subprocess.Popen[bytes]]
Subscribe = Callable[..., Subscriber]

PICTURES = ("numpy", "cv2", "ai_edge_litert", "tflite_runtime", "picamera2")
ROOMS = ("camera", "vision", "visits", "windows", "anonymise")
UNNEEDED = ("rich", "asyncio", "jsonschema", "amqtt")
ANNOUNCING = "edged.messages.homeassistant"
"""Only who has discovery on pays for it."""
MOST_RSS_KB = 40 * 1024


def test_running_it_maps_no_picture_library_and_stays_small(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, launch: Launch, subscribe: Subscribe
) -> None:
    """The process that has the network sees no pictures, and fits beside the one that does."""
    subscriber = subscribe(mosquitto.port)
    for _ in range(300):
        outbox.append(window)
    process = launch(configure(mosquitto.port))
    wait_until(lambda: subscriber.has_all(300), "300 messages")
    proc = Path("/proc") / str(process.pid)
    maps = (proc / "maps").read_text()
    assert "_sqlite3" in maps, "these are not the maps of the running process"
    assert not [name for name in PICTURES if name in maps]
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    assert int(status["VmRSS"].split()[0]) <= MOST_RSS_KB
    assert int(status["Threads"]) <= 3, "the loop, the watchdog, and the one that waits for signals"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    wait_until(lambda: subscriber.statuses[-1]["state"] == "offline", "the farewell")
    assert subscriber.statuses[-1]["at"] is not None


def test_it_imports_nothing_that_could_hold_a_picture() -> None:
    """Directly or through others."""
    code = "import edged.service.publish, sys; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "edged.publish.publisher" in loaded
    forbidden = {*PICTURES, *UNNEEDED, ANNOUNCING, *(f"edged.{room}" for room in ROOMS)}
    assert not [name for name in loaded if name in forbidden or name.split(".")[0] in forbidden]


def test_a_signal_to_drain_ends_it_when_all_is_acknowledged(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, launch: Launch, subscribe: Subscribe
) -> None:
    """The supervisor ends it so when the recordings are over."""
    subscriber = subscribe(mosquitto.port)
    process = launch(configure(mosquitto.port))
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth")
    for _ in range(30):
        outbox.append(window)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(30) == 0
    wait_until(lambda: subscriber.has_all(30), "30 messages")


def test_the_farewell_of_a_drain_says_that_nothing_waits_even_when_all_was_sent_twice(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Callable[..., Running], subscribe: Subscribe
) -> None:
    """A retained `offline` must not tell for ever of messages that have arrived."""
    subscriber = subscribe(mosquitto.port)
    for _ in range(9):
        outbox.append(window)
    for _ in range(2):
        assert run(configure(mosquitto.port), drain=True).wait() == 0
    wait_until(lambda: len(subscriber.statuses) == 4, "two births and two farewells")
    assert [each["outbox"]["waiting"] for each in subscriber.statuses] == [9, 0, 0, 0]
    assert len(subscriber.messages) == 18, "the second run did not send all again"


def test_two_devices_of_one_client_id_are_told_so_and_make_way(
    mosquitto: Mosquitto, configure: Configure, launch: Launch, subscribe: Subscribe, tmp_path: Path
) -> None:
    """Mosquitto 2.0 throws the first one out without a word; log and status say what is behind it, and it ends."""
    subscriber = subscribe(mosquitto.port)
    config = configure(mosquitto.port)
    twin = config.model_copy(update={"outbox": config.outbox.model_copy(update={"folder": tmp_path / "twin"})})
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    launch(config, logs[0])
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth of the first")
    launch(twin, logs[1])
    words = "another client uses the client id 'edged-shop' too; this one goes on as 'edged-shop-"

    def aside() -> list[str]:
        return [log.read_text() for log in logs if words in log.read_text()]

    wait_until(lambda: len(aside()) > 0, "one makes way")
    (said,) = aside()
    assert said.split(words)[0].count("connected to the broker") >= 3, "the suspicion came too soon"
    wait_until(lambda: "connected to the broker" in aside()[0].split(words)[1], "its return")
    wait_until(lambda: any(words in str(each["last_error"]) for each in subscriber.statuses), "it in the status")
    for log in logs:
        assert log.read_text().split("goes on as")[-1].count("hung up") <= 3, "they go on throwing each other out"


def test_stopped_while_the_broker_is_away_it_ends_well(
    outbox: Outbox, configure: Configure, run: Callable[..., Running]
) -> None:
    """No broker, no wait."""
    running = run(configure(1))
    assert running.end() == 0


def test_a_second_one_on_the_same_folder_refuses(configure: Configure, run: Callable[..., Running]) -> None:
    """Two publishers would send everything twice."""
    import threading

    from edged.service import publish

    config = configure(1)
    with exclusive(config.outbox.folder, "publish"), pytest.raises(InUseError, match="another edged publish"):
        publish.main(config, threading.Event())


def test_room_on_the_disk_is_taken_as_configured(configure: Configure, run: Callable[..., Running]) -> None:
    """`outbox.reserve_bytes` is what file and journal have in advance."""
    config = configure(1)
    reserve = 1 << 20
    config = config.model_copy(update={"outbox": config.outbox.model_copy(update={"reserve_bytes": reserve})})
    assert run(config).end() == 0
    for name in ("outbox.sqlite", "outbox.sqlite-wal"):
        assert reserve <= (config.outbox.folder / name).stat().st_size < 2 * reserve
