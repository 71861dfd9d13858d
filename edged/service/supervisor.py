"""`edged run`: both processes under one roof, for a laptop, a container or a demo. On a device systemd does this.

    sense ──┐
            ├─ a child that dies is started again, after a delay that doubles up to 30 s
    publish ┘

Rules:
  - A child that ends with a fault only a person can mend (wrong configuration, damaged model) ends the whole with the
    same exit code: trying again alone helps nobody.
  - When sense ends well, all recordings have ended: publish drains the outbox, and then all is done. Publish ending
    well before that is a death like any other.
  - SIGTERM and SIGINT are passed on; whatever has not ended within GRACE is killed. Children die with their parent.
"""

import enum
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edged.errors import ExitCode
from edged.service.signals import SUPERVISED, Stop

log = logging.getLogger(__name__)

GRACE = 4.0
"""Seconds a child has to end after SIGTERM."""
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds before a dead child is started again: the first time, and at the most."""
HEALTHY_AFTER = 60.0
"""A child that lived so long begins with the first delay again."""
PUBLISH = "publish"
LOOK_EVERY = 0.1
"""Seconds between two looks at the children."""

_FOR_A_PERSON = frozenset(
    {
        ExitCode.USAGE,
        ExitCode.DATA,
        ExitCode.NO_INPUT,
        ExitCode.UNAVAILABLE,
        ExitCode.CANNOT_CREATE,
        ExitCode.NO_PERMISSION,
        ExitCode.CONFIG,
    }
)


class Verdict(enum.Enum):
    """What a child's end asks for."""

    DONE = enum.auto()
    AGAIN = enum.auto()
    GIVE_UP = enum.auto()


def judge(code: int) -> Verdict:
    """Decide by a child's exit code (negative: killed by that signal)."""
    if code == ExitCode.OK:
        return Verdict.DONE
    return Verdict.GIVE_UP if code in _FOR_A_PERSON else Verdict.AGAIN


def delay_after(deaths: int) -> float:
    """Seconds to wait after so many deaths in a row (1 or more)."""
    return float(min(FIRST_DELAY * 2 ** min(deaths - 1, 16), LONGEST_DELAY))


@dataclass(slots=True)
class Child:
    """One supervised process."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = field(default=0.0)
    deaths: int = 0

    def start(self, now: float) -> None:
        """Start it."""
        environment = {**os.environ, SUPERVISED: str(os.getpid())}
        self.process = subprocess.Popen([sys.executable, "-m", "edged", *self.arguments], env=environment)  # noqa: S603  (ourselves)
        self.started = now
        log.info("%s started as process %d", self.name, self.process.pid)

    def died(self, now: float, code: int) -> None:
        """Note its end and when it is due again."""
        self.deaths = 1 if now - self.started >= HEALTHY_AFTER else self.deaths + 1
        self.due = now + delay_after(self.deaths)
        self.process = None
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        log.error("%s %s; starting it again in %.1f s", self.name, how, self.due - now)

    def signal(self, number: int) -> None:
        """Pass a signal on, if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def run(sense: Sequence[str], publish: Sequence[str], stop: Stop, clock: Callable[[], float] = time.monotonic) -> int:
    """Run `edged SENSE…` and `edged PUBLISH…` until stopped or done; return the exit code."""
    children = [Child(PUBLISH, [*publish]), Child("sense", [*sense])]
    try:
        while not stop.is_set():
            code = _tend(children, clock())
            if code is not None:
                return code
            stop.wait(LOOK_EVERY)
        return ExitCode.OK
    finally:
        _end(children, clock)


def _tend(children: list[Child], now: float) -> int | None:
    """Look after the children once; return the exit code when all is over."""
    for child in list(children):
        if child.process is None:
            if now >= child.due:
                child.start(now)
            continue
        code = child.process.poll()
        if code is None:
            continue
        verdict = judge(code)
        if verdict is Verdict.DONE and child.name == PUBLISH and len(children) > 1:
            verdict = Verdict.AGAIN
        match verdict:
            case Verdict.DONE:
                children.remove(child)
                for other in children:
                    # Publish: send what is there, then end. The option is for one that doesn't listen for the signal
                    # yet: it is killed by it, and started again.
                    other.arguments = [*other.arguments, "--drain"]
                    other.signal(signal.SIGUSR1)
            case Verdict.GIVE_UP:
                log.error("%s ended with exit code %d (%s); a person must act", child.name, code, ExitCode(code).name)
                return code
            case Verdict.AGAIN:
                child.died(now, code)
    return None if children else ExitCode.OK


def _end(children: Sequence[Child], clock: Callable[[], float]) -> None:
    alive = [child.process for child in children if child.process is not None]
    for process in alive:
        if process.poll() is None:
            process.terminate()
    deadline = clock() + GRACE
    for process in alive:
        try:
            process.wait(max(deadline - clock(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
