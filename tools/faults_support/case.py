"""What a case is, what it may use, and how it says that a promise was broken.

Rules:
  - A case is a function of a `Lab`, made known by `@case`. It returns when every invariant held, and raises
    `BrokenError` (by `lab.check` or a ledger) as soon as one did not.
  - All chance comes from `lab.chance`: the same seed, the same faults.
  - What a case starts it gives to `lab.keep`, so that nothing outlives it, however it ends.
"""

import enum
import importlib
import pkgutil
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Figure = int | float | str | bool | Sequence["Figure"]

LOOK_EVERY_S = 0.02
DEADLINE_S = 60.0
"""Seconds to wait for what must happen: many times what is needed, also on a busy machine."""


class Invariant(enum.Enum):
    """What must hold through every fault."""

    I1 = "every committed sequence arrives, or is declared dropped with an exact count"
    I2 = "duplicates are byte-identical"
    I3 = "no undeclared gap"
    I4 = "memory, descriptors, threads and disk stay bounded"
    I5 = "the service recovers in time once the fault has lifted, and says the cause meanwhile"
    I6 = "no human action is needed"


class BrokenError(Exception):
    """An invariant fell."""

    def __init__(self, invariant: Invariant, told: str, figures: "dict[str, Figure] | None" = None) -> None:
        super().__init__(f"{invariant.name} is broken ({invariant.value}): {told}")
        self.invariant = invariant
        self.told = told
        self.figures = figures or {}


class MissingError(Exception):
    """The machine lacks something that the case needs; the text says what."""


class RightError(MissingError):
    """The machine does not let us do something that the case needs, e.g. mount a file system."""


@dataclass
class Lab:
    """What a case works with while it runs."""

    folder: Path
    """An empty folder of its own, removed afterwards."""
    count: int
    """How many faults."""
    seed: int
    tell: Callable[[str], None] = lambda _words: None
    """Shows the progress to whoever waits."""
    figures: dict[str, Figure] = field(default_factory=dict)
    """What was measured; printed at the end."""
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    @cached_property
    def memory(self) -> Path:
        """A folder in memory, for what is written often and needs no disk; removed at the end."""
        shared = Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="faults-", dir=shared if shared.is_dir() else None)
        self.at_end(folder.cleanup)
        return Path(folder.name)

    def keep(self, context: AbstractContextManager[T]) -> T:
        """Enter a context that is left when the case ends, the last one first."""
        return self._stack.enter_context(context)

    def at_end(self, callback: Callable[[], object]) -> None:
        """Call this when the case ends."""
        self._stack.callback(callback)

    def check(self, holds: bool, invariant: Invariant, told: str) -> None:
        """Raise BrokenError unless it holds."""
        if not holds:
            raise BrokenError(invariant, told)

    def wait_until(
        self,
        condition: Callable[[], bool],
        what: str,
        deadline_s: float = DEADLINE_S,
        invariant: Invariant = Invariant.I5,
    ) -> float:
        """Poll until the condition holds and give the seconds that it took; broken when it never does."""
        began = time.monotonic()
        while not condition():
            self.check(time.monotonic() - began < deadline_s, invariant, f"waited {deadline_s:g} s in vain: {what}")
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - began

    def close(self) -> None:
        """End everything that was kept."""
        self._stack.close()


Run = Callable[[Lab], None]


@dataclass(frozen=True)
class Case:
    """One fault, as often as asked for."""

    name: str
    summary: str
    run: Run
    count: int
    """Of the long form: the bar."""
    short: int
    """Of the form in CI: a second or a few."""
    needs: tuple[str, ...]
    """Programs that it can't do without."""

    def require(self) -> None:
        """Raise MissingError when this machine lacks a program."""
        for program in self.needs:
            if find(program) is None:
                raise MissingError(f"{program} isn't installed, and the case {self.name} needs it")


_known: dict[str, Case] = {}


def case(name: str, summary: str, *, count: int, short: int, needs: Sequence[str] = ()) -> Callable[[Run], Run]:
    """Make a function known as a case."""

    def register(run: Run) -> Run:
        if name in _known and _known[name].run.__module__ != run.__module__:
            raise ValueError(f"two cases are called {name}")
        _known[name] = Case(name, summary, run, count, short, tuple(needs))
        return run

    return register


@cache
def cases() -> dict[str, Case]:
    """Every case by its name."""
    from . import cases as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_known.items()))


def find(program: str) -> str | None:
    """Path of a program, also of those that only root has in its path."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
