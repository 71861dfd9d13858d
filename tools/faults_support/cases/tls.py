"""tls-expired, tls-not-yet, tls-wrong-ca, tls-wrong-name, tls-rotated: certificates not to be trusted, or new ones."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.brokers import free_port
from tests.certificates import certificate
from tools.faults_support.case import Invariant, Lab, case, find
from tools.faults_support.device import Device
from tools.faults_support.parts import consumer, mosquitto
from tools.faults_support.wrong_clock import WrongClock

NEEDS = ["mosquitto", "openssl"]
Make = Callable[[Path], tuple[Path, Path]]


def _made(folder: Path, name: str = "localhost", off_days: int = 0) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    clock = WrongClock(folder)
    clock.set(off_days * 86400)
    return certificate(folder, str(find("openssl")), name, clock.wrapper)


class _Guarded:
    """A device, and a broker that speaks TLS to it; the reader has a listener of its own in the clear."""

    def __init__(self, lab: Lab) -> None:
        self.trusted = lab.folder / "trusted.pem"
        self._key, self._pem = lab.folder / "server.key", lab.folder / "server.pem"
        self.serve(*_made(lab.folder / "first"))
        plain = free_port()
        self.broker = lab.keep(
            mosquitto(
                lab.folder / "mosquitto", f"keyfile {self._key}", f"certfile {self._pem}", f"listener {plain} 127.0.0.1"
            )
        )
        self.device = Device(
            lab,
            self.broker.port,
            host="localhost",
            reader=lab.keep(consumer(plain)),
            tls=True,
            ca_file=self.trusted,
        )

    def serve(self, key: Path, pem: Path, trusted: Path | None = None) -> None:
        """Put a certificate in place, and what the device trusts; the broker takes it at its next start."""
        shutil.copy(key, self._key)
        shutil.copy(pem, self._pem)
        fresh = self.trusted.with_suffix(".new")
        shutil.copy(trusted or pem, fresh)
        fresh.replace(self.trusted)


def _refused(lab: Lab, make: Make, words: str, trusted: Make | None = None) -> None:
    """Nothing passes while the broker shows such a certificate, the log says why, and a good one ends it."""
    guarded = _Guarded(lab)
    device = guarded.device
    good = _made(lab.folder / "good")
    mended = []
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count}")
        guarded.broker.stop()
        bad = make(lab.folder / "bad")
        guarded.serve(*bad, trusted(lab.folder / "others")[1] if trusted else None)
        guarded.broker.start()
        since = len(device.publish.said())
        device.commit(3)
        if not device.publish.pid:
            device.publish.start()
        device.wait_says(f"its TLS certificate {words}", since=since)
        lab.check(not device.reader.has(device.committed), Invariant.I5, "messages passed in spite of the certificate")
        guarded.broker.stop()
        guarded.serve(*good)
        guarded.broker.start()
        mended.append(device.wait_delivered(70))
    lab.check("in the clear" not in device.publish.said(), Invariant.I5, "it tried without TLS")
    lab.check(device.publish.pid != 0, Invariant.I6, "publish has ended")
    device.judge()
    lab.figures |= {"delivered_after_mending_s": round(max(mended), 1)}


@case("tls-expired", "the broker's certificate has expired", count=10, short=1, needs=NEEDS)
def expired(lab: Lab) -> None:
    """Refused by that name."""
    _refused(lab, lambda folder: _made(folder, off_days=-10), "has expired")


@case("tls-not-yet", "the broker's certificate is not valid yet", count=10, short=1, needs=NEEDS)
def not_yet(lab: Lab) -> None:
    """Refused by that name, with a word on the device's clock."""
    _refused(lab, lambda folder: _made(folder, off_days=10), "is not valid yet (is this device's clock right?)")


@case("tls-wrong-ca", "the broker's certificate is signed by somebody else", count=10, short=1, needs=NEEDS)
def wrong_ca(lab: Lab) -> None:
    """Refused by that name."""
    _refused(lab, _made, "is self-signed and not trusted", trusted=_made)


@case("tls-wrong-name", "the broker's certificate is for another host", count=10, short=1, needs=NEEDS)
def wrong_name(lab: Lab) -> None:
    """Refused by that name."""
    _refused(lab, lambda folder: _made(folder, name="elsewhere"), "is for another name than broker.host")


@case(
    "tls-rotated", "certificates are replaced on disk, at the broker and on the device", count=20, short=1, needs=NEEDS
)
def rotated(lab: Lab) -> None:
    """The new ones are used without a restart of publish, and nothing is lost meanwhile."""
    guarded = _Guarded(lab)
    device = guarded.device
    device.commit()
    device.publish.start()
    device.wait_delivered()
    pid, taken = device.publish.pid, []
    for done in range(lab.count):
        lab.tell(f"{done} of {lab.count}")
        since = len(device.publish.said())
        guarded.serve(*_made(lab.folder / f"next-{done}"))
        guarded.broker.reload()
        taken.append(device.wait_says("have been replaced; connecting anew", since=since))
        device.commit(3)
        device.wait_delivered(70)
    lab.check(device.publish.pid == pid, Invariant.I6, "publish has been started again")
    device.judge()
    lab.figures |= {"rotations": lab.count, "noticed_after_s": round(max(taken), 1)}
