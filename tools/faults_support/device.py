"""A device as the network cases use it: its real outbox here, `edged publish` in a process, a reader beside it."""

import json
import time
from collections.abc import Callable, Sequence

from edged.messages.common import Stamp
from edged.messages.window import WindowMessage
from edged.outbox import Outbox
from tests.brokers import HOST
from tests.messages import making

from .case import Lab
from .parts import DEVICE, Committed, Consumer, consumer, edged


def released(stamp: Stamp) -> WindowMessage:
    """A released window with all its figures: 1.4 kB."""
    told = {"device": stamp.device, "epoch": stamp.epoch, "sequence": stamp.sequence}
    return making.window().model_copy(update=told)


class Device:
    """It commits windows through its outbox; `publish` is not started yet."""

    def __init__(
        self,
        lab: Lab,
        port: int,
        *,
        name: str = "device",
        reader: Consumer | None = None,
        host: str = HOST,
        wrapper: Sequence[str] = (),
        **broker: object,
    ) -> None:
        """Make it.

        Args:
            lab: of the case.
            port: of the broker.
            name: of its folder and its log.
            reader: who listens to it; None: one on the same port.
            host: of the broker.
            wrapper: a command that `edged publish` is run by.
            broker: further keys of [broker].
        """
        self.state = lab.folder / f"{name}-state"
        self.outbox = Outbox.open(self.state, DEVICE, reserve_bytes=1 << 20)
        lab.at_end(self.outbox.close)
        self.reader = reader or lab.keep(consumer(port))
        lab.wait_until(lambda: self.reader.connected, "the reader is connected")
        keys = {"host": host, "port": port, **broker}
        lines = [
            f"{key} = {json.dumps(value if isinstance(value, str | int) else str(value))}"
            for key, value in keys.items()
        ]
        config = lab.folder / f"{name}.toml"
        config.write_text(
            "\n".join([f'[device]\nid = "{DEVICE}"\n[outbox]\nfolder = "{self.state}"\n[broker]', *lines]) + "\n"
        )
        self.publish = edged(lab, name, ["publish", "--config", str(config)], wrapper)
        self._lab = lab

    @property
    def committed(self) -> Committed:
        """The last sequence of its store."""
        return {(DEVICE, self.outbox.epoch): self.outbox.counts().last_sequence}

    def commit(self, count: int = 1, compose: Callable[[Stamp], WindowMessage] = released) -> None:
        """Commit windows."""
        for _ in range(count):
            self.outbox.append(compose)

    def says(self, words: str, *, since: int = 0) -> Callable[[], bool]:
        """Whether its log has these words from a place on, as a condition."""
        return lambda: words in self.publish.said()[since:]

    def wait_says(self, words: str, deadline_s: float = 60, *, since: int = 0) -> float:
        """Wait until its log has these words; give the seconds that it took."""
        return self._lab.wait_until(self.says(words, since=since), f"the log says {words!r}", deadline_s)

    def wait_delivered(self, deadline_s: float = 60) -> float:
        """Wait until all that was committed has arrived or is declared; give the seconds that it took."""
        began = time.monotonic()
        committed = self.committed
        self._lab.wait_until(lambda: self.reader.has(committed), "all that was committed has arrived", deadline_s)
        return time.monotonic() - began

    def judge(self) -> None:
        """Raise BrokenError when I1, I2 or I3 fell."""
        self.reader.judge(self.committed)
