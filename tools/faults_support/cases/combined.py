"""combined: the broker is away, the clock is stepped, and the power goes; all at once."""

import signal
import subprocess
import sys
import time

from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.parts import (
    consumer,
    disk,
    edged,
    find,
    mosquitto,
    program,
    publish_words,
)
from tools.faults_support.producer import last_committed
from tools.faults_support.wrong_clock import YEAR_S, WrongClock

STEPS = (-50 * YEAR_S, 10 * YEAR_S, -3600, 3600, -YEAR_S, 0)


@case(
    "combined",
    "broker away + power cut of the block device + step of the wall clock, in one",
    count=20,
    short=1,
    needs=["mosquitto", "mkfs.ext4"],
)
def combined(lab: Lab) -> None:
    """What was committed before the cut arrives, whatever the clock says; the status names the missing broker."""
    clock = WrongClock(lab.folder)
    image, committed = lab.folder / "image", lab.folder / "committed"
    with image.open("wb") as file:
        file.truncate(48 << 20)
    subprocess.run([find("mkfs.ext4") or "mkfs.ext4", "-q", "-F", str(image)], check=True)
    folder = lab.folder / "disk"
    state = folder / "state"
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", "max_queued_messages 1000000"))
    reader = lab.keep(consumer(broker.port))
    lab.wait_until(lambda: reader.connected, "the consumer is connected")
    words = [sys.executable, "-m", "tools.faults_support.producer", str(state), str(committed)]
    producer = program(lab, "producer", [*words, "--every", "0.01", "--reserve-bytes", "1048576"], clock.wrapper)
    publish = edged(
        lab,
        "publish",
        publish_words(broker.port, state, outbox__replay_horizon_s=600, outbox__reserve_bytes=0),
        clock.wrapper,
    )
    causes = 0
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count} rounds, {reader.arrived} messages")
        with disk(folder, "ext4", image=image):
            producer.start()
            publish.start()
            before = reader.arrived
            lab.wait_until(lambda before=before: reader.arrived > before, "messages arrive")
            broker.kill()
            lab.wait_until(lambda: "trying again in" in _since(publish.said()), "publish says that the broker is gone")
            causes += 1
            clock.set(lab.chance.choice(STEPS))
            size = committed.stat().st_size
            lab.wait_until(lambda size=size: committed.stat().st_size > size, "windows are committed all the same")
            time.sleep(lab.chance.uniform(0, 0.5))
            # What the block device holds at this instant is what a power cut leaves: the page cache is not in it.
            for each in (producer, publish):
                each.signal(signal.SIGSTOP)
            record = committed.read_bytes()
            cut = lab.folder / "cut"
            subprocess.run(["cp", "--sparse=always", str(image), str(cut)], check=True)
            producer.kill()
            publish.kill()
        cut.replace(image)
        committed.write_bytes(record)
        clock.set(lab.chance.choice(STEPS))
        broker.start()
    with disk(folder, "ext4", image=image):
        publish.start()
        last = last_committed(committed)
        lab.wait_until(lambda: reader.has(last), "all that was committed has arrived", 120, Invariant.I1)
        corrupt = [each.name for each in state.iterdir() if "corrupt" in each.name]
        lab.check(not corrupt, Invariant.I6, f"starts found corrupt files: {corrupt}")
        reader.judge()
        publish.kill()
    lab.figures |= {
        "committed": sum(last.values()),
        "arrived": reader.arrived,
        "duplicates": reader.repeated,
        "cause_named": causes,
        "corrupt_starts": 0,
    }


def _since(said: str) -> str:
    """What a process has said since it connected the last time."""
    return said.rpartition("connected to the broker")[2]
