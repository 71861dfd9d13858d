"""The cameras: each is opened as the service opens it, and watched for some seconds.

Rules:
  - Nothing of a picture is kept but figures of light, sharpness and change.
  - While the service runs it has the cameras: then its own report is told, and nothing is opened.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from edged.camera.condition import FROZEN_AFTER_S, ConditionMeter
from edged.camera.desk import Desk
from edged.camera.redact import is_url
from edged.camera.sharpness import Quality, quality
from edged.camera.state import CameraState
from edged.camera.worker import CameraWorker
from edged.config.model import Camera
from edged.doctor.finding import Finding, failure, ok, unseen, warning
from edged.events import Event
from edged.messages.status import CameraStatus, SenseReport
from edged.publish.status import SILENT_AFTER_S
from edged.service.recommend import LEAST_FPS

WATCH_S: Final = 6.0
"""So long a camera is watched, a little longer than dark takes to show."""
SUSPECT_S: Final = 3.0
"""A camera that showed nothing new for so long at the end is watched until it is frozen, or not."""
LIMIT_S: Final = 75.0
_GIVE_UP_S: Final = 30.0
_NO_LIMIT_FPS: Final = 240.0
_QUALITY_EVERY_S: Final = 1.0
DIM: Final = 40.0
"""Mean grey level below which faces drown in noise."""
GLARING: Final = 0.25
"""Share of white pixels from which something shines into the lens."""
BLURRED: Final = 0.3
"""Sharpness below which a picture is out of focus: the sample video has 0.55, blurred by 2 px of 640 it has 0.31."""
SLOW_SHARE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Watched:
    """What a camera showed."""

    state: CameraState
    reason: str | None
    size: tuple[int, int] | None
    """Width and height in px; None: no picture came."""
    fps: float | None
    """Pictures per second that really came."""
    quality: Quality | None
    """Of the last picture that was judged."""
    differs: str | None
    """What it doesn't give of what was asked for."""


def judge(camera: Camera, watched: Watched, max_fps: float) -> list[Finding]:
    """Judge what a camera showed."""
    subject = f"camera {camera.id}"
    if watched.state is CameraState.DARK:
        return [failure(subject, "opens; the picture is black", "take the cap off, switch the light on")]
    if watched.state is CameraState.FROZEN:
        mend = "unplug it and plug it in again, or restart it; if it comes back, its key frame interval or firmware"
        return [failure(subject, f"opens; the same picture for {FROZEN_AFTER_S:g} s", mend)]
    lost = watched.state in {CameraState.OFFLINE, CameraState.STALLED}
    if lost or watched.size is None or watched.fps is None or watched.quality is None:
        return [failure(subject, watched.reason or f"no picture ({watched.state})", _mend_opening(camera))]
    return [_judge_picture(subject, camera, watched, watched.quality, max_fps)]


def _judge_picture(subject: str, camera: Camera, watched: Watched, seen: Quality, max_fps: float) -> Finding:
    width, height = watched.size or (0, 0)
    fps = watched.fps or 0.0
    words = (
        f"{width}×{height} at {fps:.1f} pictures a second; light {seen.light:.0f} of 255, "
        f"{100 * seen.blown:.0f} % white, sharpness {seen.sharpness:.2f}"
    )
    wanted = min(camera.fps or max_fps, max_fps)
    if seen.light < DIM:
        return warning(subject, f"{words}: dim", "more light on faces, or let the camera expose longer")
    if seen.blown > GLARING:
        return warning(subject, f"{words}: glaring", "turn it away from windows and lamps")
    if seen.sharpness < BLURRED:
        return warning(subject, f"{words}: blurred", "wipe the lens, turn its focus; `edged aim` shows when it is best")
    if watched.differs is not None:
        return warning(subject, f"{words}; it doesn't give {watched.differs}", "ask for what it has (README, camera)")
    if fps < LEAST_FPS or fps < SLOW_SHARE * wanted:
        mend = "more light (cameras slow down in the dark), a smaller width and height, another port or cable"
        return warning(subject, f"{words}: {wanted:g} were wanted", mend)
    return ok(subject, words)


def _mend_opening(camera: Camera) -> str:
    source = str(camera.source)
    if is_url(source):
        return "is it on and in the same network? user, password and path of the URL as its maker says?"
    if source.startswith("picamera2"):
        return "`rpicam-hello --list-cameras`; is the cable's blue side right, is python3-picamera2 installed?"
    return "`ls -l /dev/v4l/by-id`, `v4l2-ctl --list-devices`; plugged in, not held by another program?"


def judge_report(cameras: Sequence[Camera], report: SenseReport | None, wall: float) -> list[Finding]:
    """Tell what the running service says of its cameras; `wall`: Unix seconds."""
    if report is None or wall - report.at.timestamp() > SILENT_AFTER_S:
        return [warning("cameras", "the running service has them, and hasn't reported lately", "look into its log")]
    told = {status.id: status for status in report.cameras}
    return [_judge_status(camera, told.get(camera.id)) for camera in cameras]


def _judge_status(camera: Camera, status: CameraStatus | None) -> Finding:
    subject = f"camera {camera.id}"
    if status is None:
        return warning(subject, "the running service doesn't know it", "`systemctl reload edged-sense`")
    words = f"the running service has it: {status.state} since {_moment(status.since)}"
    stop = "for size, rate, light and focus: `systemctl stop edged-sense`, and this again"
    match status.state:
        case "live":
            return unseen(subject, words, stop)
        case "closed" | "ended":
            return ok(subject, f"{words} ({status.reason})")
        case "opening":
            return warning(subject, words, "wait a moment, and this again")
        case _:
            return failure(subject, f"{words}: {status.reason}", _mend_opening(camera))


def _moment(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M}"


class Remarks:
    """What the events of cameras say of what they don't give."""

    def __init__(self) -> None:
        self.differs: dict[str, str] = {}

    def hear(self, event: str, fields: dict[str, str | float]) -> None:
        """Take in an event; see `edged.events.sent_to`."""
        if event == Event.CAMERA_DIFFERS.name:
            self.differs[str(fields["camera"])] = str(fields["reason"])


def watch(camera: Camera, remarks: Remarks) -> Watched:
    """Open a camera and watch it; to be called by a thread that lives as long."""
    worker, desk, meter = CameraWorker(camera, max_fps=_NO_LIMIT_FPS), Desk(), ConditionMeter()
    desk.add(worker)
    worker.open()
    began = now = time.monotonic()
    first = last = 0.0
    frames, judged_at, seen, size = 0, float("-inf"), None, None
    try:
        while not _enough(worker, meter, now, first, began):
            frame = desk.take(0.5)
            now = time.monotonic()
            if frame is None:
                continue
            frames, last = frames + 1, frame.captured
            first = first or frame.captured
            height, width = frame.pixels.shape[:2]
            size = (width, height)
            meter.note(frame.captured, frame.pixels)
            if now - judged_at >= _QUALITY_EVERY_S:
                judged_at, seen = now, quality(frame.pixels)
        standing = worker.standing
        came = frames - 1 + worker.dropped
        fps = came / (last - first) if last > first else None
        reason = str(worker.failure) if worker.failure else standing.reason
        return Watched(standing.state, reason, size, fps, seen, remarks.differs.get(camera.id))
    finally:
        worker.stop(time.monotonic() + 2.0)


def _enough(worker: CameraWorker, meter: ConditionMeter, now: float, first: float, began: float) -> bool:
    state = worker.standing.state
    if worker.failure or state in {CameraState.OFFLINE, CameraState.FROZEN, CameraState.ENDED, CameraState.DARK}:
        return True
    if not first:
        return now - began >= _GIVE_UP_S
    if now - first < WATCH_S:
        return False
    return meter.unchanged_s(now) < SUSPECT_S or now - first > FROZEN_AFTER_S + WATCH_S


def look(camera: Camera, max_fps: float, remarks: Remarks) -> list[Finding]:
    """Watch a camera, and judge it."""
    return judge(camera, watch(camera, remarks), max_fps)
