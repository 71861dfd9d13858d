"""`edged run` on a network camera and a broker, both of which can be taken away; and what its processes hold."""

import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.camera.servers import RtspServer
from tools.faults_support.case import Lab, MissingError, find
from tools.faults_support.parts import (
    DEVICE,
    ROOT,
    Committed,
    Process,
    consumer,
    descriptors,
    edged,
    memory_kb,
    mosquitto,
    settings,
)

RATE = 4
"""Pictures a second: few, so that a long run leaves the machine to others."""
WINDOW_S = 10


@dataclass(frozen=True)
class Held:
    """What a process holds."""

    pid: int
    memory_kb: int
    descriptors: int
    threads: int


@dataclass(frozen=True)
class Fault:
    """Something that is taken away, and how it is given back."""

    name: str
    strike: Callable[[], None]
    lift: Callable[[], None]


class Service:
    """The service and its surroundings."""

    def __init__(self, lab: Lab, wrapper: Sequence[str] = ()) -> None:
        """Start it all; `wrapper`: words before the command of `edged run`."""
        self.camera = lab.keep(RtspServer(_clip(lab)))
        self.broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
        self.reader = lab.keep(consumer(self.broker.port))
        self.state = lab.folder / "state"
        words = settings(
            camera__source=f"rtsp://{self.camera.place}/live",
            device__id=DEVICE,
            broker__host="127.0.0.1",
            broker__port=self.broker.port,
            outbox__folder=self.state,
            vision__max_fps=RATE,
            windows__length_s=WINDOW_S,
            privacy__k=2,
            visits__same_person_s=0,
        )
        self.run: Process = edged(lab, "run", ["run", "--config", os.devnull, *words], wrapper)
        self.run.start()

    @property
    def live(self) -> bool:
        """Whether the camera was said to be live last."""
        states: list[str] = re.findall(r"camera '[^']*' is (\w+)$", self.run.said(), re.MULTILINE)
        return bool(states) and states[-1] == "live"

    @property
    def committed(self) -> Committed:
        """The last sequence in its outbox."""
        with closing(sqlite3.connect(f"file:{self.state / 'outbox.sqlite'}?mode=ro", uri=True)) as store:
            return {(DEVICE, epoch): last for epoch, last in store.execute("SELECT epoch, last_sequence FROM store")}

    @property
    def disk_kb(self) -> int:
        """What the state folder takes on the disk."""
        return sum(file.stat().st_blocks for file in self.state.iterdir()) // 2

    def faults(self) -> list[Fault]:
        """What is taken away, in turn."""
        broker, camera = self.broker, self.camera

        def halt_broker(number: signal.Signals) -> None:
            assert broker.process is not None
            broker.process.send_signal(number)

        return [
            Fault("camera killed", camera.kill, camera.start),
            Fault("broker killed", broker.kill, broker.start),
            Fault("camera halted", lambda: camera.signal(signal.SIGSTOP), lambda: camera.signal(signal.SIGCONT)),
            Fault("broker halted", lambda: halt_broker(signal.SIGSTOP), lambda: halt_broker(signal.SIGCONT)),
        ]

    def held(self) -> dict[str, Held]:
        """What each process holds, by its role; a process that has just ended is left out."""
        found = {"run": self.run.pid}
        for pid in _children(self.run.pid):
            role = next((role for role in ("sense", "publish") if role in _words(pid)), None)
            if role is not None:
                found[role] = pid
        if "sense" in found:
            for pid in _children(found["sense"]):
                found["capture"] = pid
        held = {}
        for role, pid in found.items():
            try:
                held[role] = Held(pid, memory_kb(pid), descriptors(pid), len(_tasks(pid)))
            except (OSError, KeyError):
                continue
        return held


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _children(pid: int) -> list[int]:
    return [int(child) for task in _tasks(pid) for child in (task / "children").read_text().split()]


def _words(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _clip(lab: Lab) -> Path:
    """The first of the sample at few pictures a second, as a network camera sends it, again and again."""
    ffmpeg, path = find("ffmpeg"), lab.folder / "clip.mp4"
    if ffmpeg is None:
        raise MissingError("ffmpeg isn't installed")
    sample = ROOT / "tools" / "sample" / "sample.mp4"
    codec = ("-an", "-r", str(RATE), "-c:v", "libx264", "-preset", "ultrafast", "-g", str(RATE), "-bf", "0")
    subprocess.run(
        [ffmpeg, "-v", "error", "-y", "-t", "20", "-i", str(sample), *codec, "-pix_fmt", "yuv420p", str(path)],
        check=True,
    )
    return path
