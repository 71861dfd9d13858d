"""What a connection to the broker tells its owner."""

from dataclasses import dataclass

from edged.publish.reasons import Fault, Verdict


@dataclass(frozen=True, slots=True)
class Greeted:
    """The broker was reached, and CONNECT is on its way."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker has accepted us."""

    receive_maximum: int
    """At most so many messages may be in flight."""
    largest_body: int | None
    """At most so many bytes may be in a message; None: the broker set no limit."""
    keep_alive_s: int
    """Silence of so many seconds is broken by a ping: our wish, or what the broker asks for."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message on the topic that is listened to."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has answered a PUBLISH."""

    mid: int
    verdict: Verdict
    text: str
    """Why it was refused, in words."""
    unheard: bool = False
    """Nobody has subscribed to its topic just now; only MQTT 5 lets a broker say so."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection is over, or it never came about."""

    fault: Fault


Happening = Greeted | Accepted | Heard | Acknowledged | Failed
