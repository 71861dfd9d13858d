"""Corals: which are there, how fast they are connected, and whether we may use them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edged.doctor.finding import Finding, failure, ok, warning
from edged.publish.machine import SYSTEM

FRESH, USED = "1a6e:089a", "18d1:9302"
"""USB ids of a Coral before and after its first use."""
SUPER_SPEED: Final = 5000
"""Mbit/s of USB 3."""
DEVICES: Final = Path("/dev")


@dataclass(frozen=True, slots=True)
class Coral:
    """One that is plugged in."""

    place: str
    """Its USB id, or its device for PCIe."""
    speed: int | None
    """Mbit/s of its USB connection; None for PCIe."""
    usable: bool
    """Whether we may read and write it."""


def judge(corals: list[Coral], accelerator: Literal["auto", "cpu", "edgetpu"]) -> list[Finding]:
    """Judge what is plugged in by what is configured."""
    if not corals:
        if accelerator == "edgetpu":
            mend = 'plug it in (`lsusb` shows 1a6e:089a or 18d1:9302), or set vision.accelerator = "auto"'
            return [failure("coral", "none is plugged in, and the configuration asks for one", mend)]
        return [ok("coral", "none is plugged in: models run on the CPU")]
    return [_judge(coral, accelerator) for coral in corals]


def _judge(coral: Coral, accelerator: str) -> Finding:
    words = f"Coral {coral.place}"
    if coral.place in {FRESH, USED}:
        words += ", in use since it was plugged in" if coral.place == USED else ", not yet used"
    if coral.speed is not None:
        words += f", {coral.speed} Mbit/s"
    if not coral.usable:
        mend = "run this as root, or as edged's user; edged's udev rules give Corals to the group plugdev"
        return warning("coral", f"{words}; we may not use it", mend)
    if accelerator == "cpu":
        return warning("coral", f"{words}; the configuration doesn't use it", 'set vision.accelerator = "auto"')
    if coral.speed is not None and coral.speed < SUPER_SPEED:
        return warning("coral", f"{words}: USB 2", "plug it into a blue port, with the cable it came with")
    return ok("coral", words)


def look(system: Path = SYSTEM, devices: Path = DEVICES) -> list[Coral]:
    """Return what is plugged in; needs no right."""
    found = []
    for device in sorted(system.glob("bus/usb/devices/*")):
        id_ = f"{_text(device / 'idVendor')}:{_text(device / 'idProduct')}"
        if id_ in {FRESH, USED}:
            bus, number = _number(device / "busnum"), _number(device / "devnum")
            node = devices / "bus/usb" / f"{bus or 0:03}" / f"{number or 0:03}"
            found.append(Coral(id_, _number(device / "speed"), os.access(node, os.R_OK | os.W_OK)))
    for node in sorted(devices.glob("apex_[0-9]*")):
        found.append(Coral(str(node), None, os.access(node, os.R_OK | os.W_OK)))
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _number(file: Path) -> int | None:
    text = _text(file)
    return int(text) if text.isdecimal() else None
