"""Tells whoever supervises this process how it goes: the protocol of sd_notify(3), in both directions.

systemd speaks it, and so does `edged run` to its children.

Rules:
  - Without a supervisor nothing is sent; a supervisor that is gone or deaf is never a fault of ours.
  - The address is taken out of the environment, so that no child of ours reports in our name.
"""

import os
import socket
import struct
import time
from typing import Final, Self

_ADDRESS: Final = "NOTIFY_SOCKET"
_LIMIT: Final = "WATCHDOG_USEC"
_LIMIT_PID: Final = "WATCHDOG_PID"
_UCRED: Final = struct.Struct("iII")
"""struct ucred of unix(7): pid, uid, gid."""
_LARGEST: Final = 4096


class Notifier:
    """This process's end."""

    def __init__(self, address: str | None = None, limit_s: float | None = None) -> None:
        """Speak to the socket at `address` (a path, or @name in the abstract name space); None: to nobody."""
        self.limit_s = limit_s
        """The supervisor ends a process that was silent for so many seconds; None: it doesn't."""
        self._address = address.replace("@", "\0", 1) if address and address[0] == "@" else address or ""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None

    @classmethod
    def of_environment(cls) -> Self:
        """Take the supervisor's address and limit out of the environment."""
        address, limit, pid = (os.environ.pop(name, "") for name in (_ADDRESS, _LIMIT, _LIMIT_PID))
        meant = limit.isdecimal() and (not pid or pid == str(os.getpid()))
        return cls(address or None, int(limit) / 1e6 if meant and int(limit) else None)

    def ready(self) -> None:
        """Start-up is finished, or a reload is."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """We are about to end."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Every stage has made progress."""
        self._send("WATCHDOG=1")

    def say(self, text: str) -> None:
        """Describe our state in one line; it never depends on who was in view."""
        self._send(f"STATUS={' '.join(text.split())}")

    def _send(self, text: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(text.encode(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, self._address)
        except OSError:
            return


class Hearing:
    """A supervisor's end: what one child tells. Only that child is believed."""

    def __init__(self) -> None:
        """Open a socket under a name that the kernel chooses: nothing is written to a disk."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind("")

    def environment(self, limit_s: float) -> dict[str, str]:
        """What the child's environment must hold; `limit_s`: how long it may be silent."""
        name: bytes = self._socket.getsockname()
        return {_ADDRESS: "@" + name[1:].decode("ascii"), _LIMIT: str(round(limit_s * 1e6))}

    def heard(self, pid: int) -> list[tuple[str, str]]:
        """Return what the child has told since the last call: (name, value), oldest first."""
        told: list[tuple[str, str]] = []
        while True:
            try:
                text, extra, _, _ = self._socket.recvmsg(_LARGEST, socket.CMSG_SPACE(_UCRED.size))
            except BlockingIOError:
                return told
            senders = [_UCRED.unpack(data)[0] for _, kind, data in extra if kind == socket.SCM_CREDENTIALS]
            if senders == [pid]:
                lines = text.decode("utf-8", "replace").splitlines()
                told += [(name, value) for name, equals, value in (line.partition("=") for line in lines) if equals]

    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()
