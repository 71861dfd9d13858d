"""tools/check_ops and tools/golden as people call them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edged.vision.card import shipped_folder


def run(tool: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_every_operation_of_the_models_that_ship_maps(repository: Path) -> None:
    """By the published table; the compiler itself says it only where it can be had."""
    models = sorted(shipped_folder().glob("*.tflite"))
    done = run(repository / "tools" / "check_ops", *models)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("operations map to the Edge TPU") == len(models) > 1


def test_each_operation_that_does_not_map_is_listed_with_the_reason(repository: Path) -> None:
    """A float model: nothing of it runs on an Edge TPU."""
    model = repository / "tests" / "vision" / "second_model" / "fer-mini-xception.tflite"
    done = run(repository / "tools" / "check_ops", model, "--all")
    assert done.returncode == 1
    verdicts = [line for line in done.stdout.splitlines() if "no: a tensor of FLOAT32" in line]
    assert f"{len(verdicts)} of {len(verdicts)} do not map" in done.stdout
    assert len(verdicts) > 1


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [(None, 66, "can't be read"), (b"", 65, "no"), (b"a text, no model", 65, "not a TFLite")],
)
def test_file_that_is_no_model_is_refused(
    content: bytes | None, code: int, said: str, repository: Path, tmp_path: Path
) -> None:
    """In one sentence."""
    if content is not None:
        (tmp_path / "model.tflite").write_bytes(content)
    done = run(repository / "tools" / "check_ops", tmp_path / "model.tflite")
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_golden_figures_of_a_users_model_lie_beside_it(repository: Path, stand_ins: Path) -> None:
    """And are those of the very file."""
    done = run(repository / "tools" / "golden", "face", "--models-folder", stand_ins)
    path = stand_ins / "golden" / "face.json"
    assert (done.returncode, done.stdout) == (0, f"{path}\n")
    assert json.loads(path.read_text())["model"] == "face"


def test_golden_figures_of_a_damaged_model_are_refused(repository: Path, stand_ins: Path) -> None:
    """In one sentence, and nothing is written."""
    (stand_ins / "face.tflite").write_bytes(b"else")
    done = run(repository / "tools" / "golden", "face", "--models-folder", stand_ins)
    assert done.returncode == 65
    assert "this is not the file its card describes" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (stand_ins / "golden").exists()
