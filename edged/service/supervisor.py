"""`edged run`: both processes under one roof, for a laptop, a container or a demo. On a device systemd does this.

    sense ──┐
            ├─ a child that dies is started again, after a delay that doubles up to 30 s
    publish ┘

Rules:
  - Each child tells of its progress as it would tell systemd (sd_notify(3)). One that falls silent is told to abort,
    which leaves a word in the log of where it hung, and is killed if it doesn't.
  - A child that ends with a fault only a person can mend (wrong configuration, damaged model) ends the whole with the
    same exit code: trying again alone helps nobody. But a file that was right when all began and is wrong now is being
    edited: the child is tried again until it is mended, as a reload with it is refused.
  - When sense ends well, all recordings have ended: publish drains the outbox, and then all is done. Publish ending
    well before that is a death like any other.
  - SIGHUP is passed on: each child reads the configuration again by itself.
  - SIGTERM and SIGINT are passed on; whatever has not ended within GRACE is killed. Children die with their parent.
"""

import enum
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edged.errors import ExitCode
from edged.service.notify import Hearing
from edged.service.signals import SUPERVISED, Stop
from edged.service.watchdog import USUAL_LIMIT_S

log = logging.getLogger(__name__)

GRACE = 4.0
"""Seconds a child has to end after SIGTERM."""
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds before a dead child is started again: the first time, and at the most."""
HEALTHY_AFTER = 60.0
"""A child that lived so long begins with the first delay again."""
PUBLISH = "publish"
START_WITHIN = 90.0
"""Seconds a child has to say that it is ready."""
ABORT_WITHIN = 2.0
"""Seconds between SIGABRT and SIGKILL."""
LOOK_EVERY = 0.1
"""Seconds between two looks at the children."""

_FOR_A_PERSON = frozenset(
    {
        ExitCode.USAGE,
        ExitCode.DATA,
        ExitCode.NO_INPUT,
        ExitCode.UNAVAILABLE,
        ExitCode.CANNOT_CREATE,
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
    limit_s: float = USUAL_LIMIT_S
    """It is ended when it was silent for so long."""
    process: subprocess.Popen[bytes] | None = None
    due: float = 0.0
    deaths: int = 0
    reload: bool = False
    """It is to read its configuration again, as soon as it listens."""
    _started: float = 0.0
    _heard: float = 0.0
    _ready: bool = False
    _kill_at: float | None = None
    _hearing: Hearing = field(default_factory=Hearing)

    def start(self, now: float) -> None:
        """Start it."""
        environment = {**os.environ, SUPERVISED: str(os.getpid()), **self._hearing.environment(self.limit_s)}
        self.process = subprocess.Popen([sys.executable, "-m", "edged", *self.arguments], env=environment)  # noqa: S603  (ourselves)
        self._started = self._heard = now
        self._ready, self._kill_at, self.reload = False, None, False
        log.info("%s started as process %d", self.name, self.process.pid)

    def listen(self, now: float) -> None:
        """Hear what it tells; end it when it has been silent for too long."""
        if self.process is None:
            return
        for name, _ in self._hearing.heard(self.process.pid):
            self._ready = self._ready or name == "READY"
            self._heard = now if name in {"READY", "RELOADING", "WATCHDOG"} else self._heard
        if self.reload and self._ready:
            self.reload = False
            self.signal(signal.SIGHUP)
        silent, limit = now - self._heard, self.limit_s if self._ready else START_WITHIN
        if self._kill_at is not None and now >= self._kill_at:
            self.signal(signal.SIGKILL)
        elif self._kill_at is None and silent > limit:
            what = "has made no progress" if self._ready else "didn't get ready"
            log.error("%s %s for %.0f s: ending it", self.name, what, silent)
            self.signal(signal.SIGABRT)
            self._kill_at = now + ABORT_WITHIN

    def died(self, now: float, code: int) -> None:
        """Note its end and when it is due again."""
        self.deaths = 1 if now - self._started >= HEALTHY_AFTER else self.deaths + 1
        self.due = now + delay_after(self.deaths)
        self.process = None
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        log.error("%s %s; starting it again in %.1f s", self.name, how, self.due - now)

    def signal(self, number: int) -> None:
        """Pass a signal on, if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def run(
    sense: Sequence[str],
    publish: Sequence[str],
    stop: Stop,
    reload: threading.Event,
    is_wrong: Callable[[], bool],
    limit_s: float = USUAL_LIMIT_S,
) -> int:
    """Run `edged SENSE…` and `edged PUBLISH…` until stopped or done; return the exit code.

    Args:
        sense: arguments of the sensing process.
        publish: arguments of the publishing one.
        stop: set when all is to end.
        reload: set when the configuration is to be read again; cleared here.
        is_wrong: says whether the configuration, which was right at first, can't be read any more.
        limit_s: a child that makes no progress for so long is ended and started again.
    """
    children = [Child(PUBLISH, [*publish], limit_s), Child("sense", [*sense], limit_s)]
    try:
        while not stop.is_set():
            if reload.is_set():
                reload.clear()
                for child in children:
                    child.reload = True
            code = _tend(children, time.monotonic(), is_wrong)
            if code is not None:
                return code
            stop.wait(LOOK_EVERY)
        return ExitCode.OK
    finally:
        _end(children)


def _tend(children: list[Child], now: float, is_wrong: Callable[[], bool]) -> int | None:
    """Look after the children once; return the exit code when all is over."""
    for child in list(children):
        if child.process is None:
            if now >= child.due:
                child.start(now)
            continue
        code = child.process.poll()
        if code is None:
            child.listen(now)
            continue
        verdict = judge(code)
        if verdict is Verdict.DONE and child.name == PUBLISH and len(children) > 1:
            verdict = Verdict.AGAIN
        if verdict is Verdict.GIVE_UP and is_wrong():
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


def _end(children: Sequence[Child]) -> None:
    alive = [child.process for child in children if child.process is not None]
    for process in alive:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE
    for process in alive:
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
