"""Real network cameras for tests: RTSP in a process of its own, MJPEG over HTTP in a thread."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from tests.brokers import HOST, free_port
from tests.listener import Relay

SERVER = Path(__file__).with_name("rtsp_server.py")


class RtspServer:
    """An RTSP server that can be killed, halted and started again on the same port."""

    def __init__(
        self, video: Path, credentials: str | None = None, host: str = HOST, wrapper: Sequence[str] = ()
    ) -> None:
        """Serve at `host`; `wrapper`: words before the command, e.g. to be in another network."""
        self.place = f"{host}:{free_port()}"
        self._video = video
        self._before, self._after = (
            [*wrapper, sys.executable, str(SERVER), self.place],
            [credentials] if credentials else [],
        )
        self.start()

    def start(self, video: Path | None = None) -> None:
        """Begin to serve; another video if one is given."""
        self._video = video or self._video
        command = [*self._before, str(self._video), *self._after]
        # A session of its own, so that the FFmpeg it starts dies, halts and goes on with it.
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def signal(self, number: signal.Signals) -> None:
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class BitFlipper(Relay):
    """Stands between a server and its clients, and flips one bit in so many of what the server sends, while told to."""

    def __init__(self, place: str, one_in: int) -> None:
        host, _, port = place.partition(":")
        self._one_in = one_in
        self._chance = random.Random(1)
        self.on = False
        self.flipped = 0
        super().__init__(int(port), host)
        self.place = f"{HOST}:{self.port}"

    def there(self, near: socket.socket, far: socket.socket) -> None:
        """Carry everything."""
        with contextlib.suppress(OSError), near, far:
            while data := near.recv(65536):
                far.sendall(data)

    def back(self, near: socket.socket, far: socket.socket) -> None:
        """Carry everything, damaged while that is on."""
        with contextlib.suppress(OSError), near, far:
            while data := far.recv(65536):
                near.sendall(self._damaged(data) if self.on else data)

    def _damaged(self, data: bytes) -> bytes:
        copy = bytearray(data)
        for index in range(self._chance.randrange(self._one_in), len(copy) * 8, self._one_in):
            copy[index // 8] ^= 1 << index % 8
            self.flipped += 1
        return bytes(copy)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MjpegServer:
    """Sends encoded pictures over and over as multipart/x-mixed-replace, the way HTTP cameras do."""

    def __init__(self, pictures: Sequence[bytes], rate: float = 50.0) -> None:
        closing = self._closing = threading.Event()
        self.sent = 0
        """Pictures so far, to all clients."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
                self.end_headers()
                sent = 0
                try:
                    while not closing.wait(1 / rate):
                        picture = pictures[sent % len(pictures)]
                        head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                        self.wfile.write(head.encode() + picture + b"\r\n")
                        sent += 1
                        server.sent += 1
                except OSError:
                    pass  # the client has left

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.place = f"{HOST}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
