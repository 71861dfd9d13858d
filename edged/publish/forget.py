"""Takes away again what a device has left at the broker: its retained messages.

Rules:
  - An empty retained message removes the one before it (MQTT 5, section 3.3.1.3). The announcement goes first, so that
    Home Assistant has let go of the entities before the status that they read is empty.
  - There is nothing else: sessions end with their connection, windows and gaps are not retained.
"""

import time
from collections.abc import Iterator
from typing import Final

from edged.config.model import Config
from edged.errors import UnavailableError
from edged.messages.homeassistant import discovery_topic
from edged.messages.topics import status_topic
from edged.publish.happenings import Accepted, Acknowledged, Failed, Happening
from edged.publish.link import Link
from edged.publish.parcel import Parcel
from edged.publish.reasons import Kind

DEADLINE_S: Final = 20.0
MQTT5_DEADLINE_S: Final = 3.0
"""So long a greeting in MQTT 5 may go unanswered: some old brokers just ignore what they don't understand."""
POLL_S: Final = 0.2


def left_behind(config: Config, device: str) -> tuple[str, ...]:
    """Topics that hold a retained message of a device, or may."""
    return discovery_topic(config.homeassistant.prefix, device), status_topic(device)


def forget(config: Config, device: str) -> Iterator[tuple[str, str | None]]:
    """Empty the topics of `left_behind` one by one; yield each with why the broker refused, None if it didn't.

    Raises UnavailableError when the broker can't be reached, refuses the connection, or doesn't answer.
    """
    waiting, accepted = list(left_behind(config, device)), False
    under_way: dict[int, str] = {}
    link = Link(config.broker, f"edged-forget-{device}", None, mqtt5=True)
    began = time.monotonic()
    mqtt5 = True
    try:
        while waiting or under_way:
            happened = link.poll(POLL_S)
            passed = time.monotonic() - began
            if passed > DEADLINE_S:
                raise UnavailableError(
                    f"the broker at {config.broker.host}:{config.broker.port} doesn't answer: try again when it does"
                )
            if mqtt5 and (_too_old(happened) or (not accepted and passed > MQTT5_DEADLINE_S)):
                link.abandon()
                mqtt5 = False
                link = Link(config.broker, f"edged-forget-{device}", None, mqtt5=False)
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
                topic = waiting.pop(0)
                under_way = {link.send(Parcel(topic, b"", retain=True)): topic}
    finally:
        link.close()


def _too_old(happened: list[Happening]) -> bool:
    return any(isinstance(each, Failed) and each.fault.kind is Kind.OLD_BROKER for each in happened)
