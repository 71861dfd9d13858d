"""half-open, slow-link: the network is there and does not carry, or hardly."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from tests.brokers import free_port
from tools.faults_support.case import Invariant, Lab, RightError, case
from tools.faults_support.device import Device
from tools.faults_support.parts import consumer, mosquitto

NOTICED_S, RECOVERED_S = 30, 10
"""What shared/FAULTS.md asks of a half-open connection."""
CABLES = IPv4Network("198.18.0.0/15")
"""Addresses for tests of networks (RFC 2544): ours lead nowhere but into the namespace."""
BYTES_PER_S = 1000
"""8 kbit/s."""
SLOW = ("tbf", "rate", "8kbit", "burst", "1600", "limit", "100000")
"""A line of 8 kbit/s with a long queue before it (tc-tbf(8))."""


def _ip(*words: str, program: str = "ip") -> None:
    done = subprocess.run([program, *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RightError(f"{program} {' '.join(words)}: {done.stderr.strip()}")


class Cable(NamedTuple):
    """A cable into a network namespace of its own."""

    namespace: str
    near: str
    """Our end of it."""
    far: str
    """The end inside."""
    address: str
    """Of our end."""

    @property
    def inside(self) -> list[str]:
        """What runs a command inside."""
        return ["ip", "netns", "exec", self.namespace]


@contextmanager
def _cable() -> Iterator[Cable]:
    """Lay a cable; it is taken away afterwards."""
    number = os.getpid() % 30_000
    name, base = f"edged{number}", int(CABLES.network_address) + 4 * number
    near, far = f"{name}n", f"{name}f"
    ours, theirs = str(IPv4Address(base + 1)), str(IPv4Address(base + 2))
    _ip("netns", "add", name)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _ip("address", "add", f"{ours}/30", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", name, "address", "add", f"{theirs}/30", "dev", far)
        _ip("-n", name, "link", "set", far, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        yield Cable(name, near, far, ours)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@case("half-open", "the cable is cut, and a broker hangs, with TCP open", count=10, short=1, needs=["mosquitto", "ip"])
def half_open(lab: Lab) -> None:
    """Noticed within 30 s, with and without traffic; reconnected within 10 s when it returns a few seconds later.

    After a long outage the next try comes up to 60 s later, so that a thousand devices don't come at once.
    """
    cable = lab.keep(_cable())
    wired_port, hung = free_port(), lab.keep(mosquitto(lab.folder / "hung"))
    wired = lab.keep(mosquitto(lab.folder / "wired", f"listener {wired_port} {cable.address}"))
    far = Device(
        lab,
        wired_port,
        name="cut",
        host=cable.address,
        reader=lab.keep(consumer(wired.port)),
        wrapper=cable.inside,
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
        since = {key: len(device.publish.said()) for key, device in devices.items()}
        _ip("link", "set", cable.near, "down")
        assert hung.process is not None
        hung.process.send_signal(signal.SIGSTOP)
        began, busy = time.monotonic(), done % 2 == 0
        left = set(devices)
        while left:
            lab.tell(f"{done} of {lab.count}: {', '.join(sorted(left))} not noticed yet")
            lab.check(time.monotonic() - began < NOTICED_S, Invariant.I5, f"not noticed in {NOTICED_S} s: {left}")
            for key in sorted(left):
                if busy:
                    devices[key].commit()
                if "trying again in" in devices[key].publish.said()[since[key] :]:
                    noticed.append(time.monotonic() - began)
                    left.remove(key)
            time.sleep(0.5)
        time.sleep(lab.chance.uniform(0, 5))
        _ip("link", "set", cable.near, "up")
        hung.process.send_signal(signal.SIGCONT)
        for device in devices.values():
            device.commit()
        began = time.monotonic()
        for key, device in devices.items():
            device.wait_delivered(RECOVERED_S - (time.monotonic() - began))
            recovered.append(time.monotonic() - began)
            lab.check(device.publish.pid != 0, Invariant.I6, f"publish of the {key} one has ended")
    for device in devices.values():
        device.judge()
    lab.figures |= {
        "noticed_after_s": [round(min(noticed), 1), round(max(noticed), 1)],
        "recovered_after_s": [round(min(recovered), 1), round(max(recovered), 1)],
    }


@case("slow-link", "so many windows over a line of 8 kbit/s", count=100, short=4, needs=["mosquitto", "ip", "tc"])
def slow_link(lab: Lab) -> None:
    """All arrive over one connection: slow is not dead."""
    cable = lab.keep(_cable())
    _ip("qdisc", "add", "dev", cable.near, "root", *SLOW, program="tc")
    _ip("-n", cable.namespace, "qdisc", "add", "dev", cable.far, "root", *SLOW, program="tc")
    port = free_port()
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", f"listener {port} {cable.address}"))
    device = Device(lab, port, host=cable.address, reader=lab.keep(consumer(broker.port)), wrapper=cable.inside)
    device.commit(lab.count)
    size = sum(len(row.body) for row in device.outbox.waiting(lab.count))
    began = time.monotonic()
    device.publish.start()
    device.wait_delivered(60 + 4 * size / BYTES_PER_S)
    took = time.monotonic() - began
    lab.wait_until(lambda: device.outbox.counts().waiting == 0, "all is acknowledged", 60)
    device.judge()
    said = device.publish.said()
    connections = said.count("connected to the broker")
    lab.check(connections == 1, Invariant.I5, f"it gave a slow connection up:\n{said}")
    lab.figures |= {"bytes": size, "seconds_for_them": round(took, 1), "duplicates": device.reader.repeated}
