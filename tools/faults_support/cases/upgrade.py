"""upgrade: files of older versions are opened by this one, which is killed meanwhile; and the way back."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from edged.errors import ExitCode
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.parts import DEVICE, ROOT, consumer, edged, mosquitto, publish_words
from tools.faults_support.producer import last_committed
from tools.faults_support.zygote import zygote

OLD = ROOT / "tests" / "outbox" / "files"
NEWER = 99


@case(
    "upgrade",
    "an outbox of an older version is brought up to date and killed meanwhile; a newer one is left alone",
    count=100,
    short=4,
    needs=["mosquitto"],
)
def upgrade(lab: Lab) -> None:
    """The epoch stays, the sequence goes on, all that waited arrives; a file from the future is not touched."""
    nest = lab.keep(zygote())
    versions = sorted(OLD.glob("version-*.sqlite"))
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count} upgrades")
        folder = lab.folder / f"round-{done}"
        state, committed, log = folder / "state", folder / "committed", folder / "log"
        state.mkdir(parents=True)
        shutil.copy(lab.chance.choice(versions), state / "outbox.sqlite")
        with closing(sqlite3.connect(state / "outbox.sqlite")) as old:
            epoch, last = old.execute("SELECT epoch, last_sequence FROM store").fetchone()
        words = [str(state), str(committed), "--most", "3"]
        point = lab.chance.choice(["before commit", "after commit"])
        dying = nest.start("producer", words, log, (point, lab.chance.randrange(1, 4)))
        lab.wait_until(lambda dying=dying: nest.ended(dying) is not None, f"it comes to {point}")
        whole = nest.start("producer", words, log)
        lab.wait_until(lambda whole=whole: nest.ended(whole) is not None, "the new version commits", 30)
        known = last_committed(committed)
        lab.check(list(known) == [(DEVICE, epoch)], Invariant.I6, f"the epoch {epoch} became {list(known)}")
        sequences = [int(line.split()[1]) for line in committed.read_text().splitlines()]
        # What was committed just before the kill may not have been written down.
        whole_run = list(range(sequences[-3], sequences[-3] + 3))
        lab.check(sequences[-3:] == whole_run, Invariant.I3, f"after {last} it counted {sequences}")
        lab.check(last < sequences[0] <= last + 4, Invariant.I3, f"after {last} it counted {sequences}")
        if done < lab.count - 1:
            shutil.rmtree(folder)
    _delivered(lab, state, {(DEVICE, epoch): sequences[-1]})


def _delivered(lab: Lab, state: Path, known: dict[tuple[str, str], int]) -> None:
    """All arrives, after a roll-back was refused."""
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    reader = lab.keep(consumer(broker.port))
    lab.wait_until(lambda: reader.connected, "the consumer is connected")
    file = state / "outbox.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        (version,) = raw.execute("PRAGMA user_version").fetchone()
        raw.execute(f"PRAGMA user_version = {NEWER}")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    words = [*publish_words(broker.port, state), "--drain"]
    refused = edged(lab, "refused", words)
    refused.start()
    code = refused.wait(60)
    lab.check(code == ExitCode.CANNOT_CREATE, Invariant.I5, f"a file of a newer version ended it with {code}")
    lab.check("newer edged" in refused.said(), Invariant.I5, "it does not say why")
    lab.check(hashlib.sha256(file.read_bytes()).hexdigest() == before, Invariant.I1, "the newer file was changed")
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute(f"PRAGMA user_version = {version}")
    publish = edged(lab, "publish", words)
    publish.start()
    lab.check(publish.wait(60) == 0, Invariant.I5, "it does not drain")
    lab.wait_until(lambda: reader.has(known), "all, of both versions, has arrived", invariant=Invariant.I1)
    reader.judge()
    lab.figures |= {"upgrades_killed": lab.count, "arrived": reader.arrived, "exit_code_of_roll_back": int(code or 0)}
