"""What went wrong between us and the broker, in words a shopkeeper's technician can act on.

Rules:
  - One sentence: who, what, and what to do about it where that can be known. Never a password.
  - MQTT reason codes are those of MQTT 5 (OASIS 2019, section 2.4); paho translates 3.1.1's return codes into them.
"""

import enum
import errno
import socket
import ssl
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


class Kind(enum.Enum):
    """What follows from a fault."""

    PASSING = enum.auto()
    """Try again after a growing delay."""
    OLD_BROKER = enum.auto()
    """The broker doesn't speak MQTT 5: try again with 3.1.1."""
    HUNG_UP = enum.auto()
    """The broker accepted us and dropped us without a word; a row of these has a meaning (setbacks.py)."""
    RIVAL = enum.auto()
    """Another client has our client id: use another one, or the two would throw each other out for ever."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no connection."""

    text: str
    kind: Kind = Kind.PASSING


class Verdict(enum.Enum):
    """What a PUBACK says of a row."""

    TAKEN = enum.auto()
    NOT_NOW = enum.auto()
    """Refused for a reason that may pass or be mended."""
    NEVER = enum.auto()
    """Refused for what it is."""


NOBODY_LISTENS: Final = 0x10
UNSUPPORTED_VERSION: Final = 0x84
NOT_AUTHORISED: Final = 0x87
TAKEN_OVER: Final = 0x8E
NO_QOS_1: Final = 0x9B
_NO_ENTRY: Final = "user name or password is wrong, or not authorised (broker.username, broker.password_file)"
_NEVER: Final = frozenset({0x90, 0x95, 0x99})

_WORDS: Final = MappingProxyType(
    {
        0x81: "it found a packet malformed",
        0x82: "it speaks of a protocol error",
        UNSUPPORTED_VERSION: "it doesn't speak this version of MQTT",
        0x85: "it doesn't accept the client id (broker.client_id)",
        0x86: "bad user name or password (broker.username, broker.password_file)",
        NOT_AUTHORISED: "not authorised: check its access list for this user and the topics edged/<device>/#",
        0x88: "it is unavailable just now",
        0x89: "it is busy",
        0x8A: "it has banned this client",
        0x8B: "it is shutting down",
        0x8D: "it heard nothing from us for too long",
        TAKEN_OVER: "another client with the same client id has connected: give each device its own device.id",
        0x90: "it doesn't accept the topic name",
        0x93: "we sent more at a time than it allows",
        0x95: "a message was larger than it allows",
        0x96: "messages came faster than it allows",
        0x97: "its quota for us is used up",
        0x98: "its administrator has ended the connection",
        0x99: "it doesn't accept what is in a message",
        0x9A: "it doesn't support retained messages",
        NO_QOS_1: "it doesn't support QoS 1",
        0x9C: "it asks us to use another server",
        0x9D: "it has moved to another server",
        0x9F: "connections came faster than it allows",
        0xA0: "the longest time it allows for a connection is over",
    }
)

# OpenSSL's X509_V_ERR_… numbers (openssl-verification-options(1)).
_CERTIFICATE: Final = MappingProxyType(
    {
        9: "is not valid yet (is this device's clock right?)",
        10: "has expired (or this device's clock is wrong)",
        18: "is self-signed and not trusted (broker.ca_file)",
        19: "was issued by an authority that is not trusted (broker.ca_file)",
        20: "was issued by an authority that is not trusted (broker.ca_file)",
        21: "can't be verified (broker.ca_file)",
        62: "is for another name than broker.host",
        64: "is for another address than broker.host",
    }
)

# Alerts (RFC 8446, section 6.2) as OpenSSL names them, without what precedes "ALERT_".
_ALERTS: Final = MappingProxyType(
    {
        "CERTIFICATE_REQUIRED": "it asks for a certificate of this device (broker.certificate_file, broker.key_file)",
        "HANDSHAKE_FAILURE": "no agreement; it may ask for a certificate of this device (broker.certificate_file)",
        "BAD_CERTIFICATE": "it finds this device's certificate wrong (broker.certificate_file)",
        "UNSUPPORTED_CERTIFICATE": "it doesn't accept this kind of certificate (broker.certificate_file)",
        "CERTIFICATE_REVOKED": "this device's certificate has been revoked (broker.certificate_file)",
        "CERTIFICATE_EXPIRED": "this device's certificate has expired (broker.certificate_file)",
        "CERTIFICATE_UNKNOWN": "it doesn't accept this device's certificate (broker.certificate_file)",
        "UNKNOWN_CA": "it doesn't trust the authority of this device's certificate (broker.certificate_file)",
        "PROTOCOL_VERSION": "it speaks no TLS from 1.2 on",
        "UNRECOGNIZED_NAME": "it doesn't know the name in broker.host",
    }
)

_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_NETWORK: Final[tuple[tuple[type[Exception], str], ...]] = (
    (socket.gaierror, "its name is unknown (or the name server doesn't answer)"),
    (TimeoutError, "no answer"),
    (ConnectionRefusedError, "nothing listens on that port"),
    (ConnectionError, "it closed the connection"),
)


def words(code: int) -> str:
    """An MQTT reason code in words."""
    return _WORDS.get(code, f"reason code 0x{code:02X}")


def refused(where: str, code: int) -> Fault:
    """The broker answered our CONNECT with a refusal."""
    kind = Kind.OLD_BROKER if code == UNSUPPORTED_VERSION else Kind.PASSING
    # Some brokers, mosquitto 2.0 among them, answer a wrong password in MQTT 5 with "not authorised".
    told = _NO_ENTRY if code == NOT_AUTHORISED else words(code)
    return Fault(f"the broker at {where} refuses the connection: {told}", kind)


def thrown_out(where: str, code: int) -> Fault:
    """The broker ended the connection with a DISCONNECT packet."""
    kind = Kind.RIVAL if code == TAKEN_OVER else Kind.PASSING
    return Fault(f"the broker at {where} ended the connection: {words(code)}", kind)


def stepped_aside(client_id: str, instead: str) -> str:
    """We have left our client id to a rival."""
    return (
        f"another client uses the client id {client_id!r} too; this one goes on as {instead!r}: each device needs its "
        "own device.id (and its own broker.client_id, where that is set)"
    )


def rival_suspected(fault: Fault, client_id: str) -> Fault:
    """The broker has dropped one connection after the other: say who is probably behind it."""
    return Fault(
        f"{fault.text}, again and again: another client probably uses the client id {client_id!r} too; each device "
        "needs its own device.id (and its own broker.client_id, where that is set)",
        fault.kind,
    )


def unreachable(where: str, error: Exception) -> Fault:
    """Name, TCP or TLS failed before MQTT began."""
    return Fault(f"the broker at {where} can't be reached: {_cause(error)}")


def no_websocket(where: str) -> Fault:
    """What listens there is no websocket."""
    return Fault(
        f"the broker at {where} can't be reached: no websocket answers there (broker.port, broker.websocket_path, "
        "broker.transport)"
    )


def tls_alert(where: str, alert: str) -> Fault:
    """The broker ended TLS after the handshake; `alert` is OpenSSL's name for why."""
    return Fault(f"the broker at {where} can't be reached: TLS failed: {_alert_words(alert)}")


def verdict(code: int) -> Verdict:
    """What a PUBACK's reason code means for its row."""
    if code < 0x80:
        return Verdict.TAKEN
    return Verdict.NEVER if code in _NEVER else Verdict.NOT_NOW


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        told = _CERTIFICATE.get(error.verify_code, f"is not accepted ({error.verify_message})")
        return f"its TLS certificate {told}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {_alert_words(getattr(error, 'reason', None) or 'no reason given')}"
    if isinstance(error, OSError) and error.errno in _NO_ROUTE:
        return "there is no route to it: is the network up?"
    for kind, told in _NETWORK:
        if isinstance(error, kind):
            return told
    return getattr(error, "strerror", None) or type(error).__name__


def _alert_words(alert: str) -> str:
    return _ALERTS.get(alert.partition("ALERT_")[2], f"{alert}; does this port speak TLS?")
