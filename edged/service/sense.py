"""The sensing process: camera and models in, releases into the outbox. It opens no network socket for a local camera.

Strategy: one thread a camera fetches pictures, this one does everything else, in one short loop. Only the newest
picture of a camera waits; what comes faster than the models can look is dropped and counted. A recording to be taken
"fast" needs no thread and no clock: its own time stamps drive its windows.

Rules:
  - Nothing here decides what may be told; that is anonymise's. Nothing here waits for the network; that is publish's.
"""

import os
import time
from collections.abc import Callable
from typing import Protocol

import cv2

from edged.anonymise.budget import Ledger
from edged.camera.desk import Desk
from edged.camera.frame import Frame, FrameSource
from edged.camera.memory import keep_off_the_disk
from edged.camera.pace import Thinning
from edged.camera.sources import open_source
from edged.config.model import Camera, Config
from edged.errors import ExitCode
from edged.events import Event, tell
from edged.messages.common import utc
from edged.messages.status import SenseReport
from edged.outbox.files import exclusive
from edged.outbox.store import Outbox
from edged.service import clock
from edged.service.clock import Reading
from edged.service.effort import Effort
from edged.service.eyes import Eyes
from edged.service.handover import DEADLINE_S, Handover
from edged.service.heat import held_back
from edged.service.ledger import DurableLedger
from edged.service.line import Line, Sees
from edged.service.post import STOP_WITHIN, Post
from edged.service.pulse import Pulse
from edged.service.signals import Stop
from edged.service.trust import Trust
from edged.service.watchdog import UNWATCHED, Progress, Stage
from edged.vision.sighting import Sighting
from edged.vision.stages import DETECT, PREPARE
from edged.windows.schedule import Clock

LONGEST_WAIT = 0.25
"""Seconds without a frame after which the loop looks at clock and signals anyway."""
HEAT_EVERY = 5.0
"""Seconds between two looks at what holds the processor back."""
REPORT_EVERY = 30.0
"""Seconds between two reports, when nothing changes in between; they tell the time to the second."""


def main(config: Config, stop: Stop, progress: Progress = UNWATCHED) -> ExitCode:
    """Sense until stopped, or until all recordings have ended."""
    progress.at(Stage.START)
    os.umask(0o027)
    cv2.setNumThreads(1)
    keep_off_the_disk()
    folder = config.outbox.folder
    with exclusive(folder, "sense"):
        trust = Trust(folder)
        config = trust.advise(config)
        ledger = DurableLedger.of(config)
        outbox = Outbox.open(
            folder,
            config.device.id,
            max_messages=config.outbox.max_messages,
            max_bytes=config.outbox.max_bytes,
            reserve_bytes=config.outbox.reserve_bytes,
            replay_horizon_s=config.outbox.replay_horizon_s,
            deadline_s=DEADLINE_S,
        )
        handover = Handover(outbox)
        try:
            with trust.trial(config):
                if config.cameras[0].pace == "fast":
                    for camera in config.cameras:
                        sense_recording(config, camera, handover, stop, ledger, progress=progress)
                else:
                    _Live(config, handover, ledger, progress, trust).run(stop)
        finally:
            if ledger is not None:
                ledger.close()
            outbox.close()
    return ExitCode.OK


class Looks(Protocol):
    """What finds the faces of a frame."""

    @property
    def sees(self) -> Sees:
        """Which models look."""

    def look(self, frame: Frame) -> tuple[list[Sighting], Sees]:
        """Return the faces and which models found them."""


def sense_recording(
    config: Config,
    camera: Camera,
    handover: Handover,
    stop: Stop,
    ledger: Ledger | None = None,
    *,
    eyes: Looks | None = None,
    opener: Callable[[Camera], FrameSource] | None = None,
    progress: Progress = UNWATCHED,
) -> None:
    """Look at a recording on the clock of its own time stamps, at as many frames a second as of a live camera.

    `opener` opens something else in its place, all of whose frames are looked at.
    """
    begin = camera.start.timestamp() if camera.start else time.time()
    source = opener(camera) if opener else _Thinned(open_source(camera), config.vision.max_fps)
    eyes = eyes or Eyes(config, [camera])
    line: Line | None = None
    captured = 0.0
    progress.ready()
    try:
        while not stop.is_set() and (frame := source.read()) is not None:
            captured = frame.captured
            reading = Reading(captured, begin + captured, Clock.RECORDING)
            progress.at(Stage.WINDOWS)
            line = line or Line(config, camera, eyes.sees, reading, ledger)
            messages = line.advance(reading)
            progress.at(Stage.PUT)
            handover.put(messages)
            progress.at(Stage.LOOK)
            if line.is_open:
                line.see(captured, *eyes.look(frame))
            progress.turned()
            progress.at(Stage.TAKE)
    finally:
        source.close()
    if line is not None:
        handover.finish([line.close(captured)])


class _Thinned(FrameSource):
    """A recording's frames that are to be looked at."""

    live = False

    def __init__(self, source: FrameSource, max_fps: float) -> None:
        self._source = source
        self._thinning = Thinning(max_fps)

    def grab(self) -> float | None:
        """Go to the next frame whose turn it is."""
        while (captured := self._source.grab()) is not None and not self._thinning.is_due(captured):
            pass
        return captured

    def retrieve(self) -> Frame | None:
        """Return that frame."""
        return self._source.retrieve()

    def close(self) -> None:
        """Close the recording."""
        self._source.close()


class _Live:
    """All cameras of a device, by the clock."""

    def __init__(
        self, config: Config, handover: Handover, ledger: Ledger | None, progress: Progress, trust: Trust
    ) -> None:
        self._handover = handover
        self._progress = progress
        self._trust = trust
        self._eyes = Eyes(config, config.cameras)
        self._desk = Desk()
        reading = clock.read()
        self._posts = {
            c.id: Post(config, c, self._desk, self._eyes.sees, reading, ledger=ledger) for c in config.cameras
        }
        self._pulse = Pulse()
        self._effort = Effort(config.vision.max_fps, reading.now)
        self._heat_due = reading.now
        self._reported: SenseReport | None = None
        self._report_due = 0.0

    def run(self, stop: Stop) -> None:
        """Look, count, release, until told to stop or until every recording has ended."""
        progress = self._progress
        progress.ready()
        try:
            while not stop.is_set() and not self._all_ended():
                progress.at(Stage.TAKE)
                frame = self._desk.take(LONGEST_WAIT)
                reading = clock.read()
                self._advance(reading)
                if frame is not None:
                    progress.at(Stage.LOOK)
                    self._see(frame)
                self._pace(reading.now)
                progress.at(Stage.REPORT)
                self._report(reading)
                progress.turned()
            reading = clock.read()
            self._handover.finish([post.line.close(reading.now, finished=post.ended) for post in self._posts.values()])
            self._report(reading)
        finally:
            deadline = time.monotonic() + STOP_WITHIN
            for post in self._posts.values():
                post.leave(deadline)

    def _advance(self, reading: Reading) -> None:
        for post in self._posts.values():
            if post.failure is not None:
                raise post.failure
            self._progress.at(Stage.WINDOWS)
            messages = post.advance(reading)
            self._progress.at(Stage.PUT)
            self._handover.put(messages)

    def _see(self, frame: Frame) -> None:
        line = self._posts[frame.camera].line
        if line.is_open:
            line.see(frame.captured, *self._eyes.look(frame))
            stages = self._eyes.last_stages
            self._pulse.beat(stages[DETECT], frame.captured)
            self._effort.looked(stages[PREPARE] + stages[DETECT])

    def _pace(self, now: float) -> None:
        """Want as many pictures as the device can look at without being held back."""
        if now >= self._heat_due:
            self._heat_due = now + HEAT_EVERY
            posts = self._posts.values()
            self._effort.advance(now, held_back=held_back(), dropped=sum(post.dropped for post in posts))
            for post in posts:
                post.pace(self._effort.rate)

    def _all_ended(self) -> bool:
        return all(post.ended for post in self._posts.values()) and self._desk.empty

    def _report(self, reading: Reading) -> None:
        """Say how sensing is doing when it changes, and every now and then."""
        self._trust.running(reading.now)
        report = self._compose(reading)
        self._tell_states(report)
        changed = self._reported is None or report.model_copy(update={"at": self._reported.at}) != self._reported
        if changed or reading.now >= self._report_due:
            self._handover.report(report)
            # On a fixed grid: 30 s after the last one would add up how long looks take, and so tell of faces in view.
            self._reported, self._report_due = report, (reading.now // REPORT_EVERY + 1) * REPORT_EVERY

    def _tell_states(self, report: SenseReport) -> None:
        before = {camera.id: camera.state for camera in self._reported.cameras} if self._reported else {}
        for camera in report.cameras:
            if camera.state != before.get(camera.id):
                tell(Event.CAMERA_STATE, camera=camera.id, state=camera.state)
        self._progress.say(", ".join(f"camera {camera.id} is {camera.state}" for camera in report.cameras))

    def _compose(self, reading: Reading) -> SenseReport:
        sees = self._eyes.sees
        return SenseReport(
            at=utc(reading.wall // 1),
            cameras=tuple(post.status(reading) for post in self._posts.values()),
            models=sees.models,
            runtime=sees.runtime,
            face_ms=self._pulse.face_ms,
            effort=self._effort.told,
            clock="synchronised" if reading.clock is Clock.SYNCHRONISED else "unsynchronised",
            store="ok" if self._handover.fault is None else "degraded",
            last_error=self._handover.fault or self._trust.note,
        )
