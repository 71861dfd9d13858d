"""Says how the device is: the retained status, from the birth on a connection to the farewell.

Rules:
  - One status at a time is in flight. It is sent at the birth, when there is news (status.py says what is), and every
    status_interval_s.
"""

from typing import Final, Literal, Protocol

from edged.config.model import Config
from edged.messages.status import StatusMessage
from edged.messages.topics import status_topic
from edged.publish import status
from edged.publish.drain import Drain
from edged.publish.happenings import Acknowledged
from edged.publish.link import Link
from edged.publish.machine import Machine
from edged.publish.parcel import Parcel
from edged.publish.setbacks import Setbacks

NEWS_EVERY_S: Final = 0.5


class Clocks(Protocol):
    """The time in seconds: monotonic for every deadline, Unix time for what is written down."""

    def monotonic(self) -> float:
        """Seconds since some moment; never set back."""

    def time(self) -> float:
        """Seconds since the Unix epoch."""


class Speaker:
    """The status of one device. `now` is in monotonic seconds."""

    def __init__(self, config: Config, drain: Drain, setbacks: Setbacks, clocks: Clocks) -> None:
        self.mid: int | None = None
        """Packet id of the status that the broker has not yet acknowledged."""
        self._device = config.device.id
        self._interval_s = config.broker.status_interval_s
        self._drain = drain
        self._setbacks = setbacks
        self._clocks = clocks
        self._began = self._due = self._news_at = clocks.monotonic()
        self._machine = Machine(config.outbox.folder, self._began)
        self._sense = status.SenseWatch(self._began)
        self._look: status.Look | None = None
        self._said: StatusMessage | None = None

    @property
    def will(self) -> Parcel:
        """What the broker is to say when we vanish."""
        return _parcel(status.will(self._device, self._interval_s))

    def saw(self, look: status.Look, now: float) -> None:
        """Take note of what the outbox shows."""
        self._look = look
        self._sense.saw(look.report, now)

    def connected(self, now: float) -> None:
        """A connection begins: the birth is due."""
        self._said = self.mid = None
        self._news_at = now

    def tend(self, link: Link, now: float) -> None:
        """Say it when it is due, or when there is news."""
        if self.mid is not None or now < self._news_at:
            return
        self._news_at = now + NEWS_EVERY_S
        composed = self._compose("online", now)
        if now >= self._due or self._said is None or status.essence(composed) != status.essence(self._said):
            self.say(link, "online", now)

    def say(self, link: Link, state: Literal["online", "offline"], now: float) -> None:
        """Say it now."""
        # It is retained, maybe for years: the counts are those of this moment.
        self._look = self._drain.look(now) or self._look
        self._said = self._compose(state, now)
        self.mid = link.send(_parcel(self._said))
        self._due = now + self._interval_s

    def answered(self, answer: Acknowledged) -> str | None:
        """Heed the broker's answer; give the refusal in words, if it is one."""
        self.mid = None
        return f"the broker refuses the status: {answer.text}" if answer.text else None

    def _compose(self, state: Literal["online", "offline"], now: float) -> StatusMessage:
        return status.compose(
            self._device,
            state,
            wall=self._clocks.time(),
            interval_s=self._interval_s,
            uptime_s=now - self._began,
            look=self._look,
            silent=self._sense.silent(now),
            degraded=self._drain.degraded,
            machine=self._machine.status(now),
            last_error=self._setbacks.error,
        )


def _parcel(message: StatusMessage) -> Parcel:
    body = message.model_dump_json().encode()
    return Parcel(status_topic(message.device), body, message.schema_id, retain=True)
