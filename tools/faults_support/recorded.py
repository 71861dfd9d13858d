"""The life of an outbox, short and full of events, for strace to record; and what its content is at any moment.

    python -m tools.faults_support.recorded FOLDER MARKS SEED STEPS

After each call that has returned, a line is written to MARKS: the digest of the content that must survive from then on.
"""

import hashlib
import os
import random
import sqlite3
import sys
from functools import partial
from pathlib import Path

from edged.outbox import Outbox, Row
from tests.outbox.making import report, window

from .parts import DEVICE

RESERVE = 64 * 1024


def open_outbox(folder: Path) -> Outbox:
    """The outbox of this life: small, so that it overflows."""
    return Outbox.open(folder, DEVICE, max_messages=30, reserve_bytes=RESERVE, replay_horizon_s=3600)


def digest(db: sqlite3.Connection) -> str:
    """Every row and counter that a power cut must not touch (a report may go: it is worth nothing then)."""
    content = hashlib.blake2b(digest_size=12)
    for row in db.execute(
        "SELECT sequence, topic, body, offered, acknowledged, acknowledged_at IS NULL, settled_at"
        " FROM message ORDER BY sequence"
    ):
        content.update(repr(row).encode())
    content.update(repr(db.execute("SELECT device, epoch, last_sequence, dropped FROM store").fetchall()).encode())
    return content.hexdigest()


def main() -> None:
    """Live."""
    folder, marks, seed, steps = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    chance = random.Random(seed)
    outbox = open_outbox(folder)
    # Open to the end: closing a second descriptor of the file would drop the locks of the first (fcntl(2)).
    looker = sqlite3.connect(f"{(folder / 'outbox.sqlite').as_uri()}?mode=ro", uri=True)
    record = os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def mark() -> None:
        os.write(record, f"{digest(looker)}\n".encode())

    def due(limit: int) -> list[Row]:
        rows = outbox.waiting(limit)
        mark()  # gap messages are marked as handed out now
        return rows

    mark()
    for _ in range(steps):
        match chance.choice(["append"] * 4 + ["settle", "settle", "replay", "aside", "report", "forgo"]):
            case "append":
                outbox.append(partial(window, runtime="x" * chance.choice([20, 300, 5000])))
            case "settle":
                rows, heard = due(chance.randrange(1, 20)), chance.random() < 0.7
                outbox.settle(rows if heard else [], [] if heard else rows)
            case "replay":
                outbox.settle(outbox.again(outbox.replay(), chance.randrange(1, 20)))
            case "aside":
                outbox.set_aside(due(1))
            case "report":
                outbox.report(report())
            case "forgo":
                outbox.forgo(chance.randrange(1, 5))
        mark()
    os._exit(0)


if __name__ == "__main__":
    main()
