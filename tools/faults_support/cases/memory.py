"""memory-limit: the service gets little more memory than it needs, while its camera and its broker fail."""

import signal
import time

from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.group import Group, control_group
from tools.soak_support.service import Service

OF_STEADY = 1.3
SETTLED_AFTER = 3
"""Windows until the memory is taken for steady."""
BEGINS_WITHIN_S = 180.0
OUT_S = 10.0
BACK_WITHIN_S = 120.0
"""After a longer outage the broker is tried again after a minute only (docs/RELIABILITY.md)."""


@case(
    "memory-limit",
    "the service has 1.3 times the memory that it needs, while camera and broker are taken away",
    count=20,
    short=1,
    needs=["ffmpeg", "mosquitto"],
)
def memory_limit(lab: Lab) -> None:
    """It starts with that, and nothing is killed or lost through `count` faults."""
    group = lab.keep(control_group("memory"))
    service = Service(lab, group.wrapper)
    lab.wait_until(lambda: service.live and service.reader.arrived >= SETTLED_AFTER, "it is at work", BEGINS_WITHIN_S)
    steady = _held(group)
    service.run.signal(signal.SIGTERM)
    lab.check(service.run.wait(BACK_WITHIN_S) == 0, Invariant.I6, "it didn't end in good order")
    group.set("memory.max" if group.unified else "memory.limit_in_bytes", int(OF_STEADY * steady))
    began, arrived = len(service.run.said()), service.reader.arrived
    service.run.start()
    lab.wait_until(lambda: service.reader.arrived > arrived, "it is at work again", BEGINS_WITHIN_S)
    most = _held(group)
    faults = service.faults()
    for done in range(lab.count):
        fault = faults[done % len(faults)]
        fault.strike()
        time.sleep(OUT_S)
        fault.lift()
        arrived = service.reader.arrived
        lab.wait_until(
            lambda arrived=arrived: service.live and service.reader.arrived > arrived,
            f"after '{fault.name}' the camera is live and messages arrive",
            BACK_WITHIN_S,
        )
        most = max(most, _held(group))
        lab.tell(f"{done + 1} of {lab.count}")
    kills = group.figures("memory.events" if group.unified else "memory.oom_control")["oom_kill"]
    lab.check(kills == 0, Invariant.I4, f"{kills} processes were killed for want of memory")
    lab.check("starting it again" not in service.run.said()[began:], Invariant.I6, "a process has died")
    committed = service.committed
    lab.wait_until(lambda: service.reader.has(committed), "all that was committed has arrived", invariant=Invariant.I1)
    service.reader.judge(committed)
    lab.figures |= {
        "steady_mb": round(steady / 1e6, 1),
        "limit_mb": round(OF_STEADY * steady / 1e6, 1),
        "most_mb": round(most / 1e6, 1),
        "faults": lab.count,
        "arrived": service.reader.arrived,
    }


def _held(group: Group) -> int:
    """Bytes that the group's processes can't do without: their own, and the files that they have mapped."""
    held = group.figures("memory.stat")
    return held["anon"] + held["file_mapped"] if group.unified else held["total_rss"] + held["total_mapped_file"]
