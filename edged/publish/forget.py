"""Takes away again what a device has left at the broker: its retained messages.

Rules:
  - An empty retained message removes the one before it (MQTT 5, section 3.3.1.3). The announcement goes first, so that
    Home Assistant has let go of the entities before the status that they read is empty.
  - There is nothing else: sessions end with their connection, windows and gaps are not retained.
"""

from collections.abc import Iterator

from edged.config.model import Config
from edged.messages.homeassistant import discovery_topic
from edged.messages.topics import status_topic
from edged.publish.errand import deliver
from edged.publish.parcel import Parcel


def left_behind(config: Config, device: str) -> tuple[str, ...]:
    """Topics that hold a retained message of a device, or may."""
    return discovery_topic(config.homeassistant.prefix, device), status_topic(device)


def forget(config: Config, device: str) -> Iterator[tuple[str, str | None]]:
    """Empty the topics of `left_behind` one by one; yield each with why the broker refused, None if it didn't.

    Raises UnavailableError when the broker can't be reached, refuses the connection, or doesn't answer.
    """
    parcels = [Parcel(topic, b"", retain=True) for topic in left_behind(config, device)]
    for parcel, refusal in deliver(config.broker, f"edged-forget-{device}", parcels):
        yield parcel.topic, refusal
