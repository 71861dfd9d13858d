"""The device's own health, and that it doesn't tell who was in view."""

from pathlib import Path

import pytest

from edged.publish.machine import DISK_STEP_MB, HOUR_S, LOOK_EVERY_S, Machine

BEGAN = 2 * HOUR_S + 5


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A sysfs with a processor and a warm network card."""
    for number, (kind, heat) in enumerate((("cpu-thermal", 47_200), ("wifi", 71_000))):
        zone = tmp_path / f"class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "type").write_text(f"{kind}\n")
        (zone / "temp").write_text(f"{heat}\n")
    return tmp_path


def heat(system: Path, degrees: float) -> None:
    (system / "class/thermal/thermal_zone0/temp").write_text(f"{int(degrees * 1000)}\n")


def throttled(system: Path, bits: str) -> None:
    file = system / "devices/platform/soc/soc:firmware/get_throttled"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{bits}\n")


def test_heat_is_the_processors_in_tens(system: Path, tmp_path: Path) -> None:
    """Not the network card's."""
    assert Machine(tmp_path, BEGAN, system).status(BEGAN).cpu_temperature_c == 40


def test_heat_changes_at_full_hours_only(system: Path, tmp_path: Path) -> None:
    """A crowd that warms the processor for a while is not to be seen coming or going."""
    machine = Machine(tmp_path, BEGAN, system)
    hour = 3 * HOUR_S
    for now, degrees in ((BEGAN + 60, 83.0), (BEGAN + 600, 50.0)):
        heat(system, degrees)
        assert machine.status(now).cpu_temperature_c == 40
    assert machine.status(hour).cpu_temperature_c == 80
    assert machine.status(hour + HOUR_S - 1).cpu_temperature_c == 80
    assert machine.status(hour + HOUR_S).cpu_temperature_c == 50


def test_throttling_is_told_after_the_hour_and_stays(system: Path, tmp_path: Path) -> None:
    """An under-voltage of a second, a week ago, is why the power supply should be changed."""
    throttled(system, "0")
    machine = Machine(tmp_path, BEGAN, system)
    assert machine.status(BEGAN).throttled == ()
    throttled(system, "50005")
    assert machine.status(BEGAN + LOOK_EVERY_S).throttled == ()
    throttled(system, "0")
    for hour in (3, 4, 200):
        assert machine.status(hour * HOUR_S).throttled == ("under_voltage", "throttled")


def test_a_device_without_sensors_says_null(tmp_path: Path) -> None:
    """An x86 box in a container has none of it."""
    status = Machine(tmp_path, BEGAN, tmp_path).status(BEGAN)
    assert (status.cpu_temperature_c, status.throttled) == (None, None)
    assert Machine(tmp_path / "absent", BEGAN, tmp_path).status(BEGAN).disk_free_mb is None


def test_disk_is_told_in_steps(tmp_path: Path) -> None:
    """Room enough to act, and no trace of single messages."""
    free = Machine(tmp_path, BEGAN, tmp_path).status(BEGAN).disk_free_mb
    assert free is not None
    assert free % DISK_STEP_MB == 0
