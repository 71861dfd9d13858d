"""A process that commits window messages as fast as it is told to: the real outbox, without camera and models.

    python -m tools.faults_support.producer FOLDER COMMITTED [--every S] [--most N] [--burst N] [--max-messages N]

Each committed stamp is appended to the file COMMITTED (`epoch sequence`) after the outbox has returned, as one write,
so that it holds no line that was not committed, however the process ends. Messages go through the sensing process's
handover: what the disk doesn't take waits in memory, as it would there.
"""

import argparse
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from edged.messages.common import Stamp
from edged.messages.status import SenseReport
from edged.outbox import Compose, Outbox
from edged.service.handover import DEADLINE_S, Handover
from tests.outbox.making import report, window

from .parts import DEVICE, Committed

REPORT_EVERY_S = 1.0


def last_committed(record: Path) -> Committed:
    """What a producer has written down: the last sequence of each store."""
    words = (line.split() for line in record.read_text().splitlines())
    return {(DEVICE, epoch): int(sequence) for epoch, sequence in words}


class _Recording:
    """The outbox, and a record of what it has committed."""

    def __init__(self, outbox: Outbox, record: int) -> None:
        self._outbox = outbox
        self._record = record

    def append(self, compose: Compose) -> Stamp:
        stamp = self._outbox.append(compose)
        os.write(self._record, f"{stamp.epoch} {stamp.sequence}\n".encode())
        return stamp

    def forgo(self, count: int) -> None:
        self._outbox.forgo(count)

    def report(self, report: SenseReport) -> None:
        self._outbox.report(report)


def main(arguments: Sequence[str] | None = None) -> None:
    """Commit until killed, or until `--most` are committed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("committed", type=Path)
    parser.add_argument("--every", type=float, default=0.0, help="seconds between two messages")
    parser.add_argument("--most", type=int, help="end after so many")
    parser.add_argument("--max-messages", type=int, default=50_000)
    parser.add_argument("--reserve-bytes", type=int, default=0)
    parser.add_argument("--length", type=int, default=20, help="bytes that a message may have more than the least")
    given = parser.parse_args(arguments)
    outbox = Outbox.open(
        given.folder,
        DEVICE,
        max_messages=given.max_messages,
        reserve_bytes=given.reserve_bytes,
        deadline_s=DEADLINE_S,
    )
    record = os.open(given.committed, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    handover = Handover(_Recording(outbox, record))
    compose = partial(window, runtime="x" * given.length)
    done, reported = 0, 0.0
    while given.most is None or done < given.most:
        handover.put([compose])
        done += 1
        if time.monotonic() - reported > REPORT_EVERY_S:
            reported = time.monotonic()
            handover.report(
                report(at=time.time() // 1, last_error=handover.fault).model_copy(
                    update={"store": "ok" if handover.fault is None else "degraded"}
                )
            )
        time.sleep(given.every)
    handover.finish([])
    outbox.close()


if __name__ == "__main__":
    main()
