"""Stands between publish and the broker, passes everything on, and keeps every byte."""

import socket
from contextlib import suppress

from tests.listener import Relay


class Recorder(Relay):
    """`sent` and `answered` hold what each connection carried to the broker and back."""

    def __init__(self, broker_port: int) -> None:
        self.sent: list[bytearray] = []
        self.answered: list[bytearray] = []
        super().__init__(broker_port)

    def there(self, near: socket.socket, far: socket.socket) -> None:
        """Carry and keep what the client sends."""
        _pass_on(near, far, self.sent)

    def back(self, near: socket.socket, far: socket.socket) -> None:
        """Carry and keep what the broker answers."""
        _pass_on(far, near, self.answered)


def _pass_on(source: socket.socket, target: socket.socket, records: list[bytearray]) -> None:
    record = bytearray()
    records.append(record)
    with suppress(OSError):
        while data := source.recv(65536):
            record += data
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
