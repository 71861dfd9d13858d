"""Measures the sensing process on a video: the real loop, the real models, the real outbox, stage by stage.

Rules:
  - CPU time is the whole process's (all threads), from the first frame to the last: decoding, our own code, and
    invoke. What start-up costs is told apart.
  - The bar is a ratio of two times from the same run (all CPU ÷ CPU in invoke), so that a busy machine moves both.
  - Peak memory is VmHWM of each process, as the kernel keeps it; this process stands for sense, a child is publish.
  - Nobody is told: the child is given an address at which nobody answers, not the broker of the configuration, whose
    subscribers would hear of people who weren't there.
"""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2

from edged.camera.frame import Frame, FrameSource
from edged.camera.sources import open_source
from edged.config.model import Camera, Config
from edged.errors import InputError
from edged.outbox.store import Outbox
from edged.service.eyes import Eyes
from edged.service.handover import Handover
from edged.service.line import Sees
from edged.service.recommend import Recommendation, recommend
from edged.service.sense import sense_recording
from edged.service.signals import Stop
from edged.vision.sighting import Sighting
from edged.vision.stages import STAGES

CAPTURE: Final = "capture"
REST: Final = "visits, windows, outbox"
QUIET_S: Final = 5.0
"""A publishing process that hasn't grown for so long has reached its working size."""
LIMIT_S: Final = 30.0
"""So long it is given at most."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Wall time of one stage per frame, in milliseconds."""

    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run measured."""

    frames: int
    faces: int
    stages: dict[str, Stage]
    invoke_ms: float
    """CPU milliseconds per frame inside the models' invoke()."""
    cpu_ms: float
    """CPU milliseconds per frame of the whole process."""
    overhead_ratio: float
    """All CPU of sense ÷ CPU in invoke."""
    frames_per_second: float
    speed: float
    """Seconds of recording per second of running."""
    start_up_cpu_s: float
    sense_peak_rss_mb: float
    publish_peak_rss_mb: float
    models: list[str]
    runtime: str
    recommendation: Recommendation


class _TimedSource(FrameSource):
    """A recording that notes how long each frame took to come."""

    live = False

    def __init__(self, source: FrameSource, at: Callable[[float], None]) -> None:
        self._source = source
        self._at = at
        self.seconds: list[float] = []
        self.last = 0.0
        self.size = (0, 0)
        """Width and height of the pictures."""

    def grab(self) -> float | None:
        self._began = time.perf_counter()
        return self._source.grab()

    def retrieve(self) -> Frame | None:
        frame = self._source.retrieve()
        self.seconds.append(time.perf_counter() - self._began)
        if frame is not None:
            height, width = frame.pixels.shape[:2]
            self.last, self.size = frame.captured, (width, height)
            self._at(frame.captured)
        return frame

    def close(self) -> None:
        self._source.close()


@dataclass(slots=True)
class _TimedEyes:
    """Eyes that note how long each stage of each frame took. The first frame only warms up and counts for nothing."""

    eyes: Eyes
    stages: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    frames: int = 0
    faces: int = 0
    began: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def sees(self) -> Sees:
        return self.eyes.sees

    def look(self, frame: Frame) -> tuple[list[Sighting], Sees]:
        sightings, sees = self.eyes.look(frame)
        if self.frames == 0:
            self.began = time.perf_counter(), time.process_time(), self.eyes.invoke_cpu_s
        else:
            for stage, seconds in self.eyes.last_stages.items():
                self.stages[stage].append(seconds)
            self.faces += len(sightings)
        self.frames += 1
        return sightings, sees


def measure(
    config: Config,
    path: Path,
    config_arguments: list[str],
    face_px: float,
    say: Callable[[str], None],
    at: Callable[[float], None],
) -> Figures:
    """Run a video through the sensing process and weigh both processes; recommend a model for faces of `face_px`.

    `say` is told what is being measured, `at` how many seconds of the video are behind.
    Raises what open_source and Vision raise, and InputError when the video has fewer than three frames.
    """
    cv2.setNumThreads(1)
    camera = Camera(id="bench", source=str(path), pace="fast", region=config.cameras[0].region)
    source = _TimedSource(open_source(camera), at)
    timed = _TimedEyes(Eyes(config, [camera]))
    start_up = time.process_time()
    with tempfile.TemporaryDirectory(prefix="edged-bench-") as folder:
        say("measuring sense on the video, which takes about as long as the video on a slow device")
        outbox = Outbox.open(Path(folder), config.device.id)
        sense_recording(config, camera, Handover(outbox), Stop(), eyes=timed, opener=lambda _camera: source)
        wall, cpu, invoke = (
            now - then
            for now, then in zip(
                (time.perf_counter(), time.process_time(), timed.eyes.invoke_cpu_s), timed.began, strict=True
            )
        )
        sense_rss = _peak_rss_mb("self")
        outbox.close()
        say(f"weighing publish, for {LIMIT_S:g} s at most")
        publish_rss = _weigh_publish(folder, config_arguments)
    frames = timed.frames - 1
    if frames < 2:
        raise InputError(f"{path}: too few pictures to measure; take a video of at least a few seconds")
    stages = {CAPTURE: source.seconds[1:], **timed.stages}
    per_frame = wall / frames
    rest = per_frame - sum(statistics.fmean(seconds) for seconds in stages.values())
    cpu_ms = 1000 * cpu / frames
    return Figures(
        frames=frames,
        faces=timed.faces,
        stages={name: _stage(seconds) for name, seconds in stages.items()} | {REST: Stage(1000 * rest, 1000 * rest)},
        invoke_ms=1000 * invoke / frames,
        cpu_ms=cpu_ms,
        overhead_ratio=cpu / invoke,
        frames_per_second=frames / wall,
        speed=source.last / wall,
        start_up_cpu_s=start_up,
        sense_peak_rss_mb=sense_rss,
        publish_peak_rss_mb=publish_rss,
        models=[f"{model.name} {model.sha256}" for model in timed.sees.models],
        runtime=timed.sees.runtime,
        recommendation=recommend(config, source.size, face_px, timed.sees.models[0].name, cpu_ms, say),
    )


def _stage(seconds: list[float]) -> Stage:
    in_order = sorted(seconds)
    return Stage(1000 * statistics.median(in_order), 1000 * in_order[min(int(len(in_order) * 0.95), len(in_order) - 1)])


def _weigh_publish(folder: str, config_arguments: list[str]) -> float:
    """Let a publishing process run on the outbox that was just filled until it grows no more; return its peak in MB."""
    with socket.socket() as nobody:
        # Bound and not listening: who calls there is refused at once.
        nobody.bind(("127.0.0.1", 0))
        chosen = [f"outbox.folder={folder}", "broker.host=127.0.0.1", f"broker.port={nobody.getsockname()[1]}"]
        settings = [argument for setting in chosen for argument in ("--set", setting)]
        command = [sys.executable, "-m", "edged", "publish", *config_arguments, *settings]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603  (ourselves)
        peak, begun = 0.0, time.monotonic()
        grown = begun
        try:
            while process.poll() is None and (now := time.monotonic()) < min(grown + QUIET_S, begun + LIMIT_S):
                if (size := _peak_rss_mb(str(process.pid))) > peak:
                    peak, grown = size, now
                time.sleep(0.05)
        finally:
            process.terminate()
            process.wait()
    return peak


def _peak_rss_mb(pid: str) -> float:
    try:
        status = Path("/proc", pid, "status").read_text(encoding="ascii", errors="replace")
    except OSError:  # ended meanwhile
        return 0.0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) / 1024 if peaks else 0.0
