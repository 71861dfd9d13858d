"""clock: a device whose wall clock is wrong at boot and steps while it works."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.brokers import Subscriber
from tools.faults_support.case import Invariant, Lab, MissingError, case, find
from tools.faults_support.cases.guard import SAMPLE
from tools.faults_support.parts import DEVICE, mosquitto, program, settings

LENGTH_S = 5
SLACK_S = 3.0
"""Between a window's end and its arrival here."""
YEAR_S = 365 * 86400
WRITTEN = 1_790_000_000
"""As edged/service/clock.py has it: an earlier wall clock is not set."""
EVENTS = (
    ("1970 becomes today", 0),
    ("one second forward", 1),
    ("one second back", 0),
    ("an hour forward", 3600),
    ("an hour back", 0),
    ("a year forward", YEAR_S),
    ("a year back", 0),
    ("ten years forward", 10 * YEAR_S),
    ("ten years back", 0),
)
"""What happens, and how far from the truth the clock is then. Before the first it stands in January 1970."""
_SYNCHRONISED = """
#include <string.h>
#include <sys/timex.h>
/* The kernel that holds its clock for set: otherwise every window would be marked, whatever edged did. */
int adjtimex(struct timex *timex) { memset(timex, 0, sizeof *timex); return TIME_OK; }
"""


@case(
    "clock",
    "a wall clock that starts in 1970 and steps by a second, an hour, a year",
    count=9,
    short=1,
    needs=["faketime"],
)
def clock(lab: Lab) -> None:
    """No window with a false time that isn't marked, every one as long as it says, no false stall, no restart."""
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    subscriber = Subscriber(broker.port)
    lab.at_end(subscriber.close)
    wrong = lab.folder / "wrong"
    chosen = settings(
        device__id=DEVICE,
        camera__source=SAMPLE,
        camera__loop="true",
        vision__max_fps=2,
        windows__length_s=LENGTH_S,
        outbox__folder=lab.folder / "state",
        broker__port=broker.port,
        broker__status_interval_s=5,
    )
    run = program(
        lab,
        "run",
        [sys.executable, "-m", "edged", "run", "--config", os.devnull, *chosen],
        wrapper=[
            "env",
            f"LD_PRELOAD={_libfaketime()} {_synchronised(lab.folder)}",
            *("DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1"),
            f"FAKETIME_TIMESTAMP_FILE={wrong}",
        ],
    )
    judge = _Judge(lab, subscriber)
    judge.set(wrong, -int(time.time()) + 100)
    run.start()
    judge.wait_for_whole(2, "in 1970")
    for what, offset in EVENTS[: lab.count]:
        judge.set(wrong, offset)
        judge.wait_for_whole(2, what)
        lab.tell(what)
    for mark in ("starting it again", "stalled", "frozen"):
        lab.check(mark not in run.said(), Invariant.I6, f"{mark}: {run.said()}")
    judge.close()
    lab.figures |= {"steps": lab.count, "windows": len(judge.seen), "cut_and_marked": judge.cut, "false_unmarked": 0}


@dataclass
class _Judge:
    """Looks at every window as it arrives, knowing which clock was in force."""

    lab: Lab
    subscriber: Subscriber
    offsets: list[tuple[float, int]] = field(default_factory=list)
    """(when set, monotonic; seconds from the truth)."""
    seen: set[int] = field(default_factory=set)
    cut: int = 0
    _whole: int = 0
    _since_step: int = 0
    _told_s: float = 0.0
    _first: float | None = None

    def set(self, file: Path, offset: int) -> None:
        """Set the clock."""
        file.write_text(f"{offset:+d}\n")
        self.offsets.append((time.monotonic(), offset))
        self._whole = self._since_step = 0

    def wait_for_whole(self, count: int, what: str) -> None:
        """Judge what arrives until so many whole windows were made in the present clock."""

        def come() -> bool:
            for each in self.subscriber.messages:
                if each.topic.endswith("/window") and each.told["sequence"] not in self.seen:
                    self._look(each.told)
            return self._whole >= count

        self.lab.wait_until(come, f"whole windows {what}", 120.0)

    def close(self) -> None:
        """Windows lie end to end: together they are as long as the time that has really passed."""
        passed = time.monotonic() - (self._first or 0.0)
        off = abs(passed - self._told_s)
        self.lab.check(off < LENGTH_S + SLACK_S, Invariant.I4, f"windows of {self._told_s:.1f} s in {passed:.1f} s")

    def _look(self, told: dict[str, Any]) -> None:
        window, now = told["window"], time.monotonic()
        self.seen.add(told["sequence"])
        if self._first is None:
            self._first = now - window["duration_s"]
        self._told_s += window["duration_s"]
        start, end = (datetime.fromisoformat(window[key]).timestamp() for key in ("start", "end"))
        told_s, said = end - start, f"{window} at offset {self.offsets[-1][1]}"
        self.lab.check(window["duration_s"] < LENGTH_S + 0.6, Invariant.I4, f"too long: {said}")
        if window["partial"]:
            self.cut += 1
            return
        self.lab.check(told_s == LENGTH_S and end % LENGTH_S == 0, Invariant.I5, f"not on the grid, unmarked: {said}")
        self.lab.check(abs(window["duration_s"] - LENGTH_S) < 0.6, Invariant.I5, f"not as long as told: {said}")
        # A window that ended just before the step is told in the clock of then.
        clocks = [offset for at, offset in self.offsets if at == self.offsets[-1][0] or at > now - LENGTH_S - SLACK_S]
        clocks += [self.offsets[-2][1]] if len(self.offsets) > 1 and now - self.offsets[-1][0] < SLACK_S else []
        late = [time.time() + offset - end for offset in clocks]
        fits = any(-0.6 < seconds < SLACK_S for seconds in late)
        self.lab.check(fits, Invariant.I5, f"a false time, unmarked: {said}, late by {late}")
        marked = window["clock"] == "unsynchronised"
        self.lab.check(marked or end >= WRITTEN, Invariant.I5, f"not marked as unsynchronised: {said}")
        if -0.6 < time.time() + self.offsets[-1][1] - end < SLACK_S:
            self._whole += 1


def _libfaketime() -> str:
    for folder in ("/usr/lib", "/usr/local/lib"):
        for found in Path(folder).glob("**/faketime/libfaketime.so.1"):
            return str(found)
    raise MissingError("libfaketime isn't installed: apt install libfaketime")


def _synchronised(folder: Path) -> Path:
    compiler = find("cc")
    if compiler is None:
        raise MissingError("cc isn't installed: apt install gcc libc6-dev")
    source, library = folder / "synchronised.c", folder / "synchronised.so"
    source.write_text(_SYNCHRONISED)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return library
