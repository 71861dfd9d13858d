"""Fixtures of the vision tests: a folder of stand-in models, and the runtimes that are installed."""

from pathlib import Path

import pytest

from edged.vision.runtime import Runtime, installed_runtimes
from tests.vision import tiny_models


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """A folder with the face stand-in "face" and the emotion stand-in "feeling"."""
    tiny_models.write_face(tmp_path)
    tiny_models.write_emotion(tmp_path, "feeling")
    return tmp_path


@pytest.fixture(params=["litert", "tflite-runtime"])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """Each runtime; skips where it has no wheel."""
    for runtime in installed_runtimes():
        if runtime.name == request.param:
            return runtime
    pytest.skip(f"{request.param} isn't installed")
