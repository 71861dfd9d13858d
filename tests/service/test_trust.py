"""An Edge TPU that takes the process with it twice is left alone until the next boot."""

from pathlib import Path

import pytest

from edged.config.model import Config, Vision
from edged.service.trust import FILE, PROVEN_S, Trust
from edged.vision.card import shipped_folder

DEAD: list[object] = []
"""Trials that nobody will ever leave."""


def die(folder: Path, boot: Path, config: Config) -> None:
    """A process that ends without a chance to write anything."""
    trust = Trust(folder, boot)
    trial = trust.trial(trust.advise(config))
    trial.__enter__()
    DEAD.append(trial)


@pytest.fixture
def auto(tmp_path: Path) -> Config:
    """It may be used, and there is a model that is compiled for it."""
    folder = tmp_path / "models"
    folder.mkdir()
    card = (shipped_folder() / "emotion.toml").read_text(encoding="utf-8")
    compiled = f'edgetpu_file = "emotion.tflite"\nedgetpu_sha256 = "{"0" * 64}"\nversion = '
    (folder / "emotion.toml").write_text(card.replace("version = ", compiled, 1), encoding="utf-8")
    return Config(vision=Vision(accelerator="auto", models_folder=folder))


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """The kernel's word for this boot."""
    path = tmp_path / "boot_id"
    path.write_text("first\n")
    return path


def test_two_deaths_in_a_row_turn_to_the_cpu_and_say_so(tmp_path: Path, boot: Path, auto: Config) -> None:
    """One may be chance."""
    die(tmp_path, boot, auto)
    assert Trust(tmp_path, boot).advise(auto).vision.accelerator == "auto"
    die(tmp_path, boot, auto)
    trust = Trust(tmp_path, boot)
    assert trust.advise(auto).vision.accelerator == "cpu"
    assert "on the CPU until the next boot" in str(trust.note)


def test_edgetpu_by_name_is_never_given_up(tmp_path: Path, boot: Path, auto: Config) -> None:
    """Whoever asks for it gets it, or nothing."""
    asked = Config(vision=auto.vision.model_copy(update={"accelerator": "edgetpu"}))
    for _ in range(5):
        die(tmp_path, boot, asked)
    assert Trust(tmp_path, boot).advise(asked) is asked


def test_device_without_a_model_for_it_has_other_faults(tmp_path: Path, boot: Path) -> None:
    """Too little memory, say: the CPU is where it runs anyway, and the Edge TPU isn't blamed."""
    shipped = Config(vision=Vision(accelerator="auto"))
    for _ in range(3):
        die(tmp_path, boot, shipped)
    trust = Trust(tmp_path, boot)
    assert trust.advise(shipped) is shipped
    assert trust.note is None


def test_death_before_the_last_boot_says_nothing(tmp_path: Path, boot: Path, auto: Config) -> None:
    """It may have been the power."""
    die(tmp_path, boot, auto)
    die(tmp_path, boot, auto)
    boot.write_text("second\n")
    assert Trust(tmp_path, boot).advise(auto) is auto


def test_any_other_end_is_no_death(tmp_path: Path, boot: Path, auto: Config) -> None:
    """A stop, a lost camera, an error of Python's: the delegate had no part in it."""
    for _ in range(5):
        trust = Trust(tmp_path, boot)
        with pytest.raises(KeyError), trust.trial(trust.advise(auto)):
            raise KeyError
    assert not (tmp_path / FILE).exists()


def test_what_has_run_for_a_minute_is_proven(tmp_path: Path, boot: Path, auto: Config) -> None:
    """A hang after months begins the count anew."""
    trust = Trust(tmp_path, boot)
    with trust.trial(auto):
        trust.running(100.0)
        assert (tmp_path / FILE).exists()
        trust.running(100.0 + PROVEN_S)
        assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("content", ["", "[]", '{"boot": "first"}', '{"boot": "first", "deaths": "many"}'])
def test_damaged_note_is_no_note(tmp_path: Path, boot: Path, auto: Config, content: str) -> None:
    """Whatever the power cut has left of it."""
    (tmp_path / FILE).write_text(content)
    assert Trust(tmp_path, boot).advise(auto) is auto
