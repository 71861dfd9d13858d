"""A small MQTT broker inside the demo, on a free port of the loopback interface, open to anybody on this machine."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Any, Self

from amqtt.broker import Broker

START_WITHIN_S = 20.0


class EmbeddedBroker:
    """An amqtt broker that lives in a thread for as long as the block runs."""

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._broker: Broker | None = None

    def __enter__(self) -> Self:
        # What the broker has to tell is of no use to somebody who watches the demo.
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(START_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        if self._broker is not None:
            asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(START_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _start(self) -> None:
        self.port = _free_port()
        settings: dict[str, Any] = {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        self._broker = Broker(settings)
        await self._broker.start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
