"""password, acl, too-large, reason-codes: a broker that is there and says no."""

import subprocess

from edged.publish import reasons
from tests.outbox.making import window
from tools.faults_support.case import Invariant, Lab, case, find
from tools.faults_support.device import Device, released
from tools.faults_support.impostor import Impostor, connack, disconnect, packets, puback
from tools.faults_support.parts import consumer, mosquitto

SECRET = "hunter2-hunter2"
TOO_LARGE = 20_000


@case("password", "the broker refuses our password until it is mended", count=20, short=1, needs=["mosquitto_passwd"])
def password(lab: Lab) -> None:
    """It says why, backs off, shows the password nowhere, and takes the mended file without a restart."""
    users, secret = lab.folder / "users", lab.folder / "password"
    for user in ("shop", "reader"):
        subprocess.run(
            [find("mosquitto_passwd"), "-b", *(["-c"] if user == "shop" else []), users, user, SECRET], check=True
        )
    # A second listener for the reader, which needs no password.
    broker = lab.keep(mosquitto(lab.folder / "mosquitto"))
    broker.kill()
    reading = broker.port
    broker.lines = [
        "per_listener_settings true",
        "allow_anonymous true",
        f"listener {free()} 127.0.0.1",
        "allow_anonymous false",
        f"password_file {users}",
    ]
    guarded = int(broker.lines[2].split()[1])
    broker.start()
    device = Device(lab, guarded, reader=lab.keep(consumer(reading)), username="shop", password_file=secret)
    mended: list[float] = []
    for _ in range(lab.count):
        since = len(device.publish.said())
        secret.write_text(f"{SECRET}-wrong\n")
        device.commit(5)
        device.publish.start()
        device.wait_says("user name or password is wrong", since=since)
        lab.check(not device.reader.has(device.committed), Invariant.I5, "it was let in with a wrong password")
        secret.write_text(f"{SECRET}\n")
        mended.append(device.wait_delivered(70))
        lab.check(device.publish.pid != 0, Invariant.I6, "publish has ended")
        device.publish.kill()
    device.judge()
    lab.check(SECRET not in device.publish.said(), Invariant.I5, "the password stands in the log")
    lab.figures |= {"delivered_after_mending_s": round(max(mended), 1)}


def free() -> int:
    """A free port."""
    from tests.brokers import free_port

    return free_port()
