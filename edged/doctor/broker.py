"""The way to the broker, step by step: name, TCP, TLS, login, publishing."""

import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final

from edged.config.model import Broker, Config
from edged.doctor.finding import Finding, failure, ok, warning
from edged.errors import UnavailableError
from edged.messages.topics import doctor_topic
from edged.publish import reasons
from edged.publish.credentials import UnreadableError, tls_context
from edged.publish.errand import DEADLINE_S, deliver
from edged.publish.link import CONNECT_DEADLINE_S
from edged.publish.parcel import Parcel

LIMIT_S: Final = 2 * CONNECT_DEADLINE_S + DEADLINE_S + 5
SOON_DAYS: Final = 21.0
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Way:
    """How far we came. Each step is None when it wasn't reached, and only the last may be wrong."""

    addresses: tuple[str, ...] | None = None
    connect_ms: float | None = None
    """Milliseconds until TCP stood."""
    certificate_days: float | None = None
    """Days until the broker's certificate expires."""
    accepted: bool = False
    """Whether the broker took us and the message."""
    fault: str | None = None
    """What was wrong, in words; None: nothing."""
    refusal: str | None = None
    """Why it took us and refused the message, in words."""


def judge(broker: Broker, way: Way, topic: str) -> list[Finding]:
    """Judge how far we came."""
    where = f"{broker.host}:{broker.port}"
    steps = []
    if way.addresses is not None:
        steps.append(f"{broker.host} is {way.addresses[0]}")
    if way.connect_ms is not None:
        steps.append(f"reached in {way.connect_ms:.0f} ms")
    if way.certificate_days is not None:
        steps.append(f"TLS, certificate good for {way.certificate_days:.0f} days")
    elif way.connect_ms is not None and not broker.tls:
        steps.append("not encrypted")
    if way.accepted:
        steps.append(f"accepted{f' as {broker.username}' if broker.username else ' without a name'}")
    words = ", ".join(steps)
    if way.fault is not None:
        said = f"{words}; then: {way.fault}" if words else way.fault
        return [failure("broker", said, _mend(way))]
    if way.refusal is not None:
        mend = f"let its access list give this user edged/<device>/#; tried was {topic}"
        return [warning("broker", f"{words}; it refuses the message: {way.refusal}", mend)]
    findings = [ok("broker", f"{where}: {words}, takes messages")]
    if way.certificate_days is not None and way.certificate_days < SOON_DAYS:
        told = f"its certificate expires in {way.certificate_days:.0f} days"
        findings.append(warning("broker", told, "renew it; a new one is taken up without a restart"))
    return findings


def _mend(way: Way) -> str:
    if way.addresses is None:
        return "is the network up (`ip addr`, `resolvectl query NAME`), is broker.host right?"
    if way.connect_ms is None:
        return "does the broker run, is broker.port right, does a firewall stand between?"
    return "what the broker's own log says; `edged check-config` shows what is configured"


def look(config: Config) -> list[Finding]:
    """Go the way to the broker, and judge it."""
    return judge(config.broker, go(config), doctor_topic(config.device.id))


def go(config: Config) -> Way:
    """Go as far as it goes. What is published is empty, not retained, and on a topic of its own."""
    broker = config.broker
    where = f"{broker.host}:{broker.port}"
    try:
        found = socket.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Way(fault=reasons.unreachable(where, error).text)
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    way = Way(addresses)
    began = time.monotonic()
    try:
        with socket.create_connection((broker.host, broker.port), CONNECT_DEADLINE_S) as connection:
            way = Way(addresses, 1000 * (time.monotonic() - began))
            if broker.tls:
                with tls_context(broker).wrap_socket(connection, server_hostname=broker.host) as secured:
                    way = Way(addresses, way.connect_ms, _days_left(secured))
    except UnreadableError as error:
        return Way(addresses, way.connect_ms, fault=str(error))
    except OSError as error:  # ssl.SSLError is one
        return Way(addresses, way.connect_ms, fault=reasons.unreachable(where, error).text)
    parcel = Parcel(doctor_topic(config.device.id), b"")
    try:
        ((_, refusal),) = deliver(broker, f"edged-doctor-{config.device.id}", [parcel])
    except UnavailableError as error:
        return Way(addresses, way.connect_ms, way.certificate_days, fault=str(error))
    return Way(addresses, way.connect_ms, way.certificate_days, accepted=True, refusal=refusal)


def _days_left(secured: ssl.SSLSocket) -> float | None:
    ends = (secured.getpeercert() or {}).get("notAfter")
    return (ssl.cert_time_to_seconds(ends) - time.time()) / _DAY_S if isinstance(ends, str) else None
