"""Ends this process when one of its stages is stuck, and says which: nothing else can mend a call that never returns.

    loop ──at(stage), turned()──→ Watchdog ──WATCHDOG=1, once a whole turn was made──→ supervisor
                                     ↑
                              witness (a thread): the same stage for too long? log its name, exit

Rules:
  - Only a whole turn of the loop feeds the supervisor's watchdog; no timer does.
  - The witness only ever ends the process. It looks often, and of the time between two looks no more than twice what it
    should be counts: a process that was itself halted (SIGSTOP, a starved machine) has not been stuck.
  - It acts at two thirds of the supervisor's limit, so that the log names the cause before the supervisor shoots.
  - A call that hangs with Python's lock in its hand (a delegate being loaded) stops the witness as well. Then the
    supervisor's SIGABRT ends the process, and faulthandler, which needs no lock, writes in which function it hung.
"""

import faulthandler
import logging
import os
import threading
import time
from enum import StrEnum
from typing import Final, Protocol

from edged.errors import ExitCode
from edged.events import Event, tell
from edged.service.notify import Notifier

USUAL_LIMIT_S: Final = 30.0
"""A silent process is ended after so long; systemd's units say the same."""
START_LIMIT_S: Final = 60.0
"""So long may a start take: libraries and models from a slow card, a long journal to be read again."""
LOOKS: Final = 10
"""The witness looks so many times before it acts, or half as many on a machine that lets it wait."""
FEED_EVERY_S: Final = 1.0


class Stage(StrEnum):
    """What a process may be stuck in, as the log names it."""

    START = "start"
    TAKE = "camera take"
    WINDOWS = "windows"
    LOOK = "look"
    PUT = "outbox put"
    REPORT = "report"
    DRAIN = "outbox drain"
    LINK = "link"
    STATUS = "status"


class Progress(Protocol):
    """What a loop tells of itself."""

    def at(self, stage: Stage) -> None:
        """A stage begins, and so the one before has ended."""

    def ready(self) -> None:
        """Start-up is finished."""

    def turned(self) -> None:
        """Every stage of the loop has had its turn."""

    def say(self, text: str) -> None:
        """Describe how it goes, in one line for `systemctl status`."""


class Unwatched:
    """For loops that a person looks after: `edged analyze`, `edged bench`."""

    def at(self, stage: Stage) -> None:
        """Take no note."""

    def ready(self) -> None:
        """Take no note."""

    def turned(self) -> None:
        """Take no note."""

    def say(self, text: str) -> None:
        """Take no note."""


UNWATCHED: Final = Unwatched()


Mark = tuple[Stage, int]
"""Where a loop is: its stage, and how many it has begun."""


class Suspicion:
    """How long a loop has stood still, as far as the looks at it can tell. Time is in monotonic seconds."""

    def __init__(self, mark: Mark, now: float) -> None:
        """The first look."""
        self._mark = mark
        self._looked = now
        self._stood_s = 0.0

    def grown(self, mark: Mark, now: float, limit_s: float) -> bool:
        """Look again; say whether it has stood still for the limit."""
        passed = min(now - self._looked, 2 * limit_s / LOOKS)
        self._stood_s = self._stood_s + passed if mark == self._mark else 0.0
        self._mark, self._looked = mark, now
        return self._stood_s >= limit_s


class Watchdog:
    """Watches the one loop of a process."""

    def __init__(self, notifier: Notifier) -> None:
        """Prepare; nothing is watched before `start`."""
        self._notifier = notifier
        self._stuck_after_s = (notifier.limit_s or USUAL_LIMIT_S) * 2 / 3
        self._start_limit_s = max(START_LIMIT_S, self._stuck_after_s)
        self._mark: Mark = (Stage.START, 0)
        self._begun = False
        self._fed = 0.0
        self._said = ""

    def start(self) -> None:
        """Begin to watch."""
        faulthandler.enable()
        threading.Thread(target=self._witness, name="witness", daemon=True).start()

    def at(self, stage: Stage) -> None:
        """A stage begins, and so the one before has ended."""
        self._mark = (stage, self._mark[1] + 1)

    def ready(self) -> None:
        """Start-up is finished."""
        self._begun = True
        self._notifier.ready()
        self.at(Stage.TAKE)

    def turned(self) -> None:
        """Every stage of the loop has had its turn: feed the supervisor's watchdog."""
        now = time.monotonic()
        if now - self._fed >= min(FEED_EVERY_S, self._stuck_after_s / 4):
            self._fed = now
            self._notifier.alive()

    def say(self, text: str) -> None:
        """Describe how it goes, in one line for `systemctl status`."""
        if text != self._said:
            self._said = text
            self._notifier.say(text)

    def _witness(self) -> None:
        suspicion = Suspicion(self._mark, time.monotonic())
        while True:
            # No less often during a start: what hangs right after it must be seen before the supervisor loses patience.
            time.sleep(self._stuck_after_s / LOOKS)
            limit = self._stuck_after_s if self._begun else self._start_limit_s
            stage, _ = mark = self._mark
            if suspicion.grown(mark, time.monotonic(), limit):
                self._end(stage, limit)

    def _end(self, stage: Stage, limit: float) -> None:
        tell(Event.STAGE_STUCK, stage=stage.value, limit_s=f"{limit:.0f}")
        self._notifier.say(f"stuck in the stage {stage}")
        for handler in logging.getLogger().handlers:
            handler.flush()
        os._exit(ExitCode.OS_ERROR)
