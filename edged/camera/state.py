"""How a camera is, decided from what was last seen of it. Pure: time comes in, nothing is measured here.

Rules:
  - The worker thread notes signs as they happen; whoever asks judges them at that moment. So a thread that hangs inside
    a driver is reported, although it can't report anything itself.
  - An open error stands until a frame comes: a camera that is being tried again is offline, not opening.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

STALLED_AFTER_S: Final = 10.0


class CameraState(StrEnum):
    """States of a camera, named as in the status message."""

    OPENING = "opening"
    LIVE = "live"
    STALLED = "stalled"
    OFFLINE = "offline"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a camera is, since when (monotonic seconds), and why if it isn't live."""

    state: CameraState
    since: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Signs:
    """What was last seen of a camera. All times are monotonic seconds."""

    began: float
    """When it was first opened."""
    live_since: float | None = None
    """First frame after the last interruption."""
    last_frame: float | None = None
    quiet_until: float = float("-inf")
    """No frame is expected before: a recording is being paced."""
    offline_since: float | None = None
    error: str | None = None
    """Why it couldn't be opened or was lost, in words without passwords."""
    ended_at: float | None = None

    def seen(self, now: float) -> Self:
        """A frame came."""
        interrupted = judge(now, self).state is not CameraState.LIVE
        return replace(
            self,
            live_since=now if interrupted else self.live_since,
            last_frame=now,
            offline_since=None,
            error=None,
        )

    def quiet(self, until: float) -> Self:
        """The next frame of a recording is due at `until`."""
        return replace(self, quiet_until=until)

    def lost(self, now: float, error: str) -> Self:
        """It couldn't be opened, or stopped giving frames."""
        return replace(self, offline_since=now if self.offline_since is None else self.offline_since, error=error)

    def finished(self, now: float) -> Self:
        """The recording is over."""
        return replace(self, ended_at=now)


def judge(now: float, signs: Signs) -> Standing:
    """Decide the state; the first line that applies is the answer."""
    if signs.ended_at is not None:
        return Standing(CameraState.ENDED, signs.ended_at, "the recording is over")
    if signs.offline_since is not None:
        return Standing(CameraState.OFFLINE, signs.offline_since, signs.error)
    overdue = max(signs.began if signs.last_frame is None else signs.last_frame, signs.quiet_until) + STALLED_AFTER_S
    if now >= overdue:
        return Standing(CameraState.STALLED, overdue, f"no picture for {STALLED_AFTER_S:g} s or more")
    if signs.live_since is not None:
        return Standing(CameraState.LIVE, signs.live_since)
    return Standing(CameraState.OPENING, signs.began, "waiting for the first picture")
