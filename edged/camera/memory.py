"""Keeps memory that holds pictures off the disk: neither a crash nor the swap writes it there."""

import ctypes
import resource
from typing import Final

_CURRENT, _FUTURE, _ON_FAULT = 1, 2, 4
_LOCK: Final = _CURRENT | _FUTURE | _ON_FAULT
"""MCL_… of <sys/mman.h>, as Linux has them on x86 and ARM."""


def keep_off_the_disk() -> None:
    """Forbid core dumps to this process and its children, and lock this one's memory; each that sees calls it.

    The core limit is 1, not 0: the kernel ignores 0 where core_pattern names a program (systemd-coredump, apport), and
    takes 1 for "none at all" (fs/coredump.c); a file of one byte isn't begun either.

    Memory is locked where that has no limit, as in the unit: below a limit, later requests for memory could fail. The
    unit also forbids swap by cgroup, but the kernel of Raspberry Pi OS has its memory controller switched off. Pages
    are locked once they are touched (mlockall(2), MCL_ONFAULT), so this takes no more memory.
    """
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    least = 0 if hard == 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (least, least))
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        ctypes.CDLL(None).mlockall(_LOCK)
