"""backlog, overfill, broker-kill: what waits while the broker is away, and what it forgets when it dies."""

import sys
import time

from edged.outbox import Outbox
from tests.outbox.making import window
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.parts import (
    DEVICE,
    consumer,
    descriptors,
    edged,
    memory_kb,
    mosquitto,
    program,
    publish_words,
)
from tools.faults_support.producer import last_committed
from tools.faults_support.zygote import zygote

MOST_KB = 60 * 1024
MOST_GROWTH_KB = 8 * 1024
DRAINED_S = 1800
ROOM = "max_queued_messages 1000000"


@case(
    "backlog",
    "so many windows wait while the broker is away; publish is killed while it sends them",
    count=43_200,
    short=600,
    needs=["mosquitto"],
)
def backlog(lab: Lab) -> None:
    """Drained oldest first, with flat memory, and live again then."""
    state = lab.folder / "state"
    outbox = Outbox.open(state, DEVICE, reserve_bytes=1 << 20)
    lab.at_end(outbox.close)
    began = time.monotonic()
    for done in range(lab.count):
        outbox.append(window)
        if done % 500 == 0:
            lab.tell(f"{done} of {lab.count} queued")
    queued_s = time.monotonic() - began
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", ROOM))
    reader = lab.keep(consumer(broker.port))
    lab.wait_until(lambda: reader.connected, "the consumer is connected")
    publish = edged(lab, "publish", publish_words(broker.port, state))
    publish.start()
    began = time.monotonic()

    def wait_for(arrived: int) -> None:
        lab.tell(f"waiting for {arrived} of {lab.count}")
        lab.wait_until(lambda: reader.arrived >= arrived, f"{arrived} have arrived", DRAINED_S)

    for kill_at in (lab.count // 20, lab.count // 10):
        wait_for(kill_at)
        publish.kill()
        said = len(publish.said())
        publish.start()
    # The broker still hands on what it had from the one before: only a connected one has loaded all that it needs.
    lab.wait_until(lambda: "connected to the broker" in publish.said()[said:], "publish is connected again")
    wait_for(lab.count // 8)
    resident = memory_kb(publish.pid)
    wait_for(lab.count)
    drained_s = time.monotonic() - began
    lab.check(drained_s < DRAINED_S, Invariant.I5, f"it took {drained_s:.0f} s to drain")
    growth, most = memory_kb(publish.pid) - resident, memory_kb(publish.pid, "VmHWM")
    last = {(DEVICE, outbox.epoch): outbox.counts().last_sequence}
    reader.judge(last)
    lab.check(reader.order == sorted(reader.order), Invariant.I3, "messages came out of order")
    lab.check(most < MOST_KB, Invariant.I4, f"publish grew to {most} KiB")
    lab.check(growth < MOST_GROWTH_KB, Invariant.I4, f"publish grew by {growth} KiB while it drained")
    outbox.append(window)
    live_s = lab.wait_until(lambda: reader.arrived > lab.count, "a new window arrives", 10)
    lab.figures |= {
        "queued_in_s": round(queued_s, 1),
        "drained_in_s": round(drained_s, 1),
        "messages_per_s": round(lab.count / drained_s),
        "resident_mb": round(most / 1024, 1),
        "resident_growth_mb": round(growth / 1024, 1),
        "descriptors": descriptors(publish.pid),
        "duplicates": reader.repeated,
        "new_window_after_s": round(live_s, 2),
    }


@case(
    "overfill",
    "so many windows more than the outbox holds, while the broker is away",
    count=1000,
    short=100,
    needs=["mosquitto"],
)
def overfill(lab: Lab) -> None:
    """The oldest go, and their number is declared exactly."""
    state, room = lab.folder / "state", 2 * lab.count
    outbox = Outbox.open(state, DEVICE, max_messages=room)
    lab.at_end(outbox.close)
    for _ in range(room - 1 + lab.count):  # the gap message takes a row
        outbox.append(window)
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", ROOM))
    reader = lab.keep(consumer(broker.port))
    lab.wait_until(lambda: reader.connected, "the consumer is connected")
    publish = edged(lab, "publish", [*publish_words(broker.port, state), "--drain"])
    publish.start()
    lab.check(publish.wait(120) == 0, Invariant.I5, "it does not drain")
    last = {(DEVICE, outbox.epoch): outbox.counts().last_sequence}
    lab.wait_until(lambda: reader.has(last), "all, or its declaration", invariant=Invariant.I1)
    reader.judge(last)
    declared = sum(gap.dropped for gap in reader.gaps)
    missing = outbox.counts().last_sequence - reader.arrived
    told = f"{lab.count} were dropped, {missing} are missing, {declared} declared"
    lab.check(declared == missing == lab.count, Invariant.I1, told)
    lab.figures |= {"declared": declared, "missing": missing, "gap_messages": len(reader.gaps)}


@case(
    "broker-kill",
    "SIGKILL of the broker at random, with a consumer that reconnects",
    count=200,
    short=2,
    needs=["mosquitto"],
)
def broker_kill(lab: Lab) -> None:
    """What the broker had acknowledged and forgot comes again: I1 to I3 at the consumer."""
    state, committed = lab.folder / "state", lab.folder / "committed"
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", ROOM))
    reader = lab.keep(consumer(broker.port))
    lab.wait_until(lambda: reader.connected, "the consumer is connected")
    producer = program(
        lab,
        "producer",
        [sys.executable, "-m", "tools.faults_support.producer", str(state), str(committed), "--every", "0.02"],
    )
    # The default of 40 minutes is for a broker that saves every half hour. The consumer of this case is back within
    # seconds, and with so many kills the default would send everything a hundred times. The delay between attempts,
    # which grows when they keep failing, has tests of its own.
    nest = lab.keep(zygote())
    sending = publish_words(broker.port, state, outbox__replay_horizon_s=20, broker__status_interval_s=5)
    publish = nest.start("edged", sending, lab.folder / "publish.log", hasty=True)
    producer.start()
    longest = 0.0
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count} kills, {reader.arrived} messages, {reader.repeated} again")
        before = reader.arrived
        back = lab.wait_until(
            lambda before=before: reader.arrived > before, "messages arrive after the broker's return"
        )
        longest = max(longest, back)
        time.sleep(lab.chance.uniform(0, 0.5))
        broker.kill()
        reader.connected = False
        time.sleep(lab.chance.choice([0.0, 0.2]))
        broker.start()
    producer.kill()
    last = last_committed(committed)
    lab.wait_until(lambda: reader.has(last), "all that was committed has arrived", 120, Invariant.I1)
    reader.judge()
    lab.check(nest.ended(publish) is None, Invariant.I6, "publish has ended")
    lab.figures |= {
        "committed": sum(last.values()),
        "arrived": reader.arrived,
        "duplicates": reader.repeated,
        "longest_until_messages_s": round(longest, 1),
    }
