"""The demo's second half: broker, service and subscriber, and what they have to tell.

    edged run (sample.mp4, as it was filmed) ──MQTT──▶ embedded broker ──MQTT──▶ this program, a subscriber like any

Rules:
  - The service is the real one, started as a person would start it; nothing of it is imported but the message models.
  - Whatever happens, the service is stopped, the broker is stopped, and the state folder is gone.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import paho.mqtt.client as mqtt
from broker import EmbeddedBroker
from paho.mqtt.enums import CallbackAPIVersion
from report import Report
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from truth import LOST_AFTER_S, Truth

from edged.messages.status import StatusMessage
from edged.messages.window import WindowMessage

SAMPLE = Path(__file__).resolve().parents[1] / "sample"
K, WINDOW_S = 2, 10
START_BETWEEN_S = (1.5, 4.5)
"""Seconds into a window of the clock at which the service is started.

Visits of the sample are known to be over 6.9 to 9.4 s after a full ten seconds of the video. Started then, and with two
to five seconds until the first picture, none of them ends so near to a window's boundary that measuring and truth might
put it on different sides.
"""
SUBSCRIBED_WITHIN_S = 15.0
LONGEST_S = 110.0
"""Seconds after which the demo gives up: it promises to end within two minutes."""
LAST_MESSAGES_S = 2.0
"""Seconds in which the last messages arrive after the service has ended."""
STOP_WITHIN_S = 8.0

CONFIG = """\
[device]
id = "demo"

[[cameras]]
id = "sample"
source = '{video}'

[windows]
length_s = {window}

[visits]
lost_after_s = {lost_after}
same_person_s = 0.0

[privacy]
k = {k}

[outbox]
folder = '{state}'

[broker]
host = "127.0.0.1"
port = {port}
"""

WHAT_NEXT = """
What next:
  the faces of a picture, on this machine only
      {edged} analyze PICTURE.jpg
  a camera of yours, and a broker on this machine (another: --set broker.host=NAME)
      {edged} run --set camera.source=0 --set outbox.folder=state
  what can be configured: config/edged.toml
      {edged} check-config FILE
  what every field of a message means
      {edged} schema window
  from laptop to device: README.md
"""


def main() -> int:
    """Run the demo; 0 when messages came and the service ended well."""
    console = Console()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        report = Report(console, Truth.read(SAMPLE / "truth.json"))
        return _demo(console, report)
    except KeyboardInterrupt:
        console.print("\nstopped")
        return 130


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _demo(console: Console, report: Report) -> int:
    with tempfile.TemporaryDirectory(prefix="edged-demo-") as folder, EmbeddedBroker() as broker:
        console.print(
            f"[bold]edged[/bold] watches tools/sample/sample.mp4 for {report.truth.length_s:.0f} s, as a camera would "
            f"show it. Every {WINDOW_S} s it sends a message to a broker at 127.0.0.1:{broker.port}; figures are "
            f"released from {K} visits on (on a device: from 10).",
            highlight=False,
            soft_wrap=not console.is_terminal,
        )
        with _subscription(broker.port) as inbox:
            _await_good_moment(console)
            log = Path(folder, "log")
            with log.open("wb") as sink, _service(Path(folder), broker.port, sink.fileno()) as service:
                ended_well = _follow(console, report, inbox, service)
            if not (ended_well and report.windows):
                console.print("\n[red]The demo did not get what it waited for. The service said:[/red]")
                console.print(log.read_text(encoding="utf-8", errors="replace"), markup=False, highlight=False)
                return 1
    report.summary()
    # Commands to copy: printed as they are, without wrapping or marks.
    print(WHAT_NEXT.format(edged=os.path.relpath(Path(sys.executable).with_name("edged"))), flush=True)
    return 0


def _await_good_moment(console: Console) -> None:
    earliest, latest = START_BETWEEN_S
    into = time.time() % WINDOW_S
    if not earliest <= into <= latest:
        pause = (earliest - into) % WINDOW_S
        console.print(f"[dim]starting in {pause:.0f} s, to suit the clock's windows[/dim]", highlight=False)
        time.sleep(pause)


@contextmanager
def _subscription(port: int) -> Iterator[queue.Queue[mqtt.MQTTMessage]]:
    """Subscribe to everything edged sends, as a user of it would."""
    inbox: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
    subscribed = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="edged-demo-subscriber")
    client.on_connect = lambda *_: client.subscribe("edged/#", qos=1) and None
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _client, _data, message: inbox.put(message)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        if not subscribed.wait(SUBSCRIBED_WITHIN_S):
            raise TimeoutError("the embedded broker did not answer")
        yield inbox
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def _service(state: Path, port: int, log: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `edged run` for as long as the block runs."""
    config = state / "edged.toml"
    video = SAMPLE / "sample.mp4"
    text = CONFIG.format(video=video, lost_after=LOST_AFTER_S, window=WINDOW_S, k=K, state=state / "state", port=port)
    config.write_text(text, encoding="utf-8")
    # Settings of a device that this machine may also be must not change the demo.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("EDGED_")}
    command = [sys.executable, "-m", "edged", "run", "--config", str(config)]
    service = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=surroundings)
    try:
        yield service
    finally:
        service.terminate()
        try:
            service.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def _follow(
    console: Console, report: Report, inbox: queue.Queue[mqtt.MQTTMessage], service: subprocess.Popen[bytes]
) -> bool:
    """Tell of every message until the service has ended; say whether it ended well."""
    deadline = time.monotonic() + LONGEST_S
    ended: float | None = None
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} s"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("starting", total=report.truth.length_s)
        began: float | None = None
        while time.monotonic() < deadline:
            try:
                message = inbox.get(timeout=0.25)
            except queue.Empty:
                message = None
            if message is not None:
                live = _tell(report, message)
                began = began or (time.monotonic() if live else None)
            if began is not None:
                done = min(time.monotonic() - began, report.truth.length_s)
                bar.update(task, description="the video", completed=done)
            if service.poll() is not None:
                ended = ended or time.monotonic()
                if message is None and time.monotonic() > ended + LAST_MESSAGES_S:
                    return service.returncode == 0
    return False


def _tell(report: Report, message: mqtt.MQTTMessage) -> bool:
    """Tell of one message; say whether it shows that the camera is live."""
    if message.topic.endswith("/window"):
        report.window(WindowMessage.model_validate_json(message.payload), message.topic, bytes(message.payload))
        return True
    if message.topic.endswith("/status"):
        status = StatusMessage.model_validate_json(message.payload)
        report.status(status)
        return status.sense is not None and any(camera.state == "live" for camera in status.sense.cameras)
    return False


if __name__ == "__main__":
    sys.exit(main())
