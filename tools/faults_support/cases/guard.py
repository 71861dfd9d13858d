"""blocked-stage, crash-loop: loops that hang, and processes that die again and again."""

import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

from edged.errors import ExitCode
from edged.outbox.files import exclusive
from edged.service.notify import Hearing
from edged.service.supervisor import LONGEST_DELAY, START_WITHIN, Child, Verdict, judge
from tools.faults_support.case import BrokenError, Invariant, Lab, case
from tools.faults_support.parts import DEVICE, ROOT, Process, mosquitto, program, publish_words, settings

SAMPLE = ROOT / "tools" / "sample" / "sample.mp4"
LIMIT_S = 9.0
"""So long may a process be silent; systemd's units and `edged run` say 30."""
WITHIN_S = 180.0
AT_ONCE = 4
"""So many processes hang side by side."""
STAGES = (
    ("sense", "camera take", "edged.camera.desk:Desk.take"),
    ("sense", "windows", "edged.service.post:Post.advance"),
    ("sense", "outbox put", "edged.service.handover:Handover.put"),
    ("sense", "look", "edged.service.eyes:Eyes.look"),
    ("sense", "report", "edged.service.handover:Handover.report"),
    ("publish", "outbox drain", "edged.publish.drain:Drain.tend"),
    ("publish", "link", "edged.publish.link:Link.poll"),
    ("publish", "status", "edged.publish.setbacks:Setbacks.tend"),
)
"""Process, stage as the log names it, and the call that hangs."""
WORKS = {"sense": "camera 'camera' is live", "publish": "the broker"}
"""What a process says once it is at work."""


def sense_words(folder: Path, **keys: object) -> list[str]:
    """The command line of `edged sense` for the sample, over and over."""
    chosen = {
        "device__id": DEVICE,
        "camera__source": SAMPLE,
        "camera__loop": "true",
        "outbox__folder": folder,
        "vision__max_fps": 2,
        **keys,
    }
    return ["sense", "--config", os.devnull, *settings(**chosen)]


@case("blocked-stage", "each stage of both loops hangs alone", count=80, short=8, needs=["mosquitto"])
def blocked_stage(lab: Lab) -> None:
    """The process ends with OS_ERROR before the watchdog's time is over; log and supervisor know the stage."""
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    with ThreadPoolExecutor(AT_ONCE) as pool:  # most of it is waiting
        for done, _ in enumerate(pool.map(partial(_hang, lab, broker.port), range(lab.count)), start=1):
            lab.tell(f"{done} of {lab.count} hangs")
    lab.figures |= {"hangs": lab.count, "named": lab.count, "stages": len(STAGES)}


def _hang(lab: Lab, port: int, number: int) -> None:
    process, stage, target = STAGES[number % len(STAGES)]
    state = lab.memory / f"state-{number}"
    words = sense_words(state) if process == "sense" else publish_words(port, state)
    with closing(Hearing()) as hearing:
        spoken = [f"{name}={value}" for name, value in hearing.environment(LIMIT_S).items()]
        command = [sys.executable, "-m", "tests.service.stuck", target, *words]
        stuck = program(lab, f"{process}-{number}", command, wrapper=["env", *spoken])
        stuck.start()
        pid = stuck.pid
        told: list[tuple[str, str]] = []

        def ended() -> bool:
            over = stuck.pid == 0
            told.extend(hearing.heard(pid))  # all along: a queue holds ten messages (net.unix.max_dgram_qlen)
            return over

        lab.wait_until(ended, f"{stage}: ended", WITHIN_S, Invariant.I6)
    code = stuck.wait(WITHIN_S)
    lab.check(code == ExitCode.OS_ERROR, Invariant.I6, f"{stage}: ended with {code}: {stuck.said()}")
    named = f"the stage '{stage}' has made no progress for {LIMIT_S * 2 / 3:.0f} s"
    lab.check(named in stuck.said(), Invariant.I5, f"{stage}: not named: {stuck.said()}")
    lab.check(("READY", "1") in told, Invariant.I5, f"{stage}: never ready: {told}")
    lab.check(told[-1] == ("STATUS", f"stuck in the stage {stage}"), Invariant.I5, f"{stage}: told {told}")


@case("crash-loop", "a process that dies as soon as it is started", count=100, short=2)
def crash_loop(lab: Lab) -> None:
    """Tried again for ever, with a delay that stays bounded; nobody waits here, the supervisor is told the time."""
    state, now, longest = lab.folder / "state", 0.0, 0.0
    # Another process of its role: it dies at once, and it is nobody's fault that a person could mend.
    lab.keep(exclusive(state, "sense"))
    child = Child("sense", sense_words(state))
    for done in range(lab.count):
        child.start(now)
        started = child.process
        lab.check(started is not None, Invariant.I6, f"given up after {done} deaths")
        if started is None:
            return
        lab.at_end(started.kill)
        code = started.wait(START_WITHIN)  # the supervisor would end it then
        lab.check(judge(code) is Verdict.AGAIN, Invariant.I6, f"ended with {code}, and that is not tried again")
        child.died(now, code)
        longest = max(longest, child.due - now)
        now = child.due
        lab.tell(f"{done + 1} of {lab.count} deaths")
    lab.check(longest <= LONGEST_DELAY, Invariant.I5, f"a delay of {longest} s")
    lab.figures |= {"deaths": lab.count, "longest_delay_s": longest}


@case("halted-child", "SIGSTOP of sense and publish under `edged run`", count=20, short=1)
def halted_child(lab: Lab) -> None:
    """The supervisor ends a child that has fallen silent, says so, and starts another."""
    run = program(
        lab,
        "run",
        [sys.executable, "-m", "edged", "run", *sense_words(lab.memory / "state")[1:]],
        wrapper=["env", f"WATCHDOG_USEC={LIMIT_S * 1e6:.0f}"],
    )
    run.start()
    longest = 0.0
    for done in range(lab.count):
        name = ("publish", "sense")[done % 2]
        lab.wait_until(lambda name=name: WORKS[name] in _latest(run, name), f"{name} works", START_WITHIN)  # type: ignore[misc]
        lives = run.said().count(f"{name} started as process")
        os.kill(_child(run.pid, name), signal.SIGSTOP)
        took = lab.wait_until(
            lambda name=name, lives=lives: run.said().count(f"{name} started as process") > lives,  # type: ignore[misc]
            f"another {name}",
        )
        longest = max(longest, took)
        lab.tell(f"{done + 1} of {lab.count} halts")
    told = len(re.findall(r"has made no progress for \d+ s: ending it", run.said()))
    lab.check(told == lab.count, Invariant.I5, f"{lab.count} halts, {told} of them in the log")
    lab.figures |= {"halts": lab.count, "longest_s": round(longest, 1), "limit_s": LIMIT_S}


def _latest(run: Process, name: str) -> str:
    """What was said since the child of this name was started last."""
    return run.said().rpartition(f"{name} started as process")[2]


def _child(parent: int, name: str) -> int:
    """Process id of the supervisor's child of this name."""
    for task in Path(f"/proc/{parent}/task").iterdir():
        for pid in (task / "children").read_text().split():
            if name in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                return int(pid)
    raise BrokenError(Invariant.I6, f"{name} has ended by itself")
