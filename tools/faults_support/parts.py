"""The real parts that cases break: a broker, a subscriber with a ledger, edged's own processes.

Rules:
  - A process under test is the real `edged`, or (where frames don't matter) a producer that uses its real outbox.
  - Everything is ended by its own handle, with SIGKILL where it must be.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edged.messages.gap import GapMessage
from edged.watch.ledger import Ledger, Verdict
from tests.brokers import HOST, Mosquitto

from .case import BrokenError, Invariant, Lab, MissingError, RightError, find

ROOT = Path(__file__).resolve().parent.parent.parent
DEVICE = "shop"

Committed = Mapping[tuple[str, str], int]
"""The last sequence that is known to be committed, of each (device, epoch)."""


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[Mosquitto]:
    """A running mosquitto on a free port (`.port`); `kill()` and `start()` it at will."""
    program = find("mosquitto")
    if program is None:
        raise MissingError("mosquitto isn't installed")
    folder.mkdir()
    broker = Mosquitto(folder, program=program, lines=["allow_anonymous true", *lines])
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


class Consumer:
    """A subscriber with a lasting session that reconnects by itself and keeps a ledger."""

    def __init__(self, port: int, device: str = DEVICE) -> None:
        self.connected = False
        self.statuses: list[dict[str, Any]] = []
        self.order: list[int] = []
        """Sequences in the order of their first arrival."""
        self._ledger = Ledger(since_first=True)
        self._guard = threading.Lock()
        self._topics = f"edged/{device}/#"
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="consumer", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics, qos=1)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.connect_async(HOST, port)
        self._client.loop_start()

    @property
    def arrived(self) -> int:
        """Different messages so far."""
        with self._guard:
            return sum(account.arrived for account in self._ledger.accounts.values())

    @property
    def repeated(self) -> int:
        """Messages that came again."""
        with self._guard:
            return sum(account.repeated for account in self._ledger.accounts.values())

    @property
    def gaps(self) -> list[GapMessage]:
        """The gap messages so far."""
        with self._guard:
            return [gap for account in self._ledger.accounts.values() for gap in account.gaps]

    def has(self, committed: Committed) -> bool:
        """Whether all that was committed has arrived or was declared dropped."""
        with self._guard:
            accounts = self._ledger.accounts
            return all(key in accounts and not accounts[key].missing(last) for key, last in committed.items())

    def judge(self, committed: Committed | None = None) -> None:
        """Raise BrokenError when one of I1 to I3 does not hold."""
        with self._guard:
            breaches = self._ledger.breaches(committed)
        for breach in breaches:
            named = re.search(r"I[123]", breach)
            raise BrokenError(Invariant[named[0] if named else "I1"], breach)

    def close(self) -> None:
        """Go away."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_subscribe(self, *_: object) -> None:
        self.connected = True

    def _on_disconnect(self, *_: object) -> None:
        self.connected = False

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/status"):
            self.statuses.append(json.loads(message.payload))
            return
        with self._guard:
            entry = self._ledger.enter(bytes(message.payload))
            if entry.verdict is Verdict.NEW:
                self.order.append(entry.stamp.sequence)


@contextmanager
def consumer(port: int, device: str = DEVICE) -> Iterator[Consumer]:
    """A consumer, connected when the broker is there."""
    made = Consumer(port, device)
    try:
        yield made
    finally:
        made.close()


def settings(**keys: object) -> list[str]:
    """Words of the command line for configuration keys; `broker__port=1883` sets broker.port."""
    return [word for key, value in keys.items() for word in ("--set", f"{key.replace('__', '.')}={value}")]


def publish_words(port: int, folder: Path, **keys: object) -> list[str]:
    """The command line of `edged publish` for a broker on this machine."""
    chosen = {"device__id": DEVICE, "outbox__folder": folder, "broker__host": HOST, "broker__port": port, **keys}
    return ["publish", "--config", os.devnull, *settings(**chosen)]


class Process:
    """A process of its own, which is killed and started again."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = list(command)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 when it doesn't run."""
        return 0 if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self) -> None:
        """Start it."""
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("EDGED_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=surroundings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C in a terminal is not for it
            )

    def kill(self) -> int:
        """End it with SIGKILL, if it has not ended by then; give its exit code."""
        if self._process is None:
            return 0
        self._process.kill()
        return self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code; None when it goes on for longer."""
        assert self._process is not None
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def said(self) -> str:
        """What it has written so far, in all its lives."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""


def edged(lab: Lab, name: str, words: Sequence[str], wrapper: Sequence[str] = ()) -> Process:
    """`edged WORDS` as a process of its own, not yet started; it is killed when the case ends."""
    return program(lab, name, [sys.executable, "-m", "edged", *words], wrapper)


def program(lab: Lab, name: str, command: Sequence[str], wrapper: Sequence[str] = ()) -> Process:
    """Any command as a process of its own, not yet started; its log is `<name>.log` in the case's folder."""
    made = Process([*wrapper, *command], lab.folder / f"{name}.log")
    lab.at_end(made.kill)
    return made


def memory_kb(pid: int, kind: str = "VmRSS") -> int:
    """Resident memory of a process; `VmHWM`: the most that it ever had (proc(5))."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines[kind].split()[0])


def descriptors(pid: int) -> int:
    """Open descriptors of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def alive(process: Process) -> Callable[[], bool]:
    """Whether it still runs, as a condition."""
    return lambda: process.pid != 0


@contextmanager
def disk(folder: Path, kind: str, *options: str, image: Path | None = None) -> Iterator[Path]:
    """A small file system of its own, mounted on `folder`: `tmpfs`, or `ext4` in the file `image`."""
    source = kind if image is None else str(image)
    folder.mkdir(exist_ok=True)
    mount(["-t", kind, "-o", ",".join([*options, *(["loop"] if image else [])]) or "defaults", source, str(folder)])
    try:
        yield folder
    finally:
        for words in (["umount"], ["umount", "-l"]):  # the second only where something of ours still works in it
            if subprocess.run([*words, str(folder)], check=False, capture_output=True).returncode == 0:
                break


def mount(words: Sequence[str]) -> None:
    """Call the program of this name; a machine that does not let us is a missing right."""
    done = subprocess.run(["mount", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RightError(f"mount {' '.join(words)}: {done.stderr.strip()}")


def fill(folder: Path) -> Path:
    """Fill a file system to the last byte; give the file that does it."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while file.write(b"x" * size) == size:
                    pass
    return ballast


def free_bytes(folder: Path) -> int:
    """What is left on a file system."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
