"""Drives the connection by the table in state.py: connect, drain the outbox, say how the device is, begin again.

    turn: settle what was acknowledged → send what is due → let the network work for up to POLL_S → heed what happened

Rules:
  - One thread, one turn at a time; a turn waits POLL_S at most for the network, and no longer than the outbox's own
    deadline for its file.
  - What was in flight when a connection ended is sent again on the next, and so is what was acknowledged within the
    replay horizon: a PUBACK isn't durable at the broker.
  - Silence is a fault: CONNECT and PUBACK have deadlines on the monotonic clock.
  - What failures in a row mean, and when they are forgotten, is decided in setbacks.py.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from edged.config.model import Config
from edged.messages.status import StatusMessage
from edged.messages.topics import status_topic
from edged.outbox.store import Outbox
from edged.publish import status
from edged.publish.drain import Drain
from edged.publish.link import Accepted, Acknowledged, Failed, Greeted, Happening, Link, Will
from edged.publish.reasons import Fault, Kind, Verdict
from edged.publish.setbacks import Setbacks
from edged.publish.state import LONGEST_DELAY_S, Event, State, after, delay_s

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
"""A new row is noticed within this time, and so is a signal."""
CONNECT_DEADLINE_S: Final = 15.0
MQTT5_DEADLINE_S: Final = 3.0
"""So long a greeting in MQTT 5 may go unanswered: some old brokers just ignore what they don't understand."""
PUBACK_DEADLINE_S: Final = 20.0
"""So long the broker may answer nothing while messages are in flight."""
FINISH_DEADLINE_S: Final = 2.0
FAREWELL_DEADLINE_S: Final = 1.0

Stage = Literal["outbox drain", "link", "status"]
"""What a turn consists of, as the watchdog names it."""


class Clocks(Protocol):
    """The time in seconds: monotonic for every deadline, Unix time for what is written down."""

    def monotonic(self) -> float:
        """Seconds since some moment; never set back."""

    def time(self) -> float:
        """Seconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the publisher from outside."""

    stop: bool = False
    """Finish what is in flight and say good-bye."""
    drain: bool = False
    """Stop as soon as everything has been acknowledged."""


class Publisher:
    """The publishing process without its process: call `turn` until `state` is STOPPED."""

    def __init__(
        self,
        config: Config,
        outbox: Outbox,
        clocks: Clocks,
        wait: Callable[[float], object],
        at: Callable[[Stage], object] = lambda _stage: None,
    ) -> None:
        """Prepare. `wait(seconds)` waits, and less when the service is to stop; `at` is told what is being done."""
        self.state = State.WAITING
        self._config = config
        self._clocks = clocks
        self._wait = wait
        self._at = at
        self._drain = Drain(outbox, self._note)
        self._link: Link | None = None
        self._mqtt5 = True
        self._greeted = False
        self._client_id = config.broker.client_id or f"edged-{config.device.id}"
        self._setbacks = Setbacks(self._client_id)
        self._began = self._entered = self._due = self._heard = clocks.monotonic()
        self._sense = status.SenseWatch(self._began)
        self._look: status.Look | None = None
        self._said: StatusMessage | None = None
        self._status_due = self._news_at = self._began
        self._status_mid: int | None = None

    def turn(self, wish: Wish) -> None:
        """Do what is due, then wait for the network or for time to pass, at most POLL_S."""
        now = self._clocks.monotonic()
        self._at("outbox drain")
        self._tend(now)
        self._at("link")
        if self._may_stop(wish, now):
            self._enter(Event.STOP)
        match self.state:
            case State.WAITING if now >= self._due:
                self._enter(Event.DUE)
            case State.WAITING:
                self._wait(min(POLL_S, self._due - now))
            case State.ONLINE:
                self._online(now)
            case State.FINISHING if self._drain.flying == 0 or now - self._entered > FINISH_DEADLINE_S:
                self._enter(Event.FLUSHED)
            case State.FAREWELL if self._status_mid is None or now - self._entered > FAREWELL_DEADLINE_S:
                self._enter(Event.FLUSHED)
        if self._link is not None:
            for happening in self._link.poll(POLL_S):
                self._heed(happening)
            self._check_deadlines()

    def _may_stop(self, wish: Wish, now: float) -> bool:
        if self.state is State.ONLINE and wish.drain and self._status_mid is None and self._drain.empty(now):
            return True
        return wish.stop and self.state in {State.WAITING, State.DIALLING, State.ONLINE}

    def _tend(self, now: float) -> None:
        look = self._drain.tend(now, self._clocks.time())
        if look is not None:
            self._look = look
            self._sense.saw(look.report, now)

    def _online(self, now: float) -> None:
        self._at("status")
        self._setbacks.tend(now, sound=self._drain.sound(now))
        self._say_if_news(now)
        self._at("outbox drain")
        if self._link is not None:
            self._drain.send(self._link, now)
        self._at("link")

    def _heed(self, happening: Happening) -> None:
        now = self._heard = self._clocks.monotonic()
        match happening:
            case Greeted():
                self._greeted = True
            case Accepted():
                log.info("connected to the broker with MQTT %s", "5" if self._mqtt5 else "3.1.1")
                self._setbacks.accepted(now)
                self._drain.connected(happening)
                self._enter(Event.ACCEPTED)
            case Acknowledged(mid=mid) if mid == self._status_mid:
                self._status_mid = None
                if happening.text:
                    self._note(f"the broker refuses the status: {happening.text}")
            case Acknowledged():
                self._drain.answered(happening, now)
                if happening.verdict is Verdict.TAKEN:
                    self._setbacks.acknowledged()
            case Failed():
                self._fail(happening.fault)

    def _check_deadlines(self) -> None:
        now = self._clocks.monotonic()
        if self.state is State.ONLINE and self._drain.flying == 0 and self._status_mid is None:
            self._heard = now
        quiet = now - self._heard
        where = f"the broker at {self._config.broker.host}:{self._config.broker.port}"
        match self.state:
            case State.DIALLING if now - self._entered > CONNECT_DEADLINE_S:
                self._fail(Fault(f"{where} does not answer our greeting"))
            case State.DIALLING if self._greeted and self._mqtt5 and quiet > MQTT5_DEADLINE_S:
                self._fail(Fault(f"{where} does not answer a greeting in MQTT 5", Kind.OLD_BROKER))
            case State.ONLINE if quiet > PUBACK_DEADLINE_S:
                self._fail(Fault(f"{where} acknowledges nothing any more"))

    def _enter(self, event: Event) -> None:
        self.state = after(self.state, event)
        now = self._entered = self._heard = self._clocks.monotonic()
        match self.state:
            case State.DIALLING:
                self._dial()
            case State.ONLINE:
                self._said = self._status_mid = None
                self._news_at = now
            case State.FAREWELL:
                self._tend(now)
                # It is retained, maybe for years: it must not tell of a count or of an error that is over.
                self._look = self._drain.look(now) or self._look
                self._setbacks.tend(now, sound=self._drain.sound(now), leaving=True)
                self._say("offline", now)
            case State.STOPPED if self._link is not None:
                self._link.close()
                self._link = None
                self._tend(now)

    def _dial(self) -> None:
        broker, device = self._config.broker, self._config.device.id
        will = Will(status_topic(device), status.will(device).model_dump_json().encode())
        self._greeted = False
        self._link = Link(broker, self._client_id, will, mqtt5=self._mqtt5)

    def _fail(self, fault: Fault) -> None:
        """The connection is over, or it never came about: decide when to try again."""
        if self._link is not None:
            self._link.abandon()
            self._link = None
        dialling = self.state is State.DIALLING
        self._enter(Event.FAILED)
        now = self._entered
        self._drain.lost(now)
        if self.state is State.STOPPED:
            log.warning("%s", fault.text)
            return
        if fault.kind is Kind.OLD_BROKER and self._mqtt5:
            self._mqtt5, self._due = False, now
            log.info("%s; trying MQTT 3.1.1", fault.text)
            return
        if dialling and self._greeted:
            self._mqtt5 = True  # it may have been the other way round
        fault = self._setbacks.failed(fault, now)
        delay = delay_s(self._setbacks.failures, int.from_bytes(os.urandom(4), "big") / 2**32)
        self._due = now + (LONGEST_DELAY_S if fault.kind is Kind.RIVAL else delay)
        log.warning("%s; trying again in %.1f s", fault.text, self._due - now)
        self._setbacks.note(fault.text, now)

    def _say_if_news(self, now: float) -> None:
        if self._status_mid is not None or now < self._news_at:
            return
        self._news_at = now + POLL_S
        composed = self._compose("online", now)
        if now >= self._status_due or self._said is None or status.essence(composed) != status.essence(self._said):
            self._look = self._drain.look(now) or self._look
            self._say("online", now)

    def _say(self, state: Literal["online", "offline"], now: float) -> None:
        if self._link is None:
            return
        message = self._said = self._compose(state, now)
        body = message.model_dump_json().encode()
        self._status_mid = self._link.send(status_topic(self._config.device.id), body, retain=True)
        self._status_due = now + self._config.broker.status_interval_s

    def _compose(self, state: Literal["online", "offline"], now: float) -> StatusMessage:
        return status.compose(
            self._config.device.id,
            state,
            wall=self._clocks.time(),
            uptime_s=now - self._began,
            look=self._look,
            silent=self._sense.silent(now),
            degraded=self._drain.degraded,
            last_error=self._setbacks.error,
        )

    def _note(self, text: str) -> None:
        """Say it in the log, and keep it for the status."""
        log.warning("%s", text)
        self._setbacks.note(text, self._clocks.monotonic())
