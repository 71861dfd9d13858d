"""uvicorn, with what it leaves open: slow headers, too many connections, problems in our own words.

Rules:
  - A connection that has not sent a whole request header in time is ended, the first time and each time after.
  - Of more connections than may be, the newest is told so and ended: who is being answered isn't disturbed.
"""

import asyncio
import socket
from pathlib import Path
from typing import Any, Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from edged.http.problems import MEDIA_TYPE, problem

HEADERS_S: Final = 10.0
MOST_CONNECTIONS: Final = 128
KEEP_ALIVE_S: Final = 20
_GRACE_S: Final = 3
"""For requests under way when it is to end."""


class Connection(H11Protocol):
    """One connection."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._end(503, "too many connections: close some", "Retry-After: 5\r\n")
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (it says no more)
        """Say what isn't HTTP."""
        if self.conn.our_state is h11.IDLE:
            self._end(400, "that is not HTTP as it can be understood: a header is wrong or too long")
        else:
            self.transport.close()

    def _wait(self) -> None:
        if self._hurry is None:
            self._hurry = self.loop.call_later(HEADERS_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None

    def _give_up(self) -> None:
        self._hurry = None
        if self.cycle is None or self.cycle.response_complete:
            self._end(408, "the request's header came too slowly: send it at once")

    def _end(self, status: int, detail: str, more: str = "") -> None:
        """Answer without the application, and close."""
        if self.transport.is_closing():
            return
        told = problem(status, detail)
        body = told.model_dump_json().encode()
        head = (
            f"HTTP/1.1 {status} {told.title}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\nX-Content-Type-Options: nosniff\r\n{more}\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def make_server(app: ASGIApp, certificate: Path | None, key: Path | None) -> uvicorn.Server:
    """Make a server for `app`; with a certificate it speaks TLS. Raises OSError, ssl.SSLError."""
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=1 << 15,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
        backlog=MOST_CONNECTIONS,
        ssl_certfile=certificate,
        ssl_keyfile=None if key is None else str(key),
    )
    config.load()
    return uvicorn.Server(config)


def listen(address: str, port: int) -> socket.socket:
    """Open the port. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=MOST_CONNECTIONS)
    # Connections inherit it. asyncio sets it for sockets that it made itself only, and an answer, which is sent in two
    # parts, would wait 40 ms for the acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
