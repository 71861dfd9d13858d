"""kill: SIGKILL of whoever writes and whoever sends, at any instant and at the worst ones."""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edged.outbox import Outbox
from tests.brokers import HOST
from tests.end_to_end.process import children_by_name
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.parts import (
    DEVICE,
    ROOT,
    Committed,
    Consumer,
    Process,
    consumer,
    edged,
    mosquitto,
    publish_words,
    settings,
)
from tools.faults_support.producer import last_committed
from tools.faults_support.zygote import FORK_POINTS, Zygote, zygote

WHOLE_SERVICE_SHARE = 0.015
"""Of the kills that strike the whole `edged run` with its camera and models, which takes seconds to come up."""
UNREACHED_AFTER_S = 20.0


@dataclass
class Victim:
    """A fork that is killed and started again."""

    program: str
    words: list[str]
    log: Path
    pid: int = 0

    def start(self, nest: Zygote, die: tuple[str, int] | None = None) -> None:
        """Start it, to die at a point or when it is killed."""
        self.pid = nest.start(self.program, self.words, self.log, die)


@case(
    "kill",
    "SIGKILL of sense, publish and supervisor: at random, and at commit, publish, PUBACK, settle",
    count=2000,
    short=10,
    needs=["mosquitto"],
)
def kill(lab: Lab) -> None:
    """I1 to I3 hold at a consumer, and no start finds a corrupt file."""
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    reader = lab.keep(consumer(broker.port, "+"))
    lab.wait_until(lambda: reader.connected, "the consumer is connected")
    whole = max(1, round(lab.count * WHOLE_SERVICE_SHARE))
    struck = _strike_processes(lab, reader, broker.port, lab.count - whole)
    struck += _strike_service(lab, reader, broker.port, whole)
    lab.figures |= {f"kills {where}": times for where, times in sorted(struck.items())}
    lab.figures |= {"committed_and_arrived": reader.arrived, "duplicates": reader.repeated, "corrupt_starts": 0}


def _strike_processes(lab: Lab, reader: Consumer, port: int, kills: int) -> Counter[str]:
    """Kill a producer and the publishing process: half of them at a point, half at random."""
    nest = lab.keep(zygote())
    state, committed = lab.folder / "state", lab.folder / "committed"
    # A publisher that starts every tenth of a second would else send each time all that was ever acknowledged.
    sending = publish_words(port, state, outbox__replay_horizon_s=1, outbox__reserve_bytes=0)
    victims = [
        Victim("producer", [str(state), str(committed), "--every", "0.003"], lab.folder / "producer.log"),
        Victim("edged", sending, lab.folder / "publish.log"),
    ]
    struck: Counter[str] = Counter()
    for victim in victims:
        victim.start(nest)
    lab.wait_until(lambda: reader.arrived > 0, "the first message arrives")
    for done in range(kills):
        lab.tell(f"{done} of {kills} kills of processes, {reader.arrived} messages")
        victim = lab.chance.choice(victims)
        nest.kill(victim.pid)
        if lab.chance.random() < 0.5:
            victim.start(nest)
            _pause(lab, 0.15)
            struck[f"of {victim.program} at random"] += 1
        else:
            point = lab.chance.choice(FORK_POINTS[victim.program])
            pid = nest.start(victim.program, victim.words, victim.log, (point, lab.chance.randrange(1, 15)))
            lab.wait_until(lambda pid=pid: nest.ended(pid) is not None, f"it comes to {point}", UNREACHED_AFTER_S)
            struck[f"of {victim.program} {point}"] += 1
            victim.start(nest)
            continue
        nest.kill(victim.pid)
        victim.start(nest)
    nest.kill(victims[0].pid)
    last = dict(last_committed(committed))
    for key, sequence in in_store(state, DEVICE).items():
        last[key] = max(sequence, last.get(key, 0))
    _settle_accounts(lab, reader, last, state)
    nest.kill(victims[1].pid)
    return struck


def _strike_service(lab: Lab, reader: Consumer, port: int, kills: int) -> Counter[str]:
    """Kill supervisor, sense or publish of the whole service on a recording."""
    state = lab.folder / "service"
    words = settings(
        device__id="till",
        outbox__folder=state,
        outbox__replay_horizon_s=60,
        broker__host=HOST,
        broker__port=port,
        camera__source=ROOT / "tools" / "sample" / "sample.mp4",
        camera__loop="true",
        vision__max_fps=1,
        windows__length_s=5,
    )
    service = edged(lab, "service", ["run", "--config", os.devnull, *words])
    service.start()

    def commits() -> None:
        """Wait for a window of a sense of this `edged run`, not for the last one of what was struck before."""
        lab.wait_until(lambda: children(service).get("sense", 0) != 0, "sense is started", invariant=Invariant.I6)
        before = in_store(state, "till")
        lab.wait_until(lambda: in_store(state, "till") != before, "a window is committed", invariant=Invariant.I6)

    struck: Counter[str] = Counter()
    while struck.total() < kills:
        lab.tell(f"{struck.total()} of {kills} kills of the service, {reader.arrived} messages")
        name = lab.chance.choice(["supervisor", "sense", "publish"])
        if lab.chance.random() < 0.7:  # else it is struck while it comes up
            commits()
        _pause(lab, 1.0)
        lab.check(service.pid != 0, Invariant.I6, "edged run has ended by itself")
        pid = service.pid if name == "supervisor" else children(service).get(name, 0)
        if pid:
            os.kill(pid, signal.SIGKILL)
            struck[f"of {name} in edged run"] += 1
        if name == "supervisor":
            service.kill()
            service.start()
    commits()
    service.signal(signal.SIGTERM)
    code = service.wait(20)
    lab.check(code == 0, Invariant.I6, f"20 s after SIGTERM the exit code of edged run is {code}")
    rest = edged(lab, "rest", [*publish_words(port, state, device__id="till"), "--drain"])
    rest.start()
    lab.check(rest.wait(60) == 0, Invariant.I5, "what was left could not be sent")
    _settle_accounts(lab, reader, in_store(state, "till"), state)
    return struck


def children(service: Process) -> dict[str, int]:
    """Process ids of the children of `edged run`; none while it doesn't run."""
    return children_by_name(service.pid) if service.pid else {}


def _settle_accounts(lab: Lab, reader: Consumer, last: Committed, state: Path) -> None:
    lab.wait_until(lambda: reader.has(last), f"all up to {last} has arrived", invariant=Invariant.I1)
    reader.judge(last)
    corrupt = [file.name for file in state.iterdir() if "corrupt" in file.name]
    lab.check(not corrupt, Invariant.I6, f"starts found corrupt files: {corrupt}")


def in_store(state: Path, device: str) -> Committed:
    """The last sequence that a store has committed; nothing when there is none yet."""
    if not (state / "outbox.sqlite").exists():
        return {}
    outbox = Outbox.open(state, device)
    try:
        last = outbox.counts().last_sequence
        return {(device, outbox.epoch): last} if last else {}
    finally:
        outbox.close()


def _pause(lab: Lab, most_s: float) -> None:
    """Let a random time pass: the instant of the kill is what is random."""
    time.sleep(lab.chance.uniform(0.0, most_s))
