"""disk-full, read-only, fsync-error: the disk takes nothing, for a while."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edged.outbox.schema import free_bytes as free_in
from tools.faults_support.case import DEADLINE_S, Invariant, Lab, RightError, case
from tools.faults_support.parts import (
    Consumer,
    Process,
    consumer,
    disk,
    edged,
    fill,
    find,
    free_bytes,
    mosquitto,
    mount,
    program,
    publish_words,
)
from tools.faults_support.producer import last_committed

RESERVE = 2 << 20
QUICK_S = 10.0
"""Sensing and sending go on within this time, whatever the disk does."""
LARGE = 20_000
"""Bytes of messages that use up the reserve in a second."""


class Pair:
    """A producer and the publishing process on one state folder, and a consumer."""

    def __init__(self, lab: Lab, state: Path, *, every_s: float = 0.005) -> None:
        self.lab = lab
        self._every_s = every_s
        self.state = state
        self.committed = lab.folder / "committed"
        self.broker = lab.keep(mosquitto(lab.folder / "mosquitto", "max_queued_messages 1000000"))
        self.reader: Consumer = lab.keep(consumer(self.broker.port))
        lab.wait_until(lambda: self.reader.connected, "the consumer is connected")
        self.publish = edged(
            lab,
            "publish",
            publish_words(
                self.broker.port,
                state,
                outbox__replay_horizon_s=5,
                outbox__reserve_bytes=RESERVE,
                broker__status_interval_s=5,
            ),
        )
        self.producer = self._producer(0)
        self.large = self._producer(LARGE)

    def _producer(self, length: int) -> Process:
        return program(
            self.lab,
            f"producer-{length}",
            [
                *(sys.executable, "-m", "tools.faults_support.producer", str(self.state), str(self.committed)),
                *("--every", str(self._every_s), "--reserve-bytes", str(RESERVE), "--length", str(length)),
            ],
        )

    def flows(self, when: str, deadline_s: float = 3 * QUICK_S) -> None:
        """New messages arrive."""
        before = self.reader.arrived
        self.lab.wait_until(lambda: self.reader.arrived > before + 3, f"messages arrive {when}", deadline_s)

    def says(self, store: str) -> None:
        """The status says how the store is."""

        def said() -> bool:
            statuses = self.reader.statuses
            return bool(statuses) and statuses[-1]["outbox"] is not None and statuses[-1]["outbox"]["store"] == store

        self.lab.wait_until(said, f"the status says store: {store}", 90)

    def has_reserve(self) -> bool:
        """The file has room of its own: what is acknowledged was pruned, or the file has grown."""
        with closing(sqlite3.connect(f"{(self.state / 'outbox.sqlite').as_uri()}?mode=ro", uri=True)) as db:
            return free_in(db) >= RESERVE // 2

    def stop_producing(self) -> None:
        """Let no producer go on; what it held in memory was never committed."""
        for each in (self.producer, self.large):
            if each.pid:
                each.kill()

    def settle_accounts(self) -> None:
        """I1 to I3 for all that was committed; nobody had to do anything."""
        self.stop_producing()
        last = last_committed(self.committed)
        self.lab.wait_until(lambda: self.reader.has(last), "all that was committed has arrived", 120, Invariant.I1)
        self.reader.judge()
        corrupt = [file.name for file in self.state.iterdir() if "corrupt" in file.name]
        self.lab.check(not corrupt, Invariant.I6, f"corrupt files were found: {corrupt}")
        self.lab.check(self.publish.pid != 0, Invariant.I6, "publish has ended")
        self.lab.figures |= {
            "committed": sum(last.values()),
            "arrived": self.reader.arrived,
            "duplicates": self.reader.repeated,
        }


@case(
    "disk-full",
    "the disk is filled to the last byte at random moments; processes are killed and started on it",
    count=50,
    short=2,
    needs=["mosquitto"],
)
def disk_full(lab: Lab) -> None:
    """File and journal were grown in advance: it works on; beyond that, memory stands in and the status says so."""
    small = lab.keep(disk(lab.folder / "small", "tmpfs", "size=96m"))
    pair = Pair(lab, small / "state")
    # The first moment: a device that starts for the first time on a full disk.
    ballast = fill(small)
    pair.publish.start()
    pair.producer.start()
    time.sleep(lab.chance.uniform(1, 2))
    lab.check(pair.producer.pid * pair.publish.pid != 0, Invariant.I6, "a process has ended on the full disk")
    ballast.unlink()
    pair.flows("when a first start's disk has room again")
    restarts = degraded = 0
    for done in range(1, lab.count):
        lab.tell(f"{done} of {lab.count} moments, {pair.reader.arrived} messages")
        time.sleep(lab.chance.uniform(0, 1))
        lab.wait_until(pair.has_reserve, "what was used up is there in advance again", 150)
        fill(small)
        lab.check(free_bytes(small) == 0, Invariant.I5, "the disk isn't full")
        if lab.chance.random() < 0.5:
            victim = lab.chance.choice([pair.publish, pair.producer])
            victim.kill()
            victim.start()
            restarts += 1
        pair.flows("on the full disk")
        if done % 10 == 1:
            pair.stop_producing()
            pair.large.start()
            pair.says("degraded")
            pair.reader.judge()
            ballast.unlink()
            degraded += 1
            pair.flows("when the disk has room again")
            pair.says("ok")
            pair.stop_producing()
            pair.producer.start()
        else:
            ballast.unlink()
    pair.settle_accounts()
    lab.figures |= {
        "restarts_on_full_disk": restarts,
        "reserve_used_up": degraded,
        "given_up_in_memory_and_declared": sum(gap.dropped for gap in pair.reader.gaps),
    }


@case(
    "read-only",
    "ext4 turns read-only under the running service; then it is started on a read-only mount",
    count=10,
    short=1,
    needs=["mosquitto", "mkfs.ext4"],
)
def read_only(lab: Lab) -> None:
    """What is committed is sent, memory holds the rest, the status says so, and writing resumes by itself."""
    image = lab.folder / "image"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run([find("mkfs.ext4") or "mkfs.ext4", "-q", "-F", str(image)], check=True)
    folder = lab.folder / "disk"
    # Slowly: of more than window.TAKEN_AT_MOST messages publish can't remember that they were acknowledged.
    pair = Pair(lab, folder / "state", every_s=0.02)
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count} rounds, {pair.reader.arrived} messages")
        with disk(folder, "ext4", image=image):
            for each in (pair.producer, pair.publish):
                if not each.pid:
                    each.start()
            pair.flows("before the fault", DEADLINE_S * 2)  # both processes are only just starting
            pair.publish.kill()
            time.sleep(lab.chance.uniform(0.2, 1))
            pair.publish.start()
            time.sleep(lab.chance.uniform(0, 0.5))
            mount(["-o", "remount,abort", str(folder)])  # what a failing card does: no more writes, at once
            pair.says("degraded")
            lab.check(pair.producer.pid * pair.publish.pid != 0, Invariant.I6, "a process has ended")
            last = last_committed(pair.committed)
            lab.wait_until(lambda last=last: pair.reader.has(last), "what is committed is sent all the same")
            pair.stop_producing()
            pair.publish.kill()
        subprocess.run([find("e2fsck") or "e2fsck", "-fy", str(image)], check=False, capture_output=True)
        _exchange(image)
        with disk(folder, "ext4", image=image):
            mount(["-o", "remount,ro", str(folder)])
            pair.producer.start()
            pair.publish.start()
            pair.says("degraded")
            lab.check(pair.producer.pid * pair.publish.pid != 0, Invariant.I6, "a process has ended")
            mount(["-o", "remount,rw", str(folder)])
            pair.flows("when the disk can be written again")
            pair.says("ok")
            pair.stop_producing()
            pair.publish.kill()
        _exchange(image)
    with disk(folder, "ext4", image=image):
        pair.publish.start()
        pair.settle_accounts()
        pair.publish.kill()


def _exchange(image: Path) -> None:
    """Put a copy in its place: the kernel may still know the old one as aborted."""
    copy = image.with_name("copy")
    subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
    copy.replace(image)


@case(
    "fsync-error",
    "fsync fails with EIO for a while, and producer or publish may be killed then",
    count=50,
    short=2,
    needs=["mosquitto", "strace"],
)
def fsync_error(lab: Lab) -> None:
    """What was not committed is tried again, what was is never lost, and the status says so."""
    pair = Pair(lab, lab.folder / "state")
    pair.publish.start()
    pair.producer.start()
    killed = 0
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count} failures, {pair.reader.arrived} messages")
        pair.flows("between failures")
        victim = pair.producer if done % 2 == 0 else pair.publish
        # Both, as a disk does it: one alone may not be able to tell the other, whose own writes then tell nothing.
        with failing_fsync(lab, pair.producer.pid, pair.publish.pid):
            pair.says("degraded")
            if lab.chance.random() < 0.3:
                victim.kill()
                killed += 1
        if not victim.pid:
            victim.start()
        pair.says("ok")
    pair.settle_accounts()
    lab.figures["killed_meanwhile"] = killed


@contextmanager
def failing_fsync(lab: Lab, *pids: int) -> Iterator[None]:
    """Let every fsync of some processes fail with EIO."""
    trace = subprocess.Popen(
        [
            *("strace", "-f", "-qq", "-o", "/dev/null", "-p", ",".join(map(str, pids))),
            *("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"),
        ],
        stderr=subprocess.PIPE,
    )

    def attached() -> bool:
        if trace.poll() is not None:
            assert trace.stderr is not None
            raise RightError(f"strace can't attach: {trace.stderr.read().decode(errors='replace').strip()}")
        return all(f"TracerPid:\t{trace.pid}" in Path(f"/proc/{pid}/status").read_text() for pid in pids)

    lab.wait_until(attached, "strace is attached", 10)
    try:
        yield
    finally:
        trace.send_signal(signal.SIGINT)
        trace.wait()
