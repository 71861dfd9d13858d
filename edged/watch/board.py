"""What a subscriber knows: every device with its health and its cameras, made of the messages that have arrived.

Rules:
  - Pure: arrivals and the time come in as arguments.
  - A message that came again changes nothing but the ledger; one that came late is put in its place.
  - Messages of newer devices are read as far as they are understood: unknown fields are passed over.
"""

import bisect
import enum
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from edged.errors import InputError
from edged.messages.gap import GapMessage
from edged.messages.status import StatusMessage
from edged.messages.window import WindowMessage
from edged.watch.ledger import Account, Entry, Ledger, Verdict, first_fault
from edged.watch.subscription import Arrival

HISTORY: Final = 240
"""Windows kept for each camera."""
TOPIC_PARTS: Final = 3
LONGEST_INTERVAL_S: Final = 3600.0
"""Of status messages, where the device doesn't tell its own."""
GRACE_S: Final = 300.0


class Health(enum.IntEnum):
    """How a device does; the greater, the worse."""

    WELL = 0
    CAUTION = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be."""

    health: Health
    words: str


@dataclass(slots=True)
class CameraView:
    """What is known of one camera."""

    windows: list[WindowMessage] = field(default_factory=list)
    """The last ones, oldest first."""

    @property
    def last(self) -> WindowMessage:
        """The newest."""
        return self.windows[-1]

    @property
    def released(self) -> WindowMessage | None:
        """The newest that tells something."""
        return next((window for window in reversed(self.windows) if window.state == "released"), None)

    def add(self, window: WindowMessage) -> None:
        """Put a window in its place."""
        bisect.insort(self.windows, window, key=lambda each: each.window.end)
        del self.windows[:-HISTORY]


@dataclass(slots=True)
class DeviceView:
    """What is known of one device."""

    id: str
    status: StatusMessage | None = None
    heard_at: float = 0.0
    """Monotonic seconds of the last message; of a retained one, when it was written."""
    cameras: dict[str, CameraView] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    """By epoch, oldest first."""
    unreadable: str | None = None
    """Why the last message couldn't be read; None when it could."""

    @property
    def repeated(self) -> int:
        """Messages that came more than once."""
        return sum(account.repeated for account in self.accounts.values())

    @property
    def arrived(self) -> int:
        """Messages that came, each counted once."""
        return sum(account.arrived for account in self.accounts.values())

    @property
    def missing(self) -> int:
        """Messages that neither came nor were declared dropped."""
        return sum(span.size for account in self.accounts.values() for span in account.missing())

    @property
    def dropped(self) -> int:
        """Messages declared dropped."""
        return sum(gap.dropped for account in self.accounts.values() for gap in account.gaps)

    def troubles(self, now: float) -> list[Trouble]:
        """What is amiss, the worst first; `now` in monotonic seconds."""
        return sorted([*self._of_status(now), *self._of_delivery()], key=lambda each: -each.health)

    def health(self, now: float) -> Health:
        """The worst of it."""
        return max((trouble.health for trouble in self.troubles(now)), default=Health.WELL)

    def _of_status(self, now: float) -> list[Trouble]:
        status = self.status
        if status is None:
            return [Trouble(Health.CAUTION, "no status yet")]
        if status.state == "offline":
            return [Trouble(Health.BAD, "offline" if status.at else "offline: fell silent")]
        found = []
        # A broker that was away when a device vanished has no will to send: an old retained `online` is nobody's.
        if now - self.heard_at > 2 * (status.interval_s or LONGEST_INTERVAL_S) + GRACE_S:
            found.append(Trouble(Health.BAD, "said to be online, and silent"))
        if status.sense_silent:
            found.append(Trouble(Health.BAD, "the sensing process is silent"))
        if status.sense is None:
            found.append(Trouble(Health.CAUTION, "not sensing yet"))
        else:
            for camera in status.sense.cameras:
                if camera.state not in {"live", "closed", "ended"}:
                    bad = Health.CAUTION if camera.state == "opening" else Health.BAD
                    why = f" ({camera.reason})" if camera.reason else ""
                    found.append(Trouble(bad, f"camera {camera.id} is {camera.state}{why}"))
            if status.sense.clock == "unsynchronised":
                found.append(Trouble(Health.CAUTION, "its clock is not synchronised"))
            if status.sense.last_error:
                found.append(Trouble(Health.CAUTION, status.sense.last_error))
        if status.outbox is not None and status.outbox.store == "degraded":
            found.append(Trouble(Health.BAD, "its outbox can't be written"))
        if status.last_error:
            found.append(Trouble(Health.CAUTION, status.last_error))
        return found

    def _of_delivery(self) -> list[Trouble]:
        found = []
        altered = sum(len(account.altered) for account in self.accounts.values())
        if altered:
            found.append(Trouble(Health.BAD, f"{altered} came again with other bytes"))
        if self.missing:
            found.append(Trouble(Health.BAD, f"{self.missing} missing and not declared"))
        if self.dropped:
            found.append(Trouble(Health.CAUTION, f"{self.dropped} dropped, as declared"))
        if len(self.accounts) > 1:
            found.append(Trouble(Health.CAUTION, f"its store was lost and begun anew ({len(self.accounts) - 1}×)"))
        if self.unreadable:
            found.append(Trouble(Health.CAUTION, f"sends what this edged can't read: {self.unreadable}"))
        return found


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an arrival."""

    message: StatusMessage | WindowMessage | GapMessage | None
    """None when it is of a kind or version that can't be read."""
    entry: Entry | None
    """None for a status, which is not counted."""


class Board:
    """All devices of a broker."""

    def __init__(self) -> None:
        self.devices: dict[str, DeviceView] = {}
        self._ledger = Ledger()

    def take(self, arrival: Arrival, now: float, wall: float) -> Taken:
        """Take a message in.

        Args:
            arrival: the message.
            now: monotonic seconds.
            wall: Unix seconds, by which the age of a retained status is judged.

        Raises:
            InputError: it is none of edged's.
        """
        parts = arrival.topic.split("/")
        if len(parts) < TOPIC_PARTS:
            raise InputError(f"{arrival.topic} is no topic of edged")
        if parts[-1] == "status":
            return self._status(arrival, parts[1], now, wall)
        entry = self._ledger.enter(arrival.body)
        if entry.stamp.device != parts[1]:
            raise InputError(f"{arrival.topic}: a message of {entry.stamp.device!r} on another device's topic")
        device = self._device(parts[1], now)
        epoch = entry.stamp.epoch
        device.accounts[epoch] = self._ledger.accounts[parts[1], epoch]
        try:
            message = _read(parts[-1], arrival.body)
        except ValidationError as error:
            device.unreadable = first_fault(error)
            return Taken(None, entry)
        device.unreadable = None
        if entry.verdict is Verdict.NEW and isinstance(message, WindowMessage):
            device.cameras.setdefault(message.camera, CameraView()).add(message)
        return Taken(message, entry)

    def _status(self, arrival: Arrival, id_: str, now: float, wall: float) -> Taken:
        if not arrival.body:  # its retained status was taken away: the device is forgotten
            self.devices.pop(id_, None)
            return Taken(None, None)
        device = self._device(id_, now)
        try:
            device.status = StatusMessage.model_validate_json(arrival.body, extra="ignore")
        except ValidationError as error:
            device.unreadable = first_fault(error)
            return Taken(None, None)
        if arrival.retained and device.status.at is not None:
            device.heard_at = now - max(0.0, wall - device.status.at.timestamp())
        return Taken(device.status, None)

    def _device(self, id_: str, now: float) -> DeviceView:
        device = self.devices.setdefault(id_, DeviceView(id_))
        device.heard_at = now
        return device


def _read(kind: str, body: bytes) -> WindowMessage | GapMessage:
    model = GapMessage if kind == "gap" else WindowMessage
    return model.model_validate_json(body, extra="ignore")
