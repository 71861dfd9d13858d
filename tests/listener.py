"""What stands in a server's place, or between a server and its clients: the listening, which they all share.

Rules:
  - A connection that breaks ends itself, not the listening.
  - The listening begins with `__init__`: who derives sets his own attributes first.
"""

import socket
import threading
from abc import ABC, abstractmethod
from contextlib import suppress

from tests.brokers import HOST


class Listener(ABC):
    """Listens on a free port, and serves whoever comes, one after the other, until it is closed."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @abstractmethod
    def serve(self, near: socket.socket) -> None:
        """Serve one connection; whatever takes long has a thread of its own."""

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                with suppress(OSError):
                    self.serve(near)


class Relay(Listener):
    """Connects each client with a server, and carries both ways, each in a thread of its own."""

    def __init__(self, port: int, host: str = HOST) -> None:
        self._server = (host, port)
        super().__init__()

    def serve(self, near: socket.socket) -> None:
        """Connect it, or turn it away where there is no server."""
        try:
            far = self.connect()
        except OSError:
            near.close()
            return
        self.join(near, far)

    def connect(self) -> socket.socket:
        """Return a new connection to the server."""
        return socket.create_connection(self._server)

    def join(self, near: socket.socket, far: socket.socket) -> None:
        """Carry between client and server from now on."""
        for way in (self.there, self.back):
            threading.Thread(target=way, args=(near, far), daemon=True).start()

    @abstractmethod
    def there(self, near: socket.socket, far: socket.socket) -> None:
        """Carry from client to server until one of them ends."""

    @abstractmethod
    def back(self, near: socket.socket, far: socket.socket) -> None:
        """Carry from server to client until one of them ends."""


def end(*connections: socket.socket) -> None:
    """Let whoever reads or writes there know that it is over."""
    for each in connections:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
