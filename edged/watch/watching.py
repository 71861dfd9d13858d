"""The two ways to watch: a live view for people, lines of JSON for programs. Both end when `stop` is set.

A broker that can't be reached at first is an error (UnavailableError): somebody is waiting for an answer. Once it was
reached, it is tried again for ever.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from edged.config.model import Broker
from edged.errors import InputError, UnavailableError
from edged.watch import events
from edged.watch.board import Board
from edged.watch.subscription import Arrival, Happening, Lost, Subscribed, Subscription

DRAW_EVERY_S: Final = 0.25
SILENT_AFTER_S: Final = 5.0
"""Retained statuses come at once: a broker that has sent nothing for so long has none, or lets us read none."""


def tell(subscription: Subscription, stop: threading.Event) -> Iterator[str]:
    """Yield what happens as JSON, an event a line. Raises UnavailableError as said above."""
    board, link = Board(), _Link()
    while not stop.is_set():
        happening = subscription.next(DRAW_EVERY_S)
        if happening is not None:
            link.heed(happening, time.monotonic())
            yield from events.lines(board, happening, time.monotonic(), time.time())


def show(subscription: Subscription, broker: Broker, stop: threading.Event) -> str:
    """Draw a live view; return a summary at the end. Raises UnavailableError as said above."""
    from rich.console import Console, Group  # noqa: PLC0415  (part of an extra)
    from rich.live import Live  # noqa: PLC0415

    from edged.watch import screen  # noqa: PLC0415

    board, link, console = Board(), _Link(), Console()
    where = f"{broker.host}:{broker.port}{' TLS' if broker.tls else ''}"
    while not (link.met or stop.is_set()):
        _take(board, link, subscription.next(DRAW_EVERY_S))

    def draw() -> Group:
        now = time.monotonic()
        drawn = screen.lines(board, where, link.words(board, broker, now), console.width, console.height, now)
        return Group(*drawn)

    with Live(draw(), console=console, screen=True, auto_refresh=False) as live:
        while not stop.is_set():
            due = time.monotonic() + DRAW_EVERY_S
            while not stop.is_set() and (left := due - time.monotonic()) > 0:
                _take(board, link, subscription.next(left))
            live.update(draw(), refresh=True)
    return screen.summary(board)


def _take(board: Board, link: "_Link", happening: Happening | None) -> None:
    if happening is not None:
        link.heed(happening, time.monotonic())
    if isinstance(happening, Arrival):
        with suppress(InputError):  # anybody may publish anything below edged/
            board.take(happening, time.monotonic(), time.time())


class _Link:
    """How the connection to the broker is."""

    def __init__(self) -> None:
        self.met = False
        self._lost: str | None = None
        self._since = 0.0

    def heed(self, happening: Happening, now: float) -> None:
        match happening:
            case Subscribed():
                self.met, self._lost, self._since = True, None, now
            case Lost(reason=reason) if not self.met:
                raise UnavailableError(reason)
            case Lost(reason=reason):
                self._lost = reason

    def words(self, board: Board, broker: Broker, now: float) -> str:
        """What is amiss; empty when nothing is."""
        if self._lost is not None:
            return f"{self._lost}; trying again"
        if not board.devices and now - self._since > SILENT_AFTER_S:
            who = f"the user {broker.username!r}" if broker.username else "somebody without a name"
            return f"nothing came: may {who} read edged/#?"
        return ""
