"""password, acl, too-large, reason-codes: a broker that is there and says no."""

import subprocess
from functools import partial

from edged.publish import reasons
from tests.brokers import HOST
from tests.outbox.making import window
from tools.faults_support.case import Invariant, Lab, case
from tools.faults_support.device import Device
from tools.faults_support.impostor import Talk, connack, disconnect, impostor, puback
from tools.faults_support.parts import consumer, mosquitto

SECRET = "hunter2-hunter2"
TOO_LARGE = 20_000
CODES = {
    "CONNACK": (0x80, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F),
    "DISCONNECT": (
        0x81,
        0x82,
        0x87,
        0x89,
        0x8B,
        0x8D,
        0x90,
        0x93,
        0x95,
        0x96,
        0x97,
        0x98,
        0x99,
        0x9C,
        0x9D,
        0x9F,
        0xA0,
    ),
    "PUBACK": (0x80, 0x87, 0x90, 0x97, 0x99),
}
"""Reason codes that each packet may bear (MQTT 5.0, section 2.4) and that speak of us; a take-over has its own case."""
HOLD_S = 75
"""A refused row is tried again after a minute."""


@case(
    "password",
    "the broker refuses our password until its file is mended",
    count=20,
    short=1,
    needs=["mosquitto", "mosquitto_passwd"],
)
def password(lab: Lab) -> None:
    """It says why, backs off, shows the password nowhere, and takes the mended file without a restart."""
    users, secret = lab.folder / "users", lab.folder / "password"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "shop", SECRET], check=True)
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", f"password_file {users}"))
    device = Device(lab, broker.port, username="shop", password_file=secret)
    mended = []
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count}")
        since = len(device.publish.said())
        secret.write_text(f"{SECRET}-wrong\n")
        device.commit(5)
        device.publish.start()
        device.wait_says("user name or password is wrong", since=since)
        lab.check(not device.reader.has(device.committed), Invariant.I5, "it was let in with a wrong password")
        secret.write_text(f"{SECRET}\n")
        mended.append(device.wait_delivered())
        lab.check(device.publish.pid != 0, Invariant.I6, "publish has ended")
        device.publish.kill()
    device.judge()
    lab.check(SECRET not in device.publish.said(), Invariant.I5, "the password stands in the log")
    lab.figures |= {"delivered_after_mending_s": round(max(mended), 1)}


@case("acl", "the broker's access list refuses our windows until it is mended", count=3, short=1, needs=["mosquitto"])
def acl(lab: Lab) -> None:
    """Status and log say it, and what was refused goes out when the list is mended.

    The short form ends publish instead of waiting for the minute after which a refused row is tried again.
    """
    access = lab.folder / "access"
    strict = "topic read #\ntopic write edged/shop/status\n"
    access.write_text(strict)
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", f"acl_file {access}"))
    device = Device(lab, broker.port)
    device.publish.start()
    mended = []
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count}")
        device.commit(5)
        lab.wait_until(lambda: "not authorised" in str(device.reader.statuses[-1:]), "the status says why")
        lab.check(not device.reader.has(device.committed), Invariant.I5, "what is refused has arrived")
        access.write_text(f"{strict}topic write edged/#\n")
        broker.reload()
        if lab.count == 1:
            device.publish.kill()
            device.publish.start()
        mended.append(device.wait_delivered(HOLD_S))
        access.write_text(strict)
        broker.reload()
    device.judge()
    lab.figures |= {"delivered_after_mending_s": round(max(mended), 1)}


@case("too-large", "one message in six is larger than the broker takes", count=200, short=3, needs=["mosquitto"])
def too_large(lab: Lab) -> None:
    """Exactly these are given up and declared, and the others arrive."""
    broker = lab.keep(mosquitto(lab.folder / "mosquitto", "max_packet_size 4000"))
    device = Device(lab, broker.port)
    for _ in range(lab.count):
        device.commit(3)
        device.commit(1, lambda stamp: window(stamp, runtime="x" * TOO_LARGE))
        device.commit(2)
    device.publish.start()
    device.wait_delivered(60 + lab.count)  # six messages each
    lab.wait_until(lambda: sum(gap.dropped for gap in device.reader.gaps) >= lab.count, "the declarations arrive")
    device.judge()
    declared = sum(gap.dropped for gap in device.reader.gaps)
    lab.check(declared == lab.count, Invariant.I1, f"{declared} declared, {lab.count} were too large")
    lab.check({gap.reason for gap in device.reader.gaps} == {"unsendable"}, Invariant.I5, "the cause is not said")
    lab.figures |= {"too_large": lab.count, "declared": declared}


@case("reason-codes", "a broker refuses once, in a way that MQTT 5 knows", count=60, short=3, needs=["mosquitto"])
def reason_codes(lab: Lab) -> None:
    """CONNECT, PUBLISH or the connection is refused: it is said in words, no row is lost, and the next try goes well.

    A row whose PUBLISH was refused waits for a minute: here it is only held against being lost.
    """
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    reader = lab.keep(consumer(broker.port))
    recovered = []
    for done in range(lab.count):
        way = list(CODES)[done % len(CODES)]
        code = lab.chance.choice(CODES[way])
        lab.tell(f"{done} of {lab.count}: {way} 0x{code:02X}")
        port = lab.keep(impostor(partial(_refuse, way, code)))
        device = Device(lab, port, name=f"device-{done}", reader=reader)
        device.commit(3)
        device.publish.start()
        device.wait_says(_words(f"{HOST}:{port}", way, code))
        if way != "PUBACK":
            waiting = lambda device=device: device.outbox.counts().waiting == 0  # noqa: E731
            recovered.append(lab.wait_until(waiting, "all is acknowledged at the next try", 70))
        elif reasons.verdict(code) is reasons.Verdict.NOT_NOW:
            lab.check(device.outbox.counts().waiting == 3, Invariant.I1, f"0x{code:02X}: a refused row does not wait")
        lab.check(device.publish.pid != 0, Invariant.I6, f"publish has ended on {way} 0x{code:02X}")
        device.publish.kill()
    lab.figures |= {"told_in_words": lab.count, "recovered_after_s": round(max(recovered), 1)}


def _refuse(way: str, code: int, talk: Talk) -> None:
    """Refuse on the first connection, and be a broker on the others."""
    refusing = talk.number == 0 or way == "PUBACK"
    talk.packet()
    talk.send(connack(code if refusing and way == "CONNACK" else 0))
    for mid in talk.publishes():
        talk.send(disconnect(code) if refusing and way == "DISCONNECT" else puback(mid, code if way == "PUBACK" else 0))


def _words(where: str, way: str, code: int) -> str:
    match way:
        case "CONNACK" if code == reasons.UNSUPPORTED_VERSION:
            return "trying MQTT 3.1.1"
        case "CONNACK":
            return reasons.refused(where, code).text
        case "DISCONNECT":
            return reasons.thrown_out(where, code).text
    return reasons.words(code)
