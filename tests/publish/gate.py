"""What stands in a broker's place: a gate that swallows its answers, a doorman against MQTT 5, an impostor."""

import socket
import threading
from contextlib import suppress

from tests.brokers import HOST, free_port


class Gate:
    """Forwards connections to a broker's port; while `shut`, nothing comes back from the broker."""

    def __init__(self, broker_port: int) -> None:
        self.port = free_port()
        self.hangs_up_on: bytes | None = None
        """A connection on which these bytes go to the broker is cut."""
        self._open = threading.Event()
        self._open.set()
        self._broker_port = broker_port
        self._listener = socket.create_server((HOST, self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        """Let no answer through from now on."""
        self._open.clear()

    def open(self) -> None:
        """Let answers through again."""
        self._open.set()

    def close(self) -> None:
        """Accept no more connections."""
        self.open()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((HOST, self._broker_port))
                threading.Thread(target=self._forward, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._forward, args=(far, near, True), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if answers and not self._open.is_set():
                    continue
                if not answers and self.hangs_up_on is not None and self.hangs_up_on in data:
                    break
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Impostor:
    """Accepts connections, reads the greeting, answers with the same bytes every time, and stays silent then."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server((HOST, 0))
        self._connections: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections, and end those that are there."""
        for each in (self._listener, *self._connections):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                connection.recv(4096)
                connection.sendall(self._answer)


class Doorman:
    """Stands before a broker that only speaks MQTT 3.1.1, and turns MQTT 5 away as such brokers do."""

    def __init__(self, broker_port: int, refusal: bytes) -> None:
        self._refusal = refusal
        self._gate = Gate(broker_port)
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self.turned_away = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()
        self._gate.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                greeting = near.recv(4096)
                if greeting[greeting.index(b"MQTT") + 4] == 5:
                    self.turned_away += 1
                    near.sendall(self._refusal)
                    near.close()
                    continue
                far = socket.create_connection((HOST, self._gate.port))
                far.sendall(greeting)
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._gate._forward, args=(source, target, False), daemon=True).start()
