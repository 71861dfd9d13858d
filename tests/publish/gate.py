"""What stands in a broker's place: a gate that swallows its answers, a doorman against MQTT 5, an impostor."""

import socket
import threading
from contextlib import suppress

from tests.listener import Listener, Relay, end


class Gate(Relay):
    """Forwards connections to a broker's port; while `shut`, nothing comes back from the broker."""

    def __init__(self, broker_port: int) -> None:
        self.hangs_up_on: bytes | None = None
        """A connection on which these bytes go to the broker is cut."""
        self._open = threading.Event()
        self._open.set()
        super().__init__(broker_port)

    def shut(self) -> None:
        """Let no answer through from now on."""
        self._open.clear()

    def open(self) -> None:
        """Let answers through again."""
        self._open.set()

    def close(self) -> None:
        """Accept no more connections."""
        self.open()
        super().close()

    def there(self, near: socket.socket, far: socket.socket) -> None:
        """Carry everything, up to the bytes that it hangs up on."""
        with suppress(OSError):
            while data := near.recv(65536):
                if self.hangs_up_on is not None and self.hangs_up_on in data:
                    break
                far.sendall(data)
        end(near, far)

    def back(self, near: socket.socket, far: socket.socket) -> None:
        """Carry what comes while the gate is open; the rest is lost."""
        with suppress(OSError):
            while data := far.recv(65536):
                if self._open.is_set():
                    near.sendall(data)
        end(near, far)


class Impostor(Listener):
    """Accepts connections, reads the greeting, answers with the same bytes every time, and stays silent then."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._connections: list[socket.socket] = []
        super().__init__()

    def close(self) -> None:
        """Accept no more connections, and end those that are there."""
        super().close()
        for each in self._connections:
            each.close()

    def serve(self, near: socket.socket) -> None:
        """Greet it."""
        self._connections.append(near)
        near.recv(4096)
        near.sendall(self._answer)


class Doorman(Gate):
    """Stands before a broker that only speaks MQTT 3.1.1, and turns MQTT 5 away as such brokers do."""

    def __init__(self, broker_port: int, refusal: bytes) -> None:
        self._refusal = refusal
        self.turned_away = 0
        super().__init__(broker_port)

    def serve(self, near: socket.socket) -> None:
        """Look at its greeting first."""
        greeting = near.recv(4096)
        if greeting[greeting.index(b"MQTT") + 4] == 5:
            self.turned_away += 1
            near.sendall(self._refusal)
            near.close()
            return
        far = self.connect()
        far.sendall(greeting)
        self.join(near, far)
