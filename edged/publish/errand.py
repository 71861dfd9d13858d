"""A short connection that delivers a few messages and ends: for commands, never for the service.

Rules:
  - One message is under way at a time, so that each answer of the broker belongs to one of them.
  - MQTT 5 first. Who refuses it, or ignores a greeting in it, is greeted in 3.1.1.
  - No will, no session, nothing listened to.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from edged.config.model import Broker
from edged.errors import UnavailableError
from edged.publish.happenings import Accepted, Acknowledged, Failed, Happening
from edged.publish.link import Link
from edged.publish.parcel import Parcel
from edged.publish.reasons import Kind

DEADLINE_S: Final = 20.0
MQTT5_DEADLINE_S: Final = 3.0
"""So long a greeting in MQTT 5 may go unanswered: some old brokers just ignore what they don't understand."""
POLL_S: Final = 0.2


def deliver(broker: Broker, client_id: str, parcels: Iterable[Parcel]) -> Iterator[tuple[Parcel, str | None]]:
    """Publish parcels one by one; yield each with why the broker refused it, None if it didn't.

    Raises UnavailableError when the broker can't be reached, refuses the connection, or doesn't answer.
    """
    waiting, accepted = list(parcels), False
    under_way: dict[int, Parcel] = {}
    link = Link(broker, client_id, None, mqtt5=True)
    began = time.monotonic()
    mqtt5 = True
    try:
        while waiting or under_way:
            happened = link.poll(POLL_S)
            passed = time.monotonic() - began
            if passed > DEADLINE_S:
                raise UnavailableError(
                    f"the broker at {broker.host}:{broker.port} doesn't answer: try again when it does"
                )
            if mqtt5 and (_too_old(happened) or (not accepted and passed > MQTT5_DEADLINE_S)):
                link.abandon()
                mqtt5 = False
                link = Link(broker, client_id, None, mqtt5=False)
                continue
            for happening in happened:
                match happening:
                    case Accepted():
                        accepted = True
                    case Acknowledged(mid=mid, text=text) if mid in under_way:
                        yield under_way.pop(mid), text or None
                    case Failed(fault=fault):
                        raise UnavailableError(fault.text)
            if accepted and waiting and not under_way:
                parcel = waiting.pop(0)
                under_way = {link.send(parcel): parcel}
    finally:
        link.close()


def _too_old(happened: list[Happening]) -> bool:
    return any(isinstance(each, Failed) and each.fault.kind is Kind.OLD_BROKER for each in happened)
