"""A wall clock that is wrong and steps, for the processes that are run with it; see wrong_clock.c.

libfaketime would do the same, but not for a process with several threads: it switches its faking off and on for the
whole process while one of them asks for the time, and its sleeps came not back (version 0.9.10 of Debian 12).
"""

import struct
import subprocess
from pathlib import Path

from tools.faults_support.case import MissingError, find

YEAR_S = 365 * 86400


class WrongClock:
    """One clock. It is right at first."""

    def __init__(self, folder: Path) -> None:
        """Compile what makes it wrong, into a folder."""
        compiler = find("cc")
        if compiler is None:
            raise MissingError("cc isn't installed: apt install gcc libc6-dev")
        library = folder / "wrong_clock.so"
        source = Path(__file__).with_suffix(".c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
        self._file = folder / "wrong_clock"
        self.wrapper = ("env", f"LD_PRELOAD={library}", f"WRONG_CLOCK={self._file}")
        """Words before the command of a process that is to have this clock."""
        self.set(0)

    def set(self, off_s: int) -> None:
        """Step to so many seconds from the truth."""
        with self._file.open("wb" if not self._file.exists() else "r+b", buffering=0) as file:
            file.write(struct.pack("q", off_s))
