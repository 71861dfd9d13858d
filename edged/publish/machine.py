"""How the device itself is: heat, throttling, disk.

Rules:
  - A processor gets warmer the more faces there are to look at. So heat and throttling are told as the worst of a whole
    hour, on a fixed grid, heat in steps of ten degrees, and throttling for as long as this process lives: what a
    technician needs, and too coarse to follow who comes and goes. The first value is of the start, before anybody was.
  - What a device doesn't have is null. Nothing here fails.
"""

import os
from pathlib import Path
from typing import Final

from edged.messages.status import THROTTLINGS, MachineStatus, Throttling

SYSTEM: Final = Path("/sys")
HOUR_S: Final = 3600.0
LOOK_EVERY_S: Final = 15.0
STEP_C: Final = 10
DISK_STEP_MB: Final = 100
_PROCESSOR: Final = ("cpu", "soc", "pkg")
"""Parts of the names that thermal zones of processors have (Documentation/driver-api/thermal/sysfs-api.rst)."""


class Machine:
    """Looks at the device. Time is in monotonic seconds."""

    def __init__(self, folder: Path, now: float, system: Path = SYSTEM) -> None:
        """Watch the disk of `folder`; `system` is where sysfs is."""
        self._folder = folder
        self._system = system
        self._hour = now // HOUR_S
        self._look_at = now
        self._hottest = self._told_hottest = heat_c(self._system)
        self._throttled = self._told_throttled = throttlings(self._system)

    def status(self, now: float) -> MachineStatus:
        """Give what may be told now; to be called every few seconds."""
        if now // HOUR_S != self._hour:
            self._told_hottest, self._told_throttled = self._hottest, self._throttled
            self._hour, self._hottest = now // HOUR_S, None
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY_S
            self._hottest = max(
                (heat for heat in (self._hottest, heat_c(self._system)) if heat is not None), default=None
            )
            seen = throttlings(self._system)
            if seen is not None:
                self._throttled = (self._throttled or frozenset()) | seen
        heat, throttled = self._told_hottest, self._told_throttled
        return MachineStatus(
            cpu_temperature_c=None if heat is None else int(heat // STEP_C * STEP_C),
            throttled=None if throttled is None else tuple(each for each in THROTTLINGS if each in throttled),
            disk_free_mb=self._disk_free_mb(),
        )

    def _disk_free_mb(self) -> int | None:
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return None
        return disk.f_bavail * disk.f_frsize // 1_000_000 // DISK_STEP_MB * DISK_STEP_MB


def heat_c(system: Path = SYSTEM) -> float | None:
    """Degrees Celsius of the hottest processor zone, or of the hottest of all where none is named so."""
    zones: dict[str, float] = {}
    for zone in system.glob("class/thermal/thermal_zone*"):
        try:
            zones[f"{(zone / 'type').read_text()} {zone.name}"] = int((zone / "temp").read_text()) / 1000
        except (OSError, ValueError):
            continue
    of_processor = [heat for name, heat in zones.items() if any(part in name.lower() for part in _PROCESSOR)]
    return max(of_processor or zones.values(), default=None)


def throttlings(system: Path = SYSTEM) -> frozenset[Throttling] | None:
    """What the firmware of a Raspberry Pi says has happened: bits 0 to 3 now, 16 to 19 before. None: it can't tell."""
    for file in system.glob("devices/platform/soc*/soc*:firmware/get_throttled"):
        try:
            bits = int(file.read_text(), 16)
        except (OSError, ValueError):
            continue
        return frozenset(each for i, each in enumerate(THROTTLINGS) if (bits >> i | bits >> (16 + i)) & 1)
    return None
