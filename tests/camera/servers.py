"""Real network cameras for tests: RTSP in a process of its own, MJPEG over HTTP in a thread."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

SERVER = Path(__file__).with_name("rtsp_server.py")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class RtspServer:
    """An RTSP server that can be killed, halted and started again on the same port."""

    def __init__(self, video: Path, credentials: str | None = None) -> None:
        self._command = [sys.executable, str(SERVER), str(port := free_port()), str(video)]
        self._command += [credentials] if credentials else []
        self.place = f"127.0.0.1:{port}"
        self.start()

    def start(self) -> None:
        # A session of its own, so that the FFmpeg it starts dies, halts and goes on with it.
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, start_new_session=True)
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


class MjpegServer:
    """Sends encoded pictures over and over as multipart/x-mixed-replace, the way HTTP cameras do."""

    def __init__(self, pictures: Sequence[bytes], rate: float = 50.0) -> None:
        closing = self._closing = threading.Event()

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
                except OSError:
                    pass  # the client has left

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
