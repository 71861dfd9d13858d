"""What stands in a broker's place and answers as it is told to: the MQTT that is needed for it, no more.

Source: MQTT Version 5.0 (OASIS 2019), sections 2.1, 3.1 to 3.4 and 3.14.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.brokers import HOST

CONNECT, PUBLISH, PINGREQ = 1, 3, 12
SILENCE_S = 20.0


class Talk:
    """One connection that the impostor has accepted."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.number = number
        """How many came before it."""
        self._sock = sock
        self._sock.settimeout(SILENCE_S)

    def packet(self) -> tuple[int, int, bytes]:
        """The next packet: (type, flags, rest). Raises OSError when the connection is over."""
        head = self._exactly(1)[0]
        length, shift = 0, 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return head >> 4, head & 0x0F, self._exactly(length)

    def publishes(self) -> Iterator[int]:
        """Packet ids of what is published at QoS 1, as it comes."""
        while True:
            kind, flags, rest = self.packet()
            if kind == PUBLISH and flags & 0x06:
                topic = int.from_bytes(rest[:2], "big")
                yield int.from_bytes(rest[2 + topic : 4 + topic], "big")

    def send(self, data: bytes) -> None:
        """Answer."""
        self._sock.sendall(data)

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            more = self._sock.recv(count - len(found))
            if not more:
                raise ConnectionError
            found += more
        return found


@contextmanager
def impostor(behave: Callable[[Talk], None]) -> Iterator[int]:
    """Listen on a port, which is given, and behave so on each connection; it is closed afterwards."""
    listener = socket.create_server((HOST, 0))

    def accept() -> None:
        number = 0
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=serve, args=(sock, number), daemon=True).start()
                number += 1

    def serve(sock: socket.socket, number: int) -> None:
        with suppress(OSError), sock:
            behave(Talk(sock, number))

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()


def connack(code: int = 0) -> bytes:
    """Answer to CONNECT, without properties."""
    return bytes([0x20, 3, 0, code, 0])


def puback(mid: int, code: int = 0) -> bytes:
    """Answer to PUBLISH."""
    return bytes([0x40, 3, *mid.to_bytes(2, "big"), code])


def disconnect(code: int) -> bytes:
    """End of the connection, with a reason."""
    return bytes([0xE0, 2, code, 0])
