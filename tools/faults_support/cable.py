"""A virtual cable into a network of its own, which can be cut at either end.

Rules:
  - The network is held by a process that ends when this one does: nothing stays of a run that was killed, unless a
    program still works inside.
  - Names and addresses come from one number, and the kernel gives a name out once: no two cables share an address.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network

from tools.faults_support.case import RightError, find

PROGRAMS = ("ip", "nsenter", "unshare")
"""What a case with a cable needs."""
NETWORK = IPv4Network("198.18.0.0/15")
"""Addresses for tests of networks (RFC 2544)."""


@dataclass(frozen=True)
class Cable:
    """Laid, with both ends up."""

    near: str
    """The interface at our end."""
    far: str
    """The interface at the other end, inside."""
    here: str
    """The address of our end."""
    there: str
    """The address of the other end."""
    inside: tuple[str, ...]
    """Words before a command that is to run at the other end."""

    def set_near(self, state: str) -> None:
        """Cut (`down`) or mend (`up`) it at our end: who sends from there is not told."""
        call("ip", "link", "set", self.near, state)

    def set_far(self, state: str) -> None:
        """Cut (`down`) or mend (`up`) it at the other end: who sends from here is not told."""
        call(*self.inside, "ip", "link", "set", self.far, state)


@contextmanager
def cable() -> Iterator[Cable]:
    """Lay a cable; it is taken away afterwards."""
    holding = ["unshare", "--net", "sh", "-c", "echo made && exec cat"]
    with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stderr is not None
        if not holder.stdout.readline():
            raise RightError(holder.stderr.read().decode().strip())
        made = _pair(holder.pid)
        call("ip", "address", "add", f"{made.here}/30", "dev", made.near)
        call(*made.inside, "ip", "address", "add", f"{made.there}/30", "dev", made.far)
        call(*made.inside, "ip", "link", "set", "lo", "up")
        made.set_near("up")
        made.set_far("up")
        yield made


def _pair(holder: int) -> Cable:
    """A pair of interfaces, the far one in the network of that process."""
    number = 0
    while True:
        near, far, base = f"edged{number}n", f"edged{number}f", NETWORK.network_address + 4 * number
        try:
            call("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", str(holder))
        except RightError as error:
            if "File exists" not in str(error):
                raise
            number += 1
        else:
            return Cable(near, far, str(base + 1), str(base + 2), ("nsenter", f"--net=/proc/{holder}/ns/net"))


def call(program: str, *words: str) -> None:
    """Run a program that sets up networks; what it can't do is a missing right."""
    done = subprocess.run([find(program) or program, *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RightError(f"{program} {' '.join(words)}: {done.stderr.strip()}")
