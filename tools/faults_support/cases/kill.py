"""kill: SIGKILL of whoever writes and whoever sends, at any instant."""

import sys

from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.parts import consumer, edged, mosquitto, program, publish_words
from tools.faults_support.producer import last_committed


@case("kill", "SIGKILL of sense, publish and supervisor at random instants", count=2000, short=12, needs=["mosquitto"])
def kill(lab: Lab) -> None:
    """I1 to I3 hold at a consumer, and no start finds a corrupt file."""
    state, committed = lab.folder / "state", lab.folder / "committed"
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    reader = lab.keep(consumer(broker.port))
    lab.wait_until(lambda: reader.connected, "the consumer is connected")
    producer = program(
        lab,
        "producer",
        [sys.executable, "-m", "tools.faults_support.producer", str(state), str(committed), "--every", "0.002"],
    )
    publish = edged(lab, "publish", publish_words(broker.port, state))
    for done in range(lab.count):
        for process in (producer, publish):
            if not process.pid:
                process.start()
        lab.tell(f"{done} of {lab.count} kills, {reader.arrived} messages")
        victim = lab.chance.choice([producer, publish])
        lab.wait_until(lambda: committed.exists() and committed.stat().st_size > 0, "the first message is committed")
        victim.wait(lab.chance.uniform(0.0, 2.0))
        victim.kill()
        reader.judge()
    producer.kill()
    if not publish.pid:
        publish.start()
    last = last_committed(committed)
    lab.wait_until(lambda: reader.has(last), "all that was committed has arrived", invariant=Invariant.I1)
    reader.judge()
    corrupt = [file.name for file in state.iterdir() if "corrupt" in file.name]
    lab.check(not corrupt, Invariant.I6, f"starts found corrupt files: {corrupt}")
    lab.figures |= {
        "kills": lab.count,
        "committed": sum(last.values()),
        "arrived": reader.arrived,
        "duplicates": reader.repeated,
        "corrupt_starts": len(corrupt),
    }
