"""A control group of the kernel, to start processes in that get less than they would like (version 1 and 2)."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.faults_support.case import RightError

CGROUPS = Path("/sys/fs/cgroup")
EMPTY_WITHIN_S = 10.0


@dataclass(frozen=True)
class Group:
    """A control group."""

    folder: Path
    unified: bool
    """Of version 2."""

    @property
    def wrapper(self) -> tuple[str, ...]:
        """Words before a command that is to run in it."""
        return ("sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh")

    def set(self, file: str, value: int | str) -> None:
        """Set a limit."""
        try:
            (self.folder / file).write_text(str(value))
        except OSError as error:
            raise RightError(f"the control group takes no {file}: {error.strerror}") from error

    def figures(self, file: str) -> dict[str, int]:
        """The figures of a file with a name and a number in each line."""
        lines = (self.folder / file).read_text(encoding="ascii").splitlines()
        return {name: int(number) for name, number in (line.split() for line in lines)}


@contextmanager
def control_group(controller: str) -> Iterator[Group]:
    """Make one that has this controller (cpu, memory); it goes with the block."""
    control = CGROUPS / "cgroup.subtree_control"
    unified = control.exists() and controller in control.read_text(encoding="ascii").split()
    folder = CGROUPS / ("" if unified else controller) / f"edged-fault-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        raise RightError(f"no control group can be made: {error.strerror}") from error
    try:
        yield Group(folder, unified)
    finally:
        # The group is empty once its processes, ended before this, are reaped.
        deadline = time.monotonic() + EMPTY_WITHIN_S
        while folder.exists() and time.monotonic() < deadline:
            with suppress(OSError):
                folder.rmdir()
            time.sleep(0.05)
