"""A process that commits window messages as fast as it is told to: the real outbox, without camera and models.

    python -m tools.faults_support.producer FOLDER COMMITTED [--every S] [--most N] [--max-messages N] ...

Each committed stamp is appended to the file COMMITTED (`epoch sequence`) after the outbox has returned, as one write,
so that it holds no line that was not committed, however the process ends.
"""

import argparse
import os
import time
from pathlib import Path

from edged.outbox import Outbox
from tests.outbox.making import window

from .parts import DEVICE, Committed


def last_committed(record: Path) -> Committed:
    """What a producer has written down: the last sequence of each store."""
    words = (line.split() for line in record.read_text().splitlines())
    return {(DEVICE, epoch): int(sequence) for epoch, sequence in words}


def main() -> None:
    """Commit until killed, or until `--most` are committed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("committed", type=Path)
    parser.add_argument("--every", type=float, default=0.0)
    parser.add_argument("--most", type=int)
    parser.add_argument("--max-messages", type=int, default=50_000)
    given = parser.parse_args()
    outbox = Outbox.open(given.folder, DEVICE, max_messages=given.max_messages)
    record = os.open(given.committed, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    done = 0
    while given.most is None or done < given.most:
        stamp = outbox.append(window)
        os.write(record, f"{stamp.epoch} {stamp.sequence}\n".encode())
        done += 1
        time.sleep(given.every)
    outbox.close()


if __name__ == "__main__":
    main()
