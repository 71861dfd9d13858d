"""Stands between publish and the broker, passes everything on, and keeps every byte."""

import socket
import threading
from contextlib import suppress

from tests.brokers import HOST


class Recorder:
    """Listens on a free port; `sent` and `answered` hold what each connection carried to the broker and back."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self.sent: list[bytearray] = []
        self.answered: list[bytearray] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((HOST, self._broker_port))
                for source, target, record in ((near, far, self.sent), (far, near, self.answered)):
                    record.append(bytearray())
                    threading.Thread(target=_pass_on, args=(source, target, record[-1]), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, record: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            record += data
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
