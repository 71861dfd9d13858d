"""hostile-broker: whoever stands in the broker's place sends what it likes.

Invariant tested: whatever bytes come, the publisher ends the connection with a fault in words or goes on; it raises
nothing, loses no row that was not acknowledged, and its memory stays as it was.
"""

import gc
import logging
import os
import random
import threading
import time

from edged.config.model import Config
from edged.outbox import Outbox
from edged.publish.publisher import Publisher, Wish
from edged.publish.state import LONGEST_DELAY_S
from tests.brokers import HOST
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.device import released
from tools.faults_support.impostor import Talk, connack, disconnect, impostor, puback
from tools.faults_support.parts import DEVICE, descriptors, memory_kb

ROWS = 10
MOST_GROWTH_KB = 8 * 1024
A_CONNECTION_S = 5.0


class _Hurried:
    """Clocks by which no delay between two tries lasts: waiting moves them on, past the longest at once."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def time(self) -> float:
        return time.time()

    def wait(self, _seconds: float) -> None:
        self._ahead += LONGEST_DELAY_S


class _Fuzzer:
    """Sends packets that are valid, damaged, truncated or nothing at all, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.sent = self.connections = 0
        self._seed = seed

    def behave(self, talk: Talk) -> None:
        chance = random.Random(f"{self._seed}-{talk.number}")
        talk.packet()
        self.connections += 1
        if chance.random() < 0.8:
            talk.send(connack())
            self.sent += 1
        for _ in range(chance.randint(1, 8)):
            talk.send(self._packet(chance))
            self.sent += 1

    def _packet(self, chance: random.Random) -> bytes:
        valid = (
            connack(chance.choice([0, 0x80, 0x87, 0x95])),
            puback(chance.randint(0, 30), chance.choice([0, 0x10, 0x80, 0x97])),
            disconnect(chance.choice([0, 0x81, 0x8B, 0x8E])),
            b"\xd0\x00",
            b"\x32\x0a\x00\x03a/b\x00\x01\x00xy",
            b"\x34\x0a\x00\x03a/b\x00\x01\x00xy",
            b"\x90\x04\x00\x01\x00\x01",
            b"\x20\x08\x00\x00\x05\x27\x00\x00\x00\x01",
        )
        packet = bytearray(chance.choice(valid))
        match chance.randrange(4):
            case 0:
                return bytes(packet)
            case 1:
                packet[chance.randrange(len(packet))] = chance.randrange(256)
                return bytes(packet)
            case 2:
                return bytes(packet[: chance.randint(1, len(packet))])
            case _:
                return chance.randbytes(chance.randint(1, 60))


@case("hostile-broker", "a false broker sends so many fuzzed packets", count=100_000, short=100_000)
def hostile_broker(lab: Lab) -> None:
    """Faults in words only, flat memory, every row still there or truly acknowledged, threads and descriptors too."""
    logging.getLogger("edged.publish").setLevel(logging.CRITICAL)
    lab.at_end(lambda: logging.getLogger("edged.publish").setLevel(logging.NOTSET))
    fuzzer, clocks = _Fuzzer(lab.seed), _Hurried()
    port = lab.keep(impostor(fuzzer.behave))
    outbox = Outbox.open(lab.memory / "state", DEVICE, reserve_bytes=1 << 20)
    lab.at_end(outbox.close)
    config = Config.model_validate(
        {"device": {"id": DEVICE}, "outbox": {"folder": lab.memory / "state"}, "broker": {"host": HOST, "port": port}}
    )
    publisher = Publisher(config, outbox, clocks, clocks.wait)
    warm: tuple[int, int, int] | None = None
    began = time.monotonic()
    while fuzzer.sent < lab.count:
        while outbox.counts().waiting < ROWS:
            outbox.append(released)
        before, until = fuzzer.sent, time.monotonic() + A_CONNECTION_S
        while fuzzer.sent < before + 50 and time.monotonic() < until:
            try:
                publisher.turn(Wish())
            except Exception as error:  # what the case is there to find
                lab.check(False, Invariant.I4, f"{type(error).__name__} came out of the publisher: {error}")
        lab.tell(f"{fuzzer.sent} of {lab.count} packets")
        if warm is None and fuzzer.sent > lab.count // 3:
            warm = _held()
    gc.collect()
    now = _held()
    assert warm is not None
    growth, opened, threads = (after - before for after, before in zip(now, warm, strict=True))
    lab.check(growth < MOST_GROWTH_KB, Invariant.I4, f"memory grew by {growth} KiB")
    lab.check(opened < 20, Invariant.I4, f"{opened} descriptors were left open")
    lab.check(threads < 10, Invariant.I4, f"{threads} threads were left behind")
    lab.figures |= {
        "packets": fuzzer.sent,
        "connections": fuzzer.connections,
        "packets_per_s": round(fuzzer.sent / (time.monotonic() - began)),
        "memory_growth_kb": growth,
        "resident_mb": round(now[0] / 1024, 1),
    }


def _held() -> tuple[int, int, int]:
    return memory_kb(os.getpid()), descriptors(os.getpid()), threading.active_count()
