"""two-instances, publish-clock: two of us at once, and a clock that jumps while we publish."""

import time

from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.device import Device
from tools.faults_support.parts import consumer, edged, mosquitto, publish_words
from tools.faults_support.wrong_clock import YEAR_S, WrongClock

NAMED_S = 90
PROMPT_S = 5.0
"""A window that is committed while connected is with the reader by then."""
STEPS = (1, -1, 3600, -3600, YEAR_S, -YEAR_S, 10 * YEAR_S, -50 * YEAR_S)


@case(
    "two-instances",
    "a second edged publish: on the same folder, and with the same client id",
    count=5,
    short=1,
    needs=["mosquitto"],
)
def two_instances(lab: Lab) -> None:
    """On the same folder it refuses and says why; one with the same client id is named, and both deliver."""
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    reader = lab.keep(consumer(broker.port))
    named, connections = [], []
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count}")
        first, second = pair = [Device(lab, broker.port, name=f"{name}-{done}", reader=reader) for name in ("a", "b")]
        first.publish.start()
        first.wait_says("connected to the broker")
        other = edged(lab, f"same-folder-{done}", publish_words(broker.port, first.state))
        other.start()
        code = other.wait(30)
        lab.check(code == 75 and "another edged publish" in other.said(), Invariant.I5, f"{code}: {other.said()}")
        second.publish.start()
        began = time.monotonic()
        named.append(
            lab.wait_until(
                lambda pair=pair: any(each.says("another client")() for each in pair), "the twin is named", NAMED_S
            )
        )
        for each in pair:
            each.commit(3)
            each.wait_delivered(NAMED_S)
        connections.append(sum(each.publish.said().count("connected to the broker") for each in pair))
        lab.tell(f"{connections[-1]} connections in {time.monotonic() - began:.0f} s")
        for each in pair:
            each.judge()
            lab.check(each.publish.pid != 0, Invariant.I6, "one of the twins has ended")
            each.publish.kill()
    lab.figures |= {"named_after_s": round(max(named), 1), "connections_of_both": connections}


@case(
    "publish-clock",
    "so many steps of the wall clock while publish is connected",
    count=200,
    short=6,
    needs=["mosquitto"],
)
def clock(lab: Lab) -> None:
    """±1 s to decades: no connection is given up for it, no window waits for it, none is lost."""
    wrong = WrongClock(lab.folder)
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    device = Device(lab, broker.port, wrapper=wrong.wrapper)
    device.publish.start()
    device.wait_says("connected to the broker")
    taken = []
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count}")
        wrong.set(lab.chance.choice(STEPS))
        device.commit()
        taken.append(device.wait_delivered(PROMPT_S))
    device.judge()
    log = device.publish.said()
    lab.check(log.count("connected to the broker") == 1, Invariant.I5, f"a step ended the connection:\n{log}")
    lab.check(device.publish.pid != 0, Invariant.I6, "publish has ended")
    lab.figures |= {"steps": lab.count, "longest_delivery_s": round(max(taken), 2)}
