"""half-open, slow-link: the network is there and does not carry, or hardly."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.brokers import free_port
from tools.faults_support.cable import PROGRAMS, cable, call
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.device import Device
from tools.faults_support.parts import consumer, mosquitto

NOTICED_S, RECOVERED_S = 30, 10
"""What is asked of a half-open connection."""
LIFTED_WITHIN_S = 3
"""An outage ends so soon after it was noticed."""
BYTES_PER_S = 1000
"""8 kbit/s."""
SLOW = ("tbf", "rate", "8kbit", "burst", "1600", "limit", "100000")
"""A line of 8 kbit/s with a long queue before it (tc-tbf(8))."""


@dataclass
class Fault:
    """One outage of a device: from its begin, over being noticed and lifted, to the first window that arrives again."""

    device: Device
    lift: Callable[[], None]
    noticed_s: float = 0.0
    recovered_s: float = 0.0
    over: bool = False

    def __post_init__(self) -> None:
        self._since = len(self.device.publish.said())
        self._began = time.monotonic()
        self._lift_at: float | None = None
        self._lifted: float | None = None

    def tend(self, lab: Lab, *, busy: bool) -> None:
        """Look how far it is, and do what is due; `busy`: windows are committed meanwhile."""
        now = time.monotonic()
        if self._lift_at is None:
            if busy:
                self.device.commit()
            self.noticed_s = now - self._began
            lab.check(self.noticed_s < NOTICED_S, Invariant.I5, f"not noticed in {NOTICED_S} s")
            if self.device.says("trying again in", since=self._since)():
                self._lift_at = now + lab.chance.uniform(0, LIFTED_WITHIN_S)
        elif self._lifted is None:
            if now >= self._lift_at:
                self.lift()
                self.device.commit()
                self._lifted = now
        elif not self.over:
            self.recovered_s = now - self._lifted
            lab.check(self.recovered_s < RECOVERED_S, Invariant.I5, f"not back {RECOVERED_S} s after its return")
            lab.check(self.device.publish.pid != 0, Invariant.I6, "publish has ended")
            self.over = self.device.reader.has(self.device.committed)


@case(
    "half-open",
    "the cable is cut, and a broker hangs, with TCP open",
    count=10,
    short=1,
    needs=["mosquitto", *PROGRAMS],
)
def half_open(lab: Lab) -> None:
    """Noticed within 30 s, with and without traffic; reconnected within 10 s when it returns a few seconds later.

    After a long outage the next try comes up to 60 s later, so that a thousand devices don't come at once.
    """
    laid = lab.keep(cable())
    wired_port, hung = free_port(), lab.keep(mosquitto(lab.folder / "hung"))
    wired = lab.keep(mosquitto(lab.folder / "wired", f"listener {wired_port} {laid.here}"))
    far = Device(
        lab,
        wired_port,
        name="cut",
        host=laid.here,
        reader=lab.keep(consumer(wired.port)),
        wrapper=laid.inside,
    )
    devices = {"cut": far, "hung": Device(lab, hung.port, name="hung")}
    noticed: list[float] = []
    recovered: list[float] = []
    for done in range(lab.count):
        for device in devices.values():
            device.publish.kill()  # each fault is the first one: outages in a row make the next try come later
            device.commit()
            device.publish.start()
        for device in devices.values():
            device.wait_delivered()
        lab.tell(f"{done} of {lab.count}")
        assert hung.process is not None
        faults = [
            Fault(devices["cut"], partial(laid.set_near, "up")),
            Fault(devices["hung"], partial(hung.process.send_signal, signal.SIGCONT)),
        ]
        laid.set_near("down")
        hung.process.send_signal(signal.SIGSTOP)
        while not all(fault.over for fault in faults):
            for fault in faults:
                fault.tend(lab, busy=done % 2 == 0)
            time.sleep(0.2)
        noticed += [fault.noticed_s for fault in faults]
        recovered += [fault.recovered_s for fault in faults]
    for device in devices.values():
        device.judge()
    lab.figures |= {
        "noticed_after_s": [round(min(noticed), 1), round(max(noticed), 1)],
        "recovered_after_s": [round(min(recovered), 1), round(max(recovered), 1)],
    }


@case("slow-link", "so many windows over a line of 8 kbit/s", count=100, short=4, needs=["mosquitto", "tc", *PROGRAMS])
def slow_link(lab: Lab) -> None:
    """All arrive, in the time that the line takes, though not always over one connection."""
    laid = lab.keep(cable())
    call("tc", "qdisc", "add", "dev", laid.near, "root", *SLOW)
    call(*laid.inside, "tc", "qdisc", "add", "dev", laid.far, "root", *SLOW)
    port = free_port()
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", f"listener {port} {laid.here}"))
    device = Device(lab, port, host=laid.here, reader=lab.keep(consumer(broker.port)), wrapper=laid.inside)
    device.commit(lab.count)
    size = sum(len(row.body) for row in device.outbox.waiting(lab.count))
    began = time.monotonic()
    device.publish.start()
    device.wait_delivered(60 + 4 * size / BYTES_PER_S)
    took = time.monotonic() - began
    lab.wait_until(lambda: device.outbox.counts().waiting == 0, "all is acknowledged", 60)
    device.judge()
    lab.figures |= {
        "bytes": size,
        "seconds_for_them": round(took, 1),
        "connections": device.publish.said().count("connected to the broker"),
        "duplicates": device.reader.repeated,
    }
