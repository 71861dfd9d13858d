"""flaky-link: the connection breaks again and again, after a few messages each time, while much waits."""

import socket
from contextlib import suppress

from edged.outbox import Outbox
from tests.listener import Relay, end
from tests.outbox.making import window
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.impostor import Talk
from tools.faults_support.parts import DEVICE, consumer, memory_kb, mosquitto, publish_words
from tools.faults_support.zygote import zygote

ANSWERS = 60
"""Acknowledgements after which a connection breaks."""
LOST_A_BREAK = 25
"""Answers of these, at the most, that bring a connection no further: what was in flight, and a few for the status."""
PUBACK = 4
MOST_GROWTH_KB = 1024
"""Twice what SQLite may keep of the file (edged/outbox/schema.py)."""


@case(
    "flaky-link",
    "the link breaks after every 60 acknowledgements while so many windows wait; then the broker forgets them all",
    count=20_000,
    short=300,
    needs=["mosquitto"],
)
def flaky_link(lab: Lab) -> None:
    """Each connection gets further, with what was never sent and with what is sent again; then there is quiet."""
    state = lab.folder / "state"
    outbox = Outbox.open(state, DEVICE)
    lab.at_end(outbox.close)
    for _ in range(lab.count):
        outbox.append(window)
    committed = {(DEVICE, outbox.epoch): lab.count}
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", "max_queued_messages 1000000"))
    link = FlakyLink(broker.port)
    lab.at_end(link.close)
    most_breaks = lab.count // (ANSWERS - LOST_A_BREAK) + 2
    deadline_s = 60 + lab.count / 20
    breaks = []
    sending = publish_words(link.port, state)
    with consumer(broker.port) as reader:
        lab.wait_until(lambda: reader.connected, "the consumer is connected")
        nest = lab.keep(zygote())
        publish = nest.start("edged", sending, lab.folder / "publish.log", hasty=True)

        def drained() -> bool:
            lab.tell(f"{reader.arrived} of {lab.count} arrived, {reader.repeated} again, {link.breaks} breaks")
            return reader.arrived == lab.count or link.breaks > most_breaks

        lab.wait_until(drained, "the outbox is drained", deadline_s)
        breaks.append(link.breaks)
        repeated = reader.repeated
        reader.judge(committed)
        lab.check(reader.order == sorted(reader.order), Invariant.I3, "messages came out of order")
    lab.check(link.breaks <= most_breaks, Invariant.I4, f"not drained after {most_breaks} breaks")
    memory = memory_kb(publish)
    broker.kill()
    broker.start()
    link.breaks = 0
    with consumer(broker.port) as reader:  # it knows nothing, and neither does the broker

        def had_all() -> bool:
            lab.tell(f"{reader.arrived} of {lab.count} came again, {link.breaks} breaks")
            return reader.has(committed) or link.breaks > 2 * most_breaks

        lab.wait_until(had_all, "everything has come again", deadline_s)
        breaks.append(link.breaks)
        reader.judge(committed)
    lab.check(link.breaks <= 2 * most_breaks, Invariant.I1, f"not all came again after {2 * most_breaks} breaks")
    lab.check(nest.ended(publish) is None, Invariant.I6, "publish has ended")
    growth = memory_kb(publish) - memory
    lab.check(growth < MOST_GROWTH_KB, Invariant.I4, f"publish grew by {growth} KiB over {link.breaks} connections")
    nest.kill(publish)
    link.mended = True
    last = nest.start("edged", [*sending, "--drain"], lab.folder / "publish.log", hasty=True)
    before = link.answered
    lab.wait_until(lambda: nest.ended(last) is not None, "the last replay ends", deadline_s)
    lab.check(link.answered - before <= lab.count + 10, Invariant.I4, "the last replay sent something twice")
    lab.figures |= {
        "drained_after_breaks": breaks[0],
        "duplicates_until_then": repeated,
        "all_again_after_breaks": breaks[1],
        "memory_growth_kb_meanwhile": growth,
    }


class FlakyLink(Relay):
    """Forwards to a broker, and breaks each connection after so many of its acknowledgements, until it is mended."""

    def __init__(self, broker_port: int) -> None:
        self.mended = False
        self.breaks = 0
        self.answered = 0
        """Acknowledgements that were let through."""
        super().__init__(broker_port)

    def there(self, near: socket.socket, far: socket.socket) -> None:
        """Carry everything."""
        with suppress(OSError):
            while data := near.recv(65536):
                far.sendall(data)
        end(near, far)

    def back(self, near: socket.socket, far: socket.socket) -> None:
        """Carry what the broker says, up to the last acknowledgement that gets through."""
        left, broker = ANSWERS, Talk(far, 0)
        with suppress(OSError):
            while left or self.mended:
                kind, flags, rest = broker.packet()
                near.sendall(bytes([kind << 4 | flags, len(rest)]) + rest)  # a broker's answers are short
                if kind == PUBACK:
                    self.answered += 1
                    left -= 1
        self.breaks += left == 0
        end(near, far)
