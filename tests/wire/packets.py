"""Decodes the control packets of MQTT 3.1.1 and 5 that go from a client to a broker.

Source: OASIS MQTT Version 5.0, chapters 2 and 3. Only what a publisher may send is known; anything else is an error, so
that nothing passes unread.
"""

from dataclasses import dataclass
from typing import Final

CONNECT, PUBLISH, PUBACK, PINGREQ, DISCONNECT = 1, 3, 4, 12, 14
NAMES: Final = {CONNECT: "CONNECT", PUBLISH: "PUBLISH", PUBACK: "PUBACK", PINGREQ: "PINGREQ", DISCONNECT: "DISCONNECT"}
"""Control packets that a client which only publishes has use for."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What one packet says."""

    kind: str
    topic: str | None = None
    """Of a PUBLISH, or of the will in a CONNECT."""
    payload: bytes = b""
    retained: bool = False
    client: str | None = None
    properties: tuple["Property", ...] = ()
    """MQTT 5 only; of a CONNECT its own and then its will's."""


Property = tuple[str, str | int | tuple[str, str]]
"""Name and value."""


class _Bytes:
    """Reads fields from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self._data):
            raise EOFError
        self.at += count
        return self._data[self.at - count : self.at]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def varying(self) -> int:
        """Variable byte integer (section 1.5.5)."""
        value = shift = 0
        while True:
            (byte,) = self.take(1)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def binary(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return self.binary().decode()

    def properties(self) -> tuple[Property, ...]:
        """Properties (section 2.2.2); one that this client has no use for is an error."""
        part, found = _Bytes(self.take(self.varying())), []
        while part.at < len(part._data):
            value: str | int | tuple[str, str]
            match part.varying():
                case 0x01:
                    name, value = "payload format", part.take(1)[0]
                case 0x02:
                    name, value = "message expiry", int.from_bytes(part.take(4), "big")
                case 0x03:
                    name, value = "content type", part.text()
                case 0x11:
                    name, value = "session expiry", int.from_bytes(part.take(4), "big")
                case 0x26:
                    name, value = "user property", (part.text(), part.text())
                case 0x27:
                    name, value = "maximum packet size", int.from_bytes(part.take(4), "big")
                case unknown:
                    raise KeyError(unknown)
            found.append((name, value))
        return tuple(found)

    def rest(self) -> bytes:
        return self.take(len(self._data) - self.at)


def decode(stream: bytes) -> list[Packet]:
    """Decode everything that one connection carried towards the broker; a packet cut off at its end is an error."""
    data, packets, version = _Bytes(stream), [], 4
    while data.at < len(stream):
        (first,) = data.take(1)
        body = _Bytes(data.take(data.varying()))
        match first >> 4:
            case 1:
                version, packet = _connect(body)
            case 3:
                packet = _publish(first, body, version)
            case kind:
                packet = Packet(NAMES[kind], payload=body.rest())
        assert body.rest() == b"", f"{packet.kind} has bytes that belong to nothing"
        packets.append(packet)
    return packets


def _connect(body: _Bytes) -> tuple[int, Packet]:
    assert body.text() == "MQTT"
    (version,), (flags,) = body.take(1), body.take(1)
    body.number()
    properties = body.properties() if version == 5 else ()
    client, topic, payload = body.text(), None, b""
    if flags & 4:
        properties += body.properties() if version == 5 else ()
        topic, payload = body.text(), body.binary()
    if flags & 128:
        body.text()
    if flags & 64:
        body.binary()
    return version, Packet("CONNECT", topic, payload, bool(flags & 32), client, properties)


def _publish(first: int, body: _Bytes, version: int) -> Packet:
    topic = body.text()
    if first & 6:
        body.number()
    properties = body.properties() if version == 5 else ()
    return Packet("PUBLISH", topic, body.rest(), bool(first & 1), None, properties)
