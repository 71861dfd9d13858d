"""Whether something holds the processor back now: the firmware of a Raspberry Pi, or the kernel elsewhere.

Sources: raspberrypi.com, "vcgencmd get_throttled" (bit 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft
temperature limit, each now); Linux, Documentation/driver-api/thermal/sysfs-api.rst (a cooling device's state above 0 is
at work; those of processors are named after cpufreq, or Processor under ACPI).
"""

from pathlib import Path
from typing import Final

_NOW: Final = 0xF
_OF_PROCESSOR: Final = ("cpufreq", "processor")


def held_back(system: Path = Path("/sys")) -> bool:
    """Tell whether the processor is throttled; False where nothing is known. `system`: where sysfs is."""
    for file in system.glob("devices/platform/soc*/soc*:firmware/get_throttled"):
        if _number(file, 16) & _NOW:
            return True
    for device in system.glob("class/thermal/cooling_device*"):
        if _number(device / "cur_state", 10) > 0 and _is_of_processor(device):
            return True
    return False


def _is_of_processor(device: Path) -> bool:
    try:
        name = (device / "type").read_text(encoding="ascii").lower()
    except (OSError, ValueError):
        return False
    return any(part in name for part in _OF_PROCESSOR)


def _number(file: Path, base: int) -> int:
    try:
        return int(file.read_text(encoding="ascii"), base)
    except (OSError, ValueError):
        return 0
