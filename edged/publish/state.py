"""The life of the connection to the broker: an enum and a table, and how long to wait before the next attempt.

    WAITING ─DUE→ DIALLING ─ACCEPTED→ ONLINE ─STOP→ FINISHING ─FLUSHED→ FAREWELL ─FLUSHED→ STOPPED
       ↑─────────────FAILED──┴──FAILED, RENEW─┘

Rules:
  - Everything that may happen in a state stands in TABLE; whatever is not there is a fault of edged.
  - Pure: what to do on entering a state is the publisher's matter, and so is the time.
"""

import enum
from types import MappingProxyType
from typing import Final

from edged.errors import FaultError


class State(enum.Enum):
    """Where the connection stands."""

    WAITING = enum.auto()
    """No connection; the next attempt comes when its delay is over."""
    DIALLING = enum.auto()
    """Name, TCP, TLS, CONNECT: everything until the broker's CONNACK."""
    ONLINE = enum.auto()
    FINISHING = enum.auto()
    """Asked to stop: nothing new goes out, acknowledgements of what is in flight still come in."""
    FAREWELL = enum.auto()
    """The `offline` status is in flight."""
    STOPPED = enum.auto()


class Event(enum.Enum):
    """What can happen to it."""

    DUE = enum.auto()
    """The delay is over."""
    ACCEPTED = enum.auto()
    """CONNACK with success."""
    FAILED = enum.auto()
    """Refused, lost, or silent beyond a deadline."""
    RENEW = enum.auto()
    """What the connection was made with (a certificate, a password) has been replaced."""
    STOP = enum.auto()
    FLUSHED = enum.auto()
    """Nothing is in flight any more, or the time for it is over."""


TABLE: Final = MappingProxyType(
    {
        (State.WAITING, Event.DUE): State.DIALLING,
        (State.WAITING, Event.STOP): State.STOPPED,
        (State.DIALLING, Event.ACCEPTED): State.ONLINE,
        (State.DIALLING, Event.FAILED): State.WAITING,
        (State.DIALLING, Event.STOP): State.STOPPED,
        (State.ONLINE, Event.FAILED): State.WAITING,
        (State.ONLINE, Event.RENEW): State.WAITING,
        (State.ONLINE, Event.STOP): State.FINISHING,
        (State.FINISHING, Event.FAILED): State.STOPPED,
        (State.FINISHING, Event.FLUSHED): State.FAREWELL,
        (State.FAREWELL, Event.FAILED): State.STOPPED,
        (State.FAREWELL, Event.FLUSHED): State.STOPPED,
    }
)

FIRST_DELAY_S: Final = 4.0
LONGEST_DELAY_S: Final = 60.0
LEAST_DELAY_S: Final = 0.2
JUST_BOOTED_S: Final = 300.0
BOOT_SPREAD_S: Final = 30.0


def after(state: State, event: Event) -> State:
    """Look up the state that follows.

    Raises:
        FaultError: this event can't happen in this state.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        raise FaultError(f"the publisher met {event.name} while {state.name}") from None


def delay_s(failures: int, share: float) -> float:
    """How long to wait after so many failures in a row.

    "Full jitter" (Brooker, Exponential Backoff And Jitter, AWS 2015): a thousand devices that lost the same broker at
    the same moment come back spread over the whole delay; tools/stampede shows how.

    Args:
        failures: 1 for the first failure.
        share: a random number, 0 to 1, evenly distributed.
    """
    longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 10))
    return LEAST_DELAY_S + (longest - LEAST_DELAY_S) * share


def begin_after_s(up_s: float, share: float) -> float:
    """How long to wait before the very first attempt.

    None at all, but where the machine has just booted: after a power cut all devices of a street boot at once.

    Args:
        up_s: seconds since the machine has booted.
        share: a random number, 0 to 1, evenly distributed.
    """
    return BOOT_SPREAD_S * share if up_s < JUST_BOOTED_S else 0.0
