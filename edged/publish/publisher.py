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
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from edged.config.broker import is_loopback
from edged.config.model import Config
from edged.messages.topics import status_topic
from edged.outbox.store import Outbox
from edged.publish import credentials, reasons
from edged.publish.drain import Drain
from edged.publish.happenings import Accepted, Acknowledged, Failed, Greeted, Happening, Heard
from edged.publish.herald import Herald
from edged.publish.link import Link
from edged.publish.reasons import Fault, Kind, Verdict
from edged.publish.setbacks import Setbacks
from edged.publish.speaker import Clocks, Speaker
from edged.publish.state import Event, State, after, begin_after_s, delay_s

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
        self._drain = Drain(outbox, config.broker.message_expiry_days, self._note)
        self._herald = Herald(config)
        self._watch = credentials.Watch(config.broker)
        self._link: Link | None = None
        self._mqtt5 = True
        self._greeted = False
        self._own_id = self._client_id = config.broker.client_id or f"edged-{config.device.id}"
        self._setbacks = Setbacks(self._own_id)
        self._entered = self._due = self._heard = clocks.monotonic()
        if not is_loopback(config.broker.host):
            self._due += begin_after_s(time.clock_gettime(time.CLOCK_BOOTTIME), _random())
        self._speaker = Speaker(config, self._drain, self._setbacks, clocks)

    def turn(self, wish: Wish) -> None:
        """Do what is due, then wait for the network or for time to pass, at most POLL_S."""
        now = self._clocks.monotonic()
        self._at("outbox drain")
        self._tend(now)
        self._at("link")
        if self._may_stop(wish, now):
            self._enter(Event.STOP)
        match self.state:
            case State.WAITING if now >= self._due or self._watch.changed(now):
                self._enter(Event.DUE)
            case State.WAITING:
                self._wait(min(POLL_S, self._due - now))
            case State.ONLINE:
                self._online(now)
            case State.FINISHING if self._drain.flying == 0 or now - self._entered > FINISH_DEADLINE_S:
                self._enter(Event.FLUSHED)
            case State.FAREWELL if self._speaker.mid is None or now - self._entered > FAREWELL_DEADLINE_S:
                self._enter(Event.FLUSHED)
        if self._link is not None:
            for happening in self._link.poll(POLL_S):
                self._heed(happening)
            self._check_deadlines()

    def _may_stop(self, wish: Wish, now: float) -> bool:
        if self.state is State.ONLINE and wish.drain and self._speaker.mid is None and self._drain.empty(now):
            return True
        return wish.stop and self.state in {State.WAITING, State.DIALLING, State.ONLINE}

    def _tend(self, now: float) -> None:
        look = self._drain.tend(now)
        if look is not None:
            self._speaker.saw(look, now)

    def _online(self, now: float) -> None:
        self._at("status")
        self._setbacks.tend(now, sound=self._drain.sound(now))
        if self._link is not None:
            self._speaker.tend(self._link, now)
            self._herald.tend(self._link, now)
            self._at("outbox drain")
            self._drain.send(self._link, now, self._clocks.time())
        if self._idle and self._watch.changed(now) and self._usable():
            log.info("credentials or certificates have been replaced; connecting anew with them")
            self._enter(Event.RENEW)
        self._at("link")

    def _usable(self) -> bool:
        """Whether the files on disk would do: a connection that works isn't given up for a certificate that can't."""
        try:
            credentials.password_of(self._config.broker)
            if self._config.broker.tls:
                credentials.tls_context(self._config.broker)
        except credentials.UnreadableError as error:
            self._watch.remember()
            self._note(f"{error}; the connection goes on with what was there before")
            return False
        return True

    def _heed(self, happening: Happening) -> None:
        now = self._heard = self._clocks.monotonic()
        match happening:
            case Greeted():
                self._greeted = True
            case Accepted():
                log.info(
                    "connected to the broker with MQTT %s, keep alive %d s",
                    "5" if self._mqtt5 else "3.1.1",
                    happening.keep_alive_s,
                )
                self._setbacks.accepted(now)
                self._drain.connected(happening)
                if (hindrance := self._herald.connected(now, happening.largest_body)) is not None:
                    self._note(hindrance)
                self._enter(Event.ACCEPTED)
            case Acknowledged(mid=mid) if mid in (self._speaker.mid, self._herald.mid):
                asked = self._speaker if mid == self._speaker.mid else self._herald
                if asked is self._speaker and happening.verdict is Verdict.TAKEN:
                    self._drain.taken(status_topic(self._config.device.id), happening)
                if (refusal := asked.answered(happening)) is not None:
                    self._note(refusal)
            case Acknowledged():
                self._drain.answered(happening, now)
                if happening.verdict is Verdict.TAKEN:
                    self._setbacks.acknowledged()
            case Heard():
                self._herald.heard(happening.body, now, _random())
            case Failed():
                self._fail(happening.fault)

    def _check_deadlines(self) -> None:
        now = self._clocks.monotonic()
        if self.state is State.ONLINE and self._idle:
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
            case State.WAITING if event is Event.RENEW:
                self._end_link()
                self._drain.lost(now)
                self._due = now
            case State.ONLINE:
                self._speaker.connected(now)
            case State.FAREWELL if self._link is not None:
                self._tend(now)
                # It is retained, maybe for years: it must not tell of an error that is over.
                self._setbacks.tend(now, sound=self._drain.sound(now), leaving=True)
                self._speaker.say(self._link, "offline", now)
            case State.STOPPED if self._link is not None:
                self._end_link()
                self._tend(now)

    @property
    def _idle(self) -> bool:
        """The broker owes us no answer."""
        return self._drain.flying == 0 and self._speaker.mid is None and self._herald.mid is None

    def _end_link(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _dial(self) -> None:
        self._greeted = False
        self._watch.remember()
        self._link = Link(
            self._config.broker,
            self._client_id,
            self._speaker.will,
            mqtt5=self._mqtt5,
            listen_to=self._herald.listen_to,
        )

    def _fail(self, fault: Fault) -> None:
        """The connection is over, or it never came about: decide when to try again."""
        if self._link is not None:
            self._link.abandon()
            self._link = None
        dialling = self.state is State.DIALLING
        self._enter(Event.FAILED)
        now = self._entered
        self._drain.lost(now)
        if (left_out := self._herald.lost()) is not None:
            log.warning("%s", left_out)
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
        self._choose_client_id(refused=dialling and self._greeted)
        self._due = now + delay_s(self._setbacks.failures, _random())
        log.warning("%s; trying again in %.1f s", fault.text, self._due - now)
        made_way = self._setbacks.standing if self._setbacks.rival else None
        self._setbacks.note(made_way or fault.text, now)

    def _choose_client_id(self, *, refused: bool) -> None:
        """Step aside for a rival; come back when the broker lets us in under no other id."""
        aside = self._client_id != self._own_id
        if self._setbacks.rival:
            self._client_id = f"{self._own_id}-{os.urandom(3).hex()}"
            self._setbacks.standing = reasons.stepped_aside(self._own_id, self._client_id)
            log.warning("%s", self._setbacks.standing)
        elif aside and refused:
            self._client_id, self._setbacks.standing = self._own_id, None

    def _note(self, text: str) -> None:
        """Say it in the log, and keep it for the status."""
        log.warning("%s", text)
        self._setbacks.note(text, self._clocks.monotonic())


def _random() -> float:
    """A random number, 0 to 1."""
    return int.from_bytes(os.urandom(4), "big") / 2**32
