"""An Edge TPU that takes the process with it twice is left alone until the next boot."""

from pathlib import Path

import pytest

from edged.config.model import Config, Vision
from edged.service.trust import FILE, PROVEN_S, Trust

AUTO = Config(vision=Vision(accelerator="auto"))
DEAD: list[object] = []
"""Trials that nobody will ever leave."""


def die(folder: Path, boot: Path, config: Config = AUTO) -> None:
    """A process that ends without a chance to write anything."""
    trust = Trust(folder, boot)
    trial = trust.trial(trust.advise(config))
    trial.__enter__()
    DEAD.append(trial)


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """The kernel's word for this boot."""
    path = tmp_path / "boot_id"
    path.write_text("first\n")
    return path


def test_two_deaths_in_a_row_turn_to_the_cpu_and_say_so(tmp_path: Path, boot: Path) -> None:
    """One may be chance."""
    die(tmp_path, boot)
    assert Trust(tmp_path, boot).advise(AUTO).vision.accelerator == "auto"
    die(tmp_path, boot)
    trust = Trust(tmp_path, boot)
    assert trust.advise(AUTO).vision.accelerator == "cpu"
    assert "on the CPU until the next boot" in str(trust.note)


def test_edgetpu_by_name_is_never_given_up(tmp_path: Path, boot: Path) -> None:
    """Whoever asks for it gets it, or nothing."""
    asked = Config(vision=Vision(accelerator="edgetpu"))
    for _ in range(5):
        die(tmp_path, boot, asked)
    assert Trust(tmp_path, boot).advise(asked) is asked


def test_death_before_the_last_boot_says_nothing(tmp_path: Path, boot: Path) -> None:
    """It may have been the power."""
    die(tmp_path, boot)
    die(tmp_path, boot)
    boot.write_text("second\n")
    assert Trust(tmp_path, boot).advise(AUTO) is AUTO


def test_any_other_end_is_no_death(tmp_path: Path, boot: Path) -> None:
    """A stop, a lost camera, an error of Python's: the delegate had no part in it."""
    for _ in range(5):
        trust = Trust(tmp_path, boot)
        with pytest.raises(KeyError), trust.trial(trust.advise(AUTO)):
            raise KeyError
    assert not (tmp_path / FILE).exists()


def test_what_has_run_for_a_minute_is_proven(tmp_path: Path, boot: Path) -> None:
    """A hang after months begins the count anew."""
    trust = Trust(tmp_path, boot)
    with trust.trial(AUTO):
        trust.running(100.0)
        assert (tmp_path / FILE).exists()
        trust.running(100.0 + PROVEN_S)
        assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("content", ["", "[]", '{"boot": "first"}', '{"boot": "first", "deaths": "many"}'])
def test_damaged_note_is_no_note(tmp_path: Path, boot: Path, content: str) -> None:
    """Whatever the power cut has left of it."""
    (tmp_path / FILE).write_text(content)
    assert Trust(tmp_path, boot).advise(AUTO) is AUTO
