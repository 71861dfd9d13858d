"""How a camera is, decided from what was last seen of it. Pure: time comes in, nothing is measured here.

Rules:
  - The worker notes signs as they happen; whoever asks judges them at that moment.
  - Trouble stands until a picture comes: a camera that is being tried again is offline, not opening.
  - Only `live` means that somebody would be seen: a stalled, frozen, dark or closed camera sees nobody, which is not
    the same as that nobody is there.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from edged.camera.condition import DARK_AFTER_S, FROZEN_AFTER_S, Condition

STALLED_AFTER_S: Final = 8.0


class CameraState(StrEnum):
    """States of a camera, named as in the status message."""

    OPENING = "opening"
    LIVE = "live"
    STALLED = "stalled"
    FROZEN = "frozen"
    DARK = "dark"
    CLOSED = "closed"
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
    """First clear picture after the last interruption."""
    last_frame: float | None = None
    quiet_until: float = float("-inf")
    """No picture is expected before: a recording is being paced."""
    trouble: Standing | None = None
    """Offline or stalled, as the worker found it."""
    blind: Standing | None = None
    """Dark or frozen."""
    ended: Standing | None = None
    closed: Standing | None = None

    def seen(self, now: float, condition: Condition = Condition.CLEAR) -> Self:
        """A picture came."""
        interrupted = judge(now, self).state is not CameraState.LIVE
        return replace(
            self,
            live_since=now if interrupted else self.live_since,
            last_frame=now,
            trouble=None,
            blind=self._blind(now, condition),
        )

    def _blind(self, now: float, condition: Condition) -> Standing | None:
        if condition is Condition.CLEAR:
            return None
        state, reason = _BLIND[condition]
        if self.blind is not None and self.blind.state is state:
            return self.blind
        return Standing(state, now, reason)

    def quiet(self, until: float) -> Self:
        """No picture is expected before `until`."""
        return replace(self, quiet_until=until)

    def lost(self, now: float, reason: str, state: CameraState = CameraState.OFFLINE) -> Self:
        """It couldn't be opened, stopped giving pictures, or hangs."""
        standing = judge(now, self)
        since = standing.since if standing.state is state else now
        return replace(self, trouble=Standing(state, since, reason))

    def finished(self, now: float) -> Self:
        """The recording is over."""
        return replace(self, ended=Standing(CameraState.ENDED, now, "the recording is over"))

    def let_go(self, now: float) -> Self:
        """It was closed."""
        return replace(self, closed=Standing(CameraState.CLOSED, now, "outside opening hours"))


_NO_PICTURE: Final = f"no picture for {STALLED_AFTER_S:g} s or more"
_BLIND: Final = {
    Condition.FROZEN: (CameraState.FROZEN, f"the same picture for {FROZEN_AFTER_S:g} s or more"),
    Condition.DARK: (CameraState.DARK, f"the picture was black for {DARK_AFTER_S:g} s or more: is there light?"),
}


def judge(now: float, signs: Signs) -> Standing:
    """Decide the state: the first of these that applies."""
    overdue = max(signs.began if signs.last_frame is None else signs.last_frame, signs.quiet_until) + STALLED_AFTER_S
    opening = Standing(CameraState.OPENING, signs.began, "waiting for the first picture")
    table = (
        signs.closed,
        signs.ended,
        signs.trouble,
        Standing(CameraState.STALLED, overdue, _NO_PICTURE) if now >= overdue else None,
        signs.blind,
        Standing(CameraState.LIVE, signs.live_since) if signs.live_since is not None else None,
    )
    return next((standing for standing in table if standing is not None), opening)
