"""Where the time of a frame goes, stage by stage.

Rules:
  - A lap is two clock readings (about a microsecond) and no allocation: it stays on in production.
  - Wall time is on the monotonic clock; CPU time is that of the calling thread.
"""

import time
from typing import Final

PREPARE: Final = "prepare"
DETECT: Final = "detect"
DECODE: Final = "decode"
CROP: Final = "crop"
EMOTION: Final = "emotion"
GATHER: Final = "gather"

STAGES: Final = (PREPARE, DETECT, DECODE, CROP, EMOTION, GATHER)
"""Picture to tensor, invoke of the face model, tensors to boxes, face to tensor, emotion model's invoke, the rest."""

INVOKES: Final = (DETECT, EMOTION)
"""The stages that are nothing but invoke()."""


class Stages:
    """A stop-watch with one sum for each stage, over the current frame and over all."""

    __slots__ = ("_cpu", "_wall", "frames", "last_cpu_s", "last_wall_s", "total_cpu_s", "total_wall_s")

    def __init__(self) -> None:
        self.frames = 0
        self.total_wall_s = dict.fromkeys(STAGES, 0.0)
        self.total_cpu_s = dict.fromkeys(STAGES, 0.0)
        self.last_wall_s = dict.fromkeys(STAGES, 0.0)
        """Of the frame begun last."""
        self.last_cpu_s = dict.fromkeys(STAGES, 0.0)
        self._wall = self._cpu = 0.0

    def begin(self) -> None:
        """A frame begins."""
        self.frames += 1
        for stage in STAGES:
            self.last_wall_s[stage] = self.last_cpu_s[stage] = 0.0
        self._wall, self._cpu = time.perf_counter(), time.thread_time()

    def lap(self, stage: str) -> None:
        """What passed since the last lap (or the beginning) was spent in `stage`."""
        wall, cpu = time.perf_counter(), time.thread_time()
        self.last_wall_s[stage] += wall - self._wall
        self.last_cpu_s[stage] += cpu - self._cpu
        self.total_wall_s[stage] += wall - self._wall
        self.total_cpu_s[stage] += cpu - self._cpu
        self._wall, self._cpu = wall, cpu
