"""Whether the processor is held back, by what a folder that looks like /sys says."""

from pathlib import Path

import pytest

from edged.service.heat import held_back


def firmware(system: Path, text: str) -> None:
    """What a Raspberry Pi's firmware says."""
    file = system / "devices/platform/soc/soc:firmware/get_throttled"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def cooling(system: Path, name: str, state: str) -> None:
    """A cooling device of the kernel."""
    folder = system / "class/thermal/cooling_device0"
    folder.mkdir(parents=True)
    (folder / "type").write_text(f"{name}\n")
    (folder / "cur_state").write_text(f"{state}\n")


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        ("0", False),
        ("1", True),  # under-voltage now
        ("2", True),  # frequency capped now
        ("4", True),  # throttled now
        ("8", True),  # soft temperature limit now
        ("50000", False),  # under-voltage and throttling since the boot, but not now
        ("", False),
    ],
)
def test_firmware_of_a_raspberry_pi_is_asked_for_now(bits: str, said: bool, tmp_path: Path) -> None:
    """What has been once slows nothing down for ever."""
    firmware(tmp_path, bits)
    assert held_back(tmp_path) is said


@pytest.mark.parametrize(
    ("name", "state", "said"),
    [
        ("cpufreq-cpu0", "3", True),
        ("cpufreq-cpu0", "0", False),
        ("Processor", "1", True),
        ("pwm-fan", "2", False),
        ("cpufreq-cpu0", "?", False),
    ],
)
def test_cooling_by_the_processor_itself_holds_it_back(name: str, state: str, said: bool, tmp_path: Path) -> None:
    """A fan cools as well, and costs no time."""
    cooling(tmp_path, name, state)
    assert held_back(tmp_path) is said


def test_machine_that_tells_nothing_is_not_held_back(tmp_path: Path) -> None:
    """A virtual machine has neither."""
    assert not held_back(tmp_path)
