"""power-cut: what the real outbox wrote is replayed up to a random moment, and unsynced sectors are lost."""

import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from edged.errors import EdgedError
from tests.outbox.making import window
from tools.faults_support.case import BrokenError, Invariant, Lab, RightError, case
from tools.faults_support.parts import ROOT
from tools.faults_support.recorded import digest, open_outbox
from tools.faults_support.writelog import TRACE, Disk, Event, read

STEPS = 150
CUTS_A_LIFE = 1000
CUTS_A_LIE = 100
"""Of a life on a disk that lies: how often that does harm depends on the life."""
STARTS_WITHIN_S = 5.0


@case(
    "power-cut",
    "the power goes while the outbox writes: unsynced sectors are lost at random (a tenth with half the syncs ignored)",
    count=11_000,
    short=120,
    needs=["strace"],
)
def power_cut(lab: Lab) -> None:
    """0 corrupt, 0 committed lost; where the disk lies about syncs, at least a start within 5 s, always."""
    liars = lab.count // 11
    honest = lab.count - liars
    quarantined, longest = 0, 0.0
    for lying, cuts, a_life in ((False, honest, CUTS_A_LIFE), (True, liars, CUTS_A_LIE)):
        for done in range(0, cuts, a_life):
            events = _record(lab, f"life-{lying}-{done}")
            told = f"{done} of {cuts} cuts{' with half the syncs ignored' if lying else ''}"
            ends, taken = _cut(lab, events, min(a_life, cuts - done), lying=lying, told=told)
            quarantined, longest = quarantined + ends, max(longest, taken)
    lab.figures |= {
        "cuts": honest,
        "corrupt": 0,
        "committed_and_lost": 0,
        "cuts_with_half_the_syncs_ignored": liars,
        "quarantined_of_these": quarantined,
        "longest_start_s": round(longest, 2),
    }


def _record(lab: Lab, name: str) -> list[Event]:
    """What one life of the outbox writes."""
    folder, marks, log = lab.memory / name, lab.memory / f"{name}.marks", lab.memory / f"{name}.strace"
    folder.mkdir()
    words = [str(folder), str(marks), str(lab.chance.randrange(1 << 30)), str(STEPS)]
    done = subprocess.run(
        [*TRACE, "-o", str(log), sys.executable, "-m", "tools.faults_support.recorded", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RightError(f"strace can't record the outbox: {done.stderr.strip()[-300:]}")
    events = list(read(log, folder, marks))
    shutil.rmtree(folder)
    log.unlink()
    return events


def _cut(lab: Lab, events: list[Event], cuts: int, *, lying: bool, told: str) -> tuple[int, float]:
    """Replay one life and cut the power so often; give how many files were quarantined, and the longest start."""
    at = sorted(lab.chance.randrange(1, len(events)) for _ in range(cuts))
    marks = [(number, event.name) for number, event in enumerate(events) if event.kind == "mark"]
    chance = random.Random(lab.chance.randrange(1 << 30))
    quarantined, longest, taken = 0, 0.0, 0
    on_disk = Disk()
    for moment in at:
        for event in events[taken:moment]:
            on_disk.take(event, honest=lambda: not lying or chance.random() < 0.5)
        taken = moment
        before = [name for number, name in marks if number < moment]
        after = [name for number, name in marks if number >= moment]
        with tempfile.TemporaryDirectory(dir=lab.memory) as place:
            folder = Path(place)
            on_disk.cut(folder, chance)
            began = time.monotonic()
            try:
                found, lost = _start(folder)
            except EdgedError as error:
                raise BrokenError(Invariant.I6, f"it does not start: {error}") from error
            longest = max(longest, time.monotonic() - began)
        lab.check(longest < STARTS_WITHIN_S, Invariant.I5, f"it took {longest:.1f} s to start")
        if lying:
            quarantined += lost
        elif lost:
            raise BrokenError(Invariant.I6, "a power cut left a corrupt file")
        elif before and found not in {before[-1], *after[:1]}:
            raise BrokenError(Invariant.I1, f"what was committed before event {moment} of {len(events)} is not there")
        lab.tell(told)
    return quarantined, longest


def _start(folder: Path) -> tuple[str, bool]:
    """Open what the cut has left and go on; give the digest of what is there, and whether the file was corrupt."""
    outbox = open_outbox(folder)
    try:
        outbox.counts()  # raises what opening could not do
        file = max(folder.glob("outbox*.sqlite"))
        looker = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
        try:
            found = digest(looker)
            sound = looker.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        except sqlite3.DatabaseError:
            found, sound = "", False
        outbox.append(window)
        outbox.settle(outbox.waiting(1000))
        outbox.settle(outbox.again(outbox.replay(), 1000))
        outbox.close()
        looker.close()
        return found, outbox.quarantined is not None or not sound
    finally:
        outbox.close()
