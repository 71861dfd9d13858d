"""clock: a device whose wall clock is wrong at boot and steps while it works."""

import math
import os
import sys
import time
from datetime import datetime
from typing import Any

from tests.brokers import Subscriber
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.cases.guard import SAMPLE
from tools.faults_support.parts import DEVICE, mosquitto, program, settings
from tools.faults_support.wrong_clock import YEAR_S, WrongClock

LENGTH_S = 5
LIVE = "camera 'camera' is live"
MOST_OFF_S = 0.6
"""A change of the clock below half a second is no step (edged/windows/schedule.py)."""
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


@case("clock", "a wall clock that starts in 1970 and steps by a second, an hour, a year", count=9, short=1)
def clock(lab: Lab) -> None:
    """No window with a false time that isn't marked, every one as long as it says, no false stall, no restart."""
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    subscriber = Subscriber(broker.port)
    lab.at_end(subscriber.close)
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
    wrong = WrongClock(lab.folder)
    command = [sys.executable, "-m", "edged", "run", "--config", os.devnull, *chosen]
    run = program(lab, "run", command, wrapper=wrong.wrapper)
    judge = _Judge(lab, subscriber, wrong)
    judge.set(-int(time.time()) + 100)
    run.start()
    lab.wait_until(lambda: LIVE in run.said(), "the camera is live", 180.0)
    judge.wait_for_whole(2, "in 1970")
    for what, offset in EVENTS[: lab.count]:
        judge.set(offset)
        judge.wait_for_whole(2, what)
        lab.tell(what)
    lab.check("starting it again" not in run.said(), Invariant.I6, f"restarted: {run.said()}")
    since_live = run.said().partition(LIVE)[2]  # a busy machine may keep the first picture waiting
    lab.check("stalled" not in since_live and "frozen" not in since_live, Invariant.I5, f"false stall: {since_live}")
    lab.figures |= {"steps": lab.count, "windows": judge.windows, "cut_and_marked": judge.cut, "false_unmarked": 0}


class _Judge:
    """Knows when each window has truly ended: they lie end to end, and the first one tells when it began.

    How late a window arrives says nothing of its times: on a busy machine that may be many seconds.
    """

    def __init__(self, lab: Lab, subscriber: Subscriber, clock: WrongClock) -> None:
        """Of the windows that this subscriber gets, made by this clock."""
        self.windows = self.cut = 0
        self._lab = lab
        self._subscriber = subscriber
        self._clock = clock
        self._sets: list[tuple[float, float, int]] = []
        """Each clock: when it was set, monotonic (not before, not after); seconds from the truth."""
        self._truth = time.time() - time.monotonic()
        self._began = self._passed_s = 0.0
        self._whole = 0

    def set(self, offset: int) -> None:
        """Set the clock."""
        before = time.monotonic()
        self._clock.set(offset)
        self._sets.append((before, time.monotonic(), offset))
        self._whole = 0

    def wait_for_whole(self, count: int, what: str) -> None:
        """Judge what arrives until so many unmarked windows began and ended in the present clock."""

        def come() -> bool:
            for each in self._subscriber.messages:
                if each.topic.endswith("/window") and each.told["sequence"] > self.windows:
                    self._look(each.told)
            return self._whole >= count

        self._lab.wait_until(come, f"whole windows {what}", 120.0)

    def _look(self, told: dict[str, Any]) -> None:
        window, now, check = told["window"], time.monotonic(), self._lab.check
        start, end = (datetime.fromisoformat(window[key]).timestamp() for key in ("start", "end"))
        set_before, set_after, offset = self._sets[-1]
        if not self.windows:
            self._began = end - window["duration_s"] - offset - self._truth
            check(set_before < self._began, Invariant.I5, f"began before the service: {window}")
        self.windows += 1
        self._passed_s += window["duration_s"]
        ended = self._began + self._passed_s
        said = f"{window} at offset {offset}"
        check(told["sequence"] == self.windows, Invariant.I3, f"{self.windows - 1} windows before {told['sequence']}")
        check(ended < now + MOST_OFF_S, Invariant.I4, f"{ended - now:.1f} s longer than the time that passed: {said}")
        check(window["duration_s"] < LENGTH_S + MOST_OFF_S, Invariant.I4, f"too long: {said}")
        if window["partial"] or window["clock"] == "stepped":
            self.cut += 1
            return
        check(end - start == LENGTH_S and end % LENGTH_S == 0, Invariant.I5, f"not on the grid, unmarked: {said}")
        check(abs(window["duration_s"] - LENGTH_S) < MOST_OFF_S, Invariant.I5, f"not as long as told: {said}")
        off = [end - (ended + self._truth + offset) for offset in self._in_force(ended)]
        check(
            any(abs(each) < MOST_OFF_S for each in off), Invariant.I5, f"a false time, unmarked: {said}, off by {off}"
        )
        marked = window["clock"] == "unsynchronised"
        check(marked or end >= WRITTEN, Invariant.I5, f"not marked as unsynchronised: {said}")
        self._whole += ended - LENGTH_S > set_after

    def _in_force(self, moment: float) -> list[int]:
        """The offset at a moment; both of them at a step."""
        until = [after for _, after, _ in self._sets[1:]] + [math.inf]
        return [
            offset
            for (since, _, offset), till in zip(self._sets, until, strict=True)
            if since - MOST_OFF_S < moment < till + MOST_OFF_S
        ]
