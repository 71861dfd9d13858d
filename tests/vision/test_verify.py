"""`edged models verify`: what is good is said to be good, and each kind of damage is found."""

import json
from pathlib import Path

import numpy as np
import pytest

from edged.errors import ModelError
from edged.vision import golden
from edged.vision.card import load_cards
from edged.vision.runtime import Runtime, installed_runtimes
from edged.vision.verify import Finding, list_models, verify, verify_models


def findings(folder: Path, name: str = "face") -> list[Finding]:
    ((_, found),) = verify_models(folder, [name])
    return found


def bad(folder: Path) -> list[str]:
    return [f"{finding.check}: {finding.detail}" for finding in findings(folder) if not finding.ok]


@pytest.fixture
def with_golden(stand_ins: Path) -> Path:
    golden.write_golden(load_cards(stand_ins)["face"])
    return stand_ins


def test_sound_model_passes_every_check_on_every_runtime(with_golden: Path) -> None:
    found = findings(with_golden)
    assert all(finding.ok for finding in found)
    checks = {finding.check for finding in found}
    for runtime in installed_runtimes():
        assert {f"tensors ({runtime})", f"operations ({runtime})", f"golden ({runtime})"} <= checks
    assert ("agreement" in checks) == (len(installed_runtimes()) > 1)


def test_flipped_bit_is_found_and_the_file_is_not_run(with_golden: Path) -> None:
    file = with_golden / "face.tflite"
    content = bytearray(file.read_bytes())
    content[-5] ^= 4
    file.write_bytes(content)
    (found,) = findings(with_golden)
    assert not found.ok
    assert "this is not the file its card describes" in found.detail


def test_answer_that_is_off_is_found(with_golden: Path) -> None:
    path = with_golden / "golden" / "face.json"
    values = json.loads(path.read_text())
    values["outputs"]["heatmap"] = [value + 20 for value in values["outputs"]["heatmap"]]
    path.write_text(json.dumps(values))
    assert len(bad(with_golden)) == len(installed_runtimes())
    assert "heatmap 20.00" in bad(with_golden)[0]


def test_golden_of_another_version_is_found(with_golden: Path) -> None:
    path = with_golden / "golden" / "face.json"
    values = json.loads(path.read_text())
    values["sha256"] = "0" * 64
    path.write_text(json.dumps(values))
    assert "belong to another version" in bad(with_golden)[0]


def test_golden_that_is_not_readable_is_found(with_golden: Path) -> None:
    (with_golden / "golden" / "face.json").write_text("{}")
    assert "not golden figures" in bad(with_golden)[0]


def test_model_without_golden_figures_says_so_and_passes(stand_ins: Path) -> None:
    assert bad(stand_ins) == []
    assert any("no golden figures" in finding.detail for finding in findings(stand_ins))


def test_model_that_does_not_fit_its_card_is_found(stand_ins: Path) -> None:
    card = stand_ins / "face.toml"
    card.write_text(card.read_text().replace("width = 64", "width = 96"))
    assert "its input is (1, 48, 64, 3)" in bad(stand_ins)[0]


def test_one_runtime_can_be_verified_alone(with_golden: Path, runtime: Runtime) -> None:
    found = verify(load_cards(with_golden)["face"], runtime)
    assert [finding.check for finding in found if str(runtime) not in finding.check] == ["hash"]
    assert all(finding.ok for finding in found)


def test_unknown_name_is_refused(stand_ins: Path) -> None:
    with pytest.raises(ModelError, match=r"no model is called 'fcae'; there are .*face"):
        list(verify_models(stand_ins, ["fcae"]))


def test_models_are_listed_faces_first(stand_ins: Path) -> None:
    tasks = [card.task for card in list_models(stand_ins)]
    assert tasks == sorted(tasks, reverse=True)
    assert {"face", "emotion"} <= set(tasks)


def test_golden_picture_is_the_same_everywhere() -> None:
    picture = golden.golden_picture(48, 32, 3)
    assert picture.shape == (32, 48, 3)
    assert picture.dtype == np.uint8
    assert picture[5, 7].tolist() == [138, 174, 196]
    assert int(picture.sum()) == 619_620


def test_models_that_ship_are_sound() -> None:
    for card, found in verify_models():
        assert [finding for finding in found if not finding.ok] == [], card.name
