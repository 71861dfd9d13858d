"""Fixtures of the vision tests: a folder of stand-in models, and the runtimes that are installed."""

import sys
from pathlib import Path
from typing import NoReturn

import pytest

from edged.vision.runtime import Runtime, installed_runtimes
from tests.conftest import missing
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
    _missing(request.param)


@pytest.fixture
def both_runtimes() -> list[Runtime]:
    """LiteRT and tflite-runtime; skips where one has no wheel."""
    runtimes = installed_runtimes()
    if len(runtimes) < 2:
        _missing("one of the two runtimes")
    return runtimes


def _missing(what: str) -> NoReturn:
    # From Python 3.12 on there is only LiteRT, and nothing to be had that is missing.
    if sys.version_info < (3, 12):
        missing(f"{what} isn't installed")
    pytest.skip(f"{what} isn't made for this Python")
