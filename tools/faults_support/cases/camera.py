"""camera-restart, camera-cable: a network camera goes away and comes back, and the real sensing process watches it."""

import os
import re
import signal
import subprocess
from pathlib import Path

from tests.camera.servers import RtspServer
from tools.faults_support.cable import PROGRAMS, cable
from tools.faults_support.case import Invariant, Lab, MissingError, case, find
from tools.faults_support.parts import Process, descriptors, edged, memory_kb, settings

TOLD_WITHIN_S = 10.0
BACK_WITHIN_S = 15.0
MOST_GROWTH_KB = 4096
NOT_LIVE = ("offline", "stalled")


class Watch:
    """`edged sense` on one camera, and what it says of it."""

    def __init__(self, lab: Lab, url: str) -> None:
        self.lab = lab
        words = settings(camera__source=url, outbox__folder=lab.folder / "state", vision__max_fps=2)
        self.sense: Process = edged(lab, "sense", ["sense", "--config", os.devnull, *words])
        self.told: list[float] = []
        self.back: list[float] = []
        self.sense.start()
        self._await(("live",), "the camera is live", 60.0)
        self._before = self.held()
        self._memory_before = 0

    def state(self) -> str:
        """The state said last."""
        states: list[str] = re.findall(r"camera '[^']*' is (\w+)$", self.sense.said(), re.MULTILINE)
        return states[-1] if states else ""

    def gone(self) -> None:
        """The fault has struck: it is said in time."""
        self.told.append(self._await(NOT_LIVE, "the loss is told", TOLD_WITHIN_S))

    def lifted(self) -> None:
        """The fault is over: pictures come again in time, and nothing has grown but for one process's worth."""
        self.back.append(self._await(("live",), "pictures come again", BACK_WITHIN_S))
        check = self.lab.check
        check(self.sense.pid != 0, Invariant.I6, "sense has ended")
        self.lab.wait_until(
            lambda: self.held() == self._before,
            f"descriptors, threads and children are {self._before} as before",
            invariant=Invariant.I4,
        )
        # What the first few rounds load for good is not growth.
        if len(self.back) == min(3, self.lab.count):
            self._memory_before = memory_kb(self.sense.pid)
        growth = memory_kb(self.sense.pid) - self._memory_before if self._memory_before else 0
        check(growth <= MOST_GROWTH_KB, Invariant.I4, f"memory has grown by {growth} KiB")
        self.lab.figures |= {
            "seconds_to_tell": f"{sorted(self.told)[len(self.told) // 2]:.1f} (most {max(self.told):.1f})",
            "seconds_to_return": f"{sorted(self.back)[len(self.back) // 2]:.1f} (most {max(self.back):.1f})",
            "memory_growth_kb": growth,
        }
        self.lab.tell(f"{len(self.back)} of {self.lab.count}")

    def held(self) -> tuple[int, int, int]:
        """Descriptors, threads and children of the sensing process."""
        tasks = list(Path(f"/proc/{self.sense.pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
        return descriptors(self.sense.pid), len(tasks), len(children)

    def _await(self, states: tuple[str, ...], what: str, deadline_s: float) -> float:
        return self.lab.wait_until(lambda: self.state() in states, what, deadline_s)


@case("camera-restart", "the camera's server is killed or halted, and comes back", count=100, short=1, needs=["ffmpeg"])
def camera_restart(lab: Lab) -> None:
    """Told within 10 s, pictures again within 15 s of its return; descriptors, threads and memory constant."""
    server = lab.keep(RtspServer(_clip(lab)))
    watch = Watch(lab, f"rtsp://{server.place}/live")
    for index in range(lab.count):
        if index % 2:
            server.signal(signal.SIGSTOP)
            watch.gone()
            server.signal(signal.SIGCONT)
        else:
            server.kill()
            watch.gone()
            server.start()
        watch.lifted()


@case("camera-cable", "the camera's network cable is cut, and mended", count=20, short=1, needs=["ffmpeg", *PROGRAMS])
def camera_cable(lab: Lab) -> None:
    """No packet says that the connection is gone: the same bars hold."""
    laid = lab.keep(cable())
    server = lab.keep(RtspServer(_clip(lab), host=laid.there, wrapper=laid.inside))
    watch = Watch(lab, f"rtsp://{server.place}/live")
    for _ in range(lab.count):
        laid.set_far("down")
        watch.gone()
        laid.set_far("up")
        watch.lifted()


def _clip(lab: Lab) -> Path:
    """Two seconds of a moving picture."""
    ffmpeg, path = find("ffmpeg"), lab.folder / "clip.mp4"
    if ffmpeg is None:
        raise MissingError("ffmpeg isn't installed")
    picture = ("-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-t", "2")
    codec = ("-c:v", "libx264", "-g", "5", "-bf", "0", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    subprocess.run([ffmpeg, "-v", "error", "-y", *picture, *codec, str(path)], check=True)
    return path
