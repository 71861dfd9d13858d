"""Fixtures of all tests: the programs and the data that a test may need and a machine may lack.

Rules:
  - A test skips, with the reason, where a program or the shared data is absent.
  - Hypothesis draws the same examples every time.
  - A command that is called in this very process sets up logging as in a process of its own; it is taken back.
  - With EDGED_REQUIRE_REAL_PARTS=1, as in CI, a missing program is a failure: nothing is left out unseen.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

# The same examples every time, and no verdict by the clock: a busy machine is no reason to fail.
settings.register_profile("edged", deadline=None, derandomize=True, database=None)
settings.load_profile("edged")

REPOSITORY = Path(__file__).resolve().parent.parent


def missing(what: str) -> NoReturn:
    """End the test that needs something this machine hasn't got."""
    if os.environ.get("EDGED_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"{what}, and EDGED_REQUIRE_REAL_PARTS=1 asks for it")
    pytest.skip(what)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Take back what a test does to the root logger, so that none depends on those before it."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """Give the path of a program, or end the test that asks for it."""

    def require(name: str) -> str:
        path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if path is None:
            missing(f"{name} isn't installed")
        return path

    return require


@pytest.fixture(scope="session")
def repository() -> Path:
    """The clone under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pictures and videos beside the clone; tests that use it bear the mark `data`."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data isn't there")
    return folder
