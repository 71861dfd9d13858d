"""What every request goes through: who may ask, what every answer says, and what becomes of a fault of ours.

Rules:
  - With a token, everything but the page, the documents and the health needs it.
  - Without one only this machine may ask, by a name of this machine: a web site whose name leads here (DNS rebinding)
    is refused, and so is a page of another origin that has its visitor's browser send something here.
  - No answer may be kept by a cache, nor shown within another page.
  - Who is refused in the middle of an upload is listened to for a moment longer: a connection that is closed with data
    unread takes the answer with it.
"""

import asyncio
import contextlib
import hmac
import logging
import time
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edged.http.metrics import Metrics
from edged.http.problems import answer, problem

_log = logging.getLogger("edged.http")

OPEN: Final = frozenset({"/", "/page.css", "/page.js", "/docs", "/openapi.json", "/healthz", "/readyz"})
_LINGER_S: Final = 2.0
_HERE: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src blob:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class Guard:
    """The outermost layer of the service."""

    def __init__(self, app: ASGIApp, metrics: Metrics, token: str | None) -> None:
        """Guard `app`; without a token it is for this machine only."""
        self._app = app
        self._metrics = metrics
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.monotonic()
        status, closes = 500, False

        async def sending(message: Message) -> None:
            nonlocal status, closes
            if message["type"] == "http.response.start":
                status = message["status"]
                closes = (b"connection", b"close") in message["headers"]
                message["headers"] = [*message["headers"], *_HEADERS]
            elif closes:
                await send({**message, "more_body": True})
                await _drain(receive)
                message = {"type": "http.response.body"}
            await send(message)

        refusal = self._refusal(Request(scope))
        try:
            if refusal is None:
                await self._app(scope, receive, sending)
            else:
                code, why = refusal
                headers = {"connection": "close"} | ({"www-authenticate": "Bearer"} if code == 401 else {})
                await answer(problem(code, why), headers)(scope, receive, sending)
        except Exception:  # answered already; the service goes on
            _log.exception("a fault of edged while it answered a request")
        route = scope.get("route")
        self._metrics.answered(getattr(route, "path", "other"), status, time.monotonic() - begun)

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        if self._token is not None:
            if request.url.path in OPEN or hmac.compare_digest(_told_token(request).encode(), self._token.encode()):
                return None
            return 401, "a token is needed: send it as Authorization: Bearer TOKEN"
        host = request.headers.get("host", "")
        if host.rpartition(":")[0] not in _HERE and host not in _HERE:
            return (
                403,
                "without a token this service answers to localhost only: ask for http://localhost, or set a token",
            )
        origin = request.headers.get("origin")
        if origin is not None and origin != f"{request.url.scheme}://{host}":
            return 403, "a page of another web site asked: open this service's own page"
        return None


async def _drain(receive: Receive) -> None:
    """Throw away what is still being sent, for a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while (await receive()).get("more_body"):
                pass


def _told_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    # As clients of Microsoft's API send their key.
    return request.headers.get("ocp-apim-subscription-key", "")
