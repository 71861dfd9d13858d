"""The machine: Python and runtime, clock, heat and power, disk and card."""

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edged.doctor.finding import Finding, failure, ok, unseen, warning
from edged.messages.status import Throttling
from edged.publish.machine import SYSTEM, heat_c, throttlings
from edged.service import clock
from edged.service.heat import held_back
from edged.windows.schedule import Clock

OLDEST, NEWEST = (3, 11), (3, 13)
HOT_C: Final = 75.0
TOO_HOT_C: Final = 82.0
"""A Raspberry Pi slows down at 80 to 85 °C (raspberrypi.com, "Frequency management and thermal control")."""
_UNITS_OF_LIFE: Final = 10
"""JEDEC JESD84-B51, EXT_CSD[268] and [269]: each step is a tenth of the card's life; 11 is beyond it."""
_PRE_EOL: Final = {1: "normal", 2: "80 % of reserved blocks used", 3: "90 % of reserved blocks used"}
LEAST_FREE_MB: Final = 50
LOW_FREE_MB: Final = 500


def judge_python(version: tuple[int, int], runtimes: list[str], processor: str) -> list[Finding]:
    """Judge the Python that runs this, (major, minor), and the TFLite runtimes in it."""
    words = f"Python {version[0]}.{version[1]} on {processor}; {', '.join(runtimes) or 'no TFLite runtime'}"
    if not runtimes:
        return [failure("runtime", words, "install edged again: it brings ai-edge-litert")]
    if not OLDEST <= version <= NEWEST:
        return [warning("runtime", words, "edged is made for Python 3.11 to 3.13: take the system's")]
    return [ok("runtime", words)]


def look_at_python() -> list[Finding]:
    """See what runs this."""
    from edged.vision.runtime import installed_runtimes  # noqa: PLC0415  (loads NumPy and both runtimes)

    runtimes = [str(runtime) for runtime in installed_runtimes()]
    return judge_python(sys.version_info[:2], runtimes, platform.machine())


def judge_clock(reading: clock.Reading) -> list[Finding]:
    """Judge a look at the clocks."""
    if reading.clock is Clock.SYNCHRONISED:
        return [ok("clock", "set, and kept so by NTP")]
    mend = "let it reach an NTP server: `timedatectl set-ntp true`, then `timedatectl`; windows are marked until then"
    return [warning("clock", "the kernel doesn't hold the clock for set", mend)]


def look_at_clock() -> list[Finding]:
    """See whether the clock is set."""
    return judge_clock(clock.read())


def judge_heat(heat: float | None, throttled: frozenset[Throttling] | None, *, now: bool) -> list[Finding]:
    """Judge heat (°C), what has held the processor back since boot, and whether something does now."""
    words = "temperature unknown" if heat is None else f"{heat:.0f} °C"
    cool = "give it air: a larger case, a heat sink, a fan; not behind glass, not on a radiator"
    findings = []
    if throttled and "under_voltage" in throttled:
        told = f"{words}; the supply voltage has been too low since the last boot"
        mend = "use the supply made for this board, with a short thick cable, and a powered hub for what hangs on it"
        findings.append(failure("power", told, mend))
    if heat is not None and heat >= TOO_HOT_C:
        findings.append(failure("heat", f"{words}: too hot", cool))
    elif now:
        findings.append(warning("heat", f"{words}; the processor is held back just now", cool))
    elif heat is not None and heat >= HOT_C:
        findings.append(warning("heat", f"{words}: hot", cool))
    elif throttled and throttled != {"under_voltage"}:
        held = ", ".join(sorted(throttled - {"under_voltage"})).replace("_", " ")
        findings.append(warning("heat", f"{words} now; since the last boot: {held}", cool))
    if findings:
        return findings
    if heat is None and throttled is None:
        return [unseen("heat", "this machine tells neither its temperature nor what holds it back")]
    power = "" if throttled is None else ", power and clock steady since the last boot"
    return [ok("heat", words + power)]


def look_at_heat(system: Path = SYSTEM) -> list[Finding]:
    """See how hot it is, and what holds the processor back."""
    return judge_heat(heat_c(system), throttlings(system), now=held_back(system))


@dataclass(frozen=True, slots=True)
class Wear:
    """What a card says of its own age."""

    card: str
    life_time: tuple[int, ...]
    """Tenths of its life that are used up, for each kind of cell; 0: it doesn't say."""
    pre_eol: int
    """1: normal, 2: warning, 3: urgent; 0: it doesn't say."""


def judge_disk(free_mb: int | None, *, read_only: bool, folder: Path) -> list[Finding]:
    """Judge the room on the disk of the state folder."""
    if free_mb is None:
        return [unseen("disk", f"{folder} isn't there yet, or may not be looked at", "the first start makes it")]
    words = f"{free_mb} MB free for {folder}"
    if read_only:
        mend = "a card that became read-only is usually dying: `dmesg | grep mmc`, then exchange it"
        return [failure("disk", f"the disk of {folder} is read-only", mend)]
    mend = "make room: `du -xh / | sort -h | tail`, `journalctl --vacuum-size=100M`"
    if free_mb < LEAST_FREE_MB:
        return [failure("disk", words, mend)]
    return [warning("disk", words, mend)] if free_mb < LOW_FREE_MB else [ok("disk", words)]


def judge_wear(wears: list[Wear]) -> list[Finding]:
    """Judge what cards say of their age."""
    findings = []
    for wear in wears:
        used = max(wear.life_time, default=0)
        words = [f"{10 * (used - 1)} to {10 * used} % of its life used"] if 0 < used <= _UNITS_OF_LIFE else []
        words += ["beyond its life"] if used > _UNITS_OF_LIFE else []
        words += [_PRE_EOL[wear.pre_eol]] if wear.pre_eol in _PRE_EOL else []
        told = f"{wear.card}: {', '.join(words)}"
        if not words:
            continue
        if used > _UNITS_OF_LIFE or wear.pre_eol == max(_PRE_EOL):
            findings.append(failure("card", told, "exchange it before it fails; the outbox lies on it"))
        elif used >= _UNITS_OF_LIFE - 1 or wear.pre_eol == 2:
            findings.append(warning("card", told, "plan to exchange it"))
        else:
            findings.append(ok("card", told))
    return findings or [unseen("card", "no card here tells its age; SD cards don't, eMMC does")]


def look_at_disk(folder: Path, system: Path = SYSTEM) -> list[Finding]:
    """See how much room there is, and how old cards are."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        found = judge_disk(None, read_only=False, folder=folder)
    else:
        free_mb = disk.f_bavail * disk.f_frsize // 1_000_000
        found = judge_disk(free_mb, read_only=bool(disk.f_flag & os.ST_RDONLY), folder=folder)
    return found + judge_wear([_wear(card) for card in sorted(system.glob("block/mmcblk[0-9]"))])


def _wear(card: Path) -> Wear:
    steps = _hexadecimals(card / "device" / "pre_eol_info")
    return Wear(card.name, _hexadecimals(card / "device" / "life_time"), steps[0] if steps else 0)


def _hexadecimals(file: Path) -> tuple[int, ...]:
    try:
        return tuple(int(word, 16) for word in file.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return ()
