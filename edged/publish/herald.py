"""Announces the device to Home Assistant: on each connection, and when Home Assistant says that it has started.

Rules:
  - Only when `homeassistant.discovery` is on; else it does nothing, and nothing is subscribed to.
  - The announcement is retained, so that it is there whenever Home Assistant comes. Its birth message says that all of
    it may have been lost; a thousand devices answer it spread over SPREAD_S, and none more often than that.
  - It never hinders the messages: a broker that hangs up on it, STRIKES times in a row, isn't told any more.
"""

from typing import Final

from edged.config.model import Config
from edged.publish.happenings import Acknowledged
from edged.publish.link import Link
from edged.publish.parcel import Parcel

SPREAD_S: Final = 5.0
BIRTH: Final = b"online"
STRIKES: Final = 3


class Herald:
    """The announcement of one device. Time is in monotonic seconds."""

    def __init__(self, config: Config) -> None:
        self.listen_to: str | None = None
        """Topic of Home Assistant's birth message; None: discovery is off."""
        self.mid: int | None = None
        """Packet id of the announcement that the broker has not yet acknowledged."""
        self._due: float | None = None
        self._sent = float("-inf")
        self._strikes = 0
        self._parcel: Parcel | None = None
        if config.homeassistant.discovery:
            # Only who has discovery on pays for it in memory.
            from edged.messages.homeassistant import birth_topic, discovery_topic  # noqa: PLC0415
            from edged.publish.discovery import announcement  # noqa: PLC0415

            prefix = config.homeassistant.prefix
            body = announcement(config).model_dump_json(exclude_none=True).encode()
            self.listen_to = birth_topic(prefix)
            self._parcel = Parcel(discovery_topic(prefix, config.device.id), body, retain=True)

    def connected(self, now: float, largest_body: int | None) -> str | None:
        """A connection begins; give why nothing can be announced on it, if so. `largest_body`: bytes, None: any."""
        self.mid = self._due = None
        if self._parcel is None:
            return None
        if largest_body is not None and len(self._parcel.body) > largest_body:
            return f"the announcement to Home Assistant is larger than the broker's {largest_body} bytes"
        self._due = now
        return None

    def lost(self) -> str | None:
        """The connection has ended; give that nothing will be announced any more, if so."""
        if self.mid is None:
            return None
        self.mid, self._strikes = None, self._strikes + 1
        if self._strikes < STRIKES:
            return None
        self.listen_to = self._parcel = None
        return (
            "the broker keeps hanging up on the announcement to Home Assistant, which is left out from now on: check "
            "its access list, and start publish again"
        )

    def heard(self, body: bytes, now: float, share: float) -> None:
        """Home Assistant has said something; `share`: a random number, 0 to 1."""
        if self._parcel is not None and body == BIRTH:
            self._due = max(now + SPREAD_S * share, self._sent + SPREAD_S)

    def tend(self, link: Link, now: float) -> None:
        """Announce when it is due."""
        if self._parcel is not None and self.mid is None and self._due is not None and now >= self._due:
            self.mid = link.send(self._parcel)
            self._due, self._sent = None, now

    def answered(self, answer: Acknowledged) -> str | None:
        """Heed the broker's answer; give the refusal in words, if it is one."""
        self.mid, self._strikes = None, 0
        return f"the broker refuses the announcement to Home Assistant: {answer.text}" if answer.text else None
