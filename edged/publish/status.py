"""The status message: composed here, and the decision when it is worth sending.

Rules:
  - It is sent on connecting (birth), when anything but a time or a count has changed, and every status_interval_s.
  - A report counts as fresh only when this process has seen it change: neither a clock step nor a report left over from
    last week may make a dead camera look alive.
"""

from dataclasses import dataclass
from typing import Final, Literal

from edged import __version__
from edged.messages.common import utc
from edged.messages.status import MachineStatus, OutboxStatus, SenseReport, StatusMessage
from edged.outbox.row import Counts

SILENT_AFTER_S: Final = 100.0
"""The sensing process reports every 30 s: this is three missed reports."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the outbox file shows at a moment."""

    counts: Counts
    report: SenseReport | None


class SenseWatch:
    """Tells whether the sensing process still reports. Time is in monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._heard = now
        self._report: SenseReport | None = None
        self._fresh: bool | None = None

    def saw(self, report: SenseReport | None, now: float) -> None:
        """Take note of the newest report."""
        if report is not None and report != self._report:
            self._fresh = True if self._report is not None else None
            self._heard = now
            self._report = report

    def silent(self, now: float) -> bool | None:
        """True when reports are overdue; None while only a report of unknown age is known."""
        if now - self._heard >= SILENT_AFTER_S:
            return True
        return False if self._fresh else None


def will(device: str, interval_s: float) -> StatusMessage:
    """What the broker says when this process vanishes."""
    return StatusMessage(
        device=device,
        state="offline",
        at=None,
        version=__version__,
        interval_s=interval_s,
        uptime_s=None,
        sense=None,
        sense_silent=None,
        outbox=None,
        machine=None,
        last_error=None,
    )


def compose(
    device: str,
    state: Literal["online", "offline"],
    *,
    wall: float,
    interval_s: float,
    uptime_s: float,
    look: Look | None,
    silent: bool | None,
    degraded: bool,
    machine: MachineStatus | None,
    last_error: str | None,
) -> StatusMessage:
    """Put the status together.

    Args:
        device: id of the device.
        state: online, or offline in the farewell.
        wall: Unix seconds.
        interval_s: a status comes at least so often.
        uptime_s: how long this process has run.
        look: what the outbox last showed; None before it could be read.
        silent: see `SenseWatch.silent`.
        degraded: the outbox can't be used just now.
        machine: how the device itself is.
        last_error: this process's last error, in words.
    """
    outbox = None
    if look is not None:
        store: Literal["ok", "degraded"] = "degraded" if degraded else "ok"
        outbox = OutboxStatus(waiting=look.counts.waiting, dropped=look.counts.dropped, store=store)
    return StatusMessage(
        device=device,
        state=state,
        at=utc(wall),
        version=__version__,
        interval_s=interval_s,
        uptime_s=int(uptime_s),
        sense=None if look is None else look.report,
        sense_silent=silent,
        outbox=outbox,
        machine=machine,
        last_error=last_error,
    )


def essence(status: StatusMessage) -> StatusMessage:
    """The status without what changes by itself; when this differs, the new status is worth sending."""
    epoch = utc(0)
    sense = None if status.sense is None else status.sense.model_copy(update={"at": epoch})
    outbox = None if status.outbox is None else status.outbox.model_copy(update={"waiting": 0})
    return status.model_copy(update={"at": epoch, "uptime_s": 0, "sense": sense, "outbox": outbox, "machine": None})
