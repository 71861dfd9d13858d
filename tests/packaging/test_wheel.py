"""edged as pip installs it: a wheel in an environment of its own, used from a folder that isn't the clone's.

Rules:
  - What the wheel asks for is fetched as on a device: a dependency that only the tests' environment has is missed here.
  - Without a package index there is nothing to try; in CI that is a failure.
"""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import cv2
import pytest

from tests.conftest import missing

LONG_S = 540.0
"""Seconds for pip to fetch and unpack everything, on a slow line."""


def call(*words: str | Path, at: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with nothing of the tests' own environment in its way."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("EDGED_", "PYTHON"))}
    return subprocess.run(
        [str(word) for word in words],
        cwd=at,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder far from the clone."""
    return tmp_path_factory.mktemp("installed")


@pytest.fixture(scope="module")
def wheel(repository: Path, folder: Path) -> Path:
    """The wheel of the clone as it stands."""
    built = call(sys.executable, "-m", "build", "--wheel", "--outdir", folder, repository, at=folder)
    if built.returncode != 0 and "hatchling" in built.stdout + built.stderr:
        missing(f"the package index doesn't give what builds edged:\n{built.stdout[-500:]}")
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def programs(wheel: Path, folder: Path) -> Path:
    """Folder of the programs of an environment that holds the wheel and what it asks for."""
    call(sys.executable, "-m", "venv", "fresh", at=folder)
    programs = folder / "fresh" / "bin"
    installed = call(programs / "python", "-m", "pip", "install", "--quiet", wheel, at=folder)
    if installed.returncode != 0:
        missing(f"the package index doesn't give what edged asks for:\n{installed.stderr[-500:]}")
    return programs


def test_wheel_holds_models_and_sample_configuration_and_no_tests(wheel: Path, repository: Path) -> None:
    """A device gets all it needs to see, and nothing it would never use."""
    names = set(zipfile.ZipFile(wheel).namelist())
    models = {path.name for path in (repository / "models").glob("*.t*")}
    assert {f"edged/models/{name}" for name in models} <= names
    assert {"edged/py.typed", "edged/config/edged.toml"} <= names
    page = {path.name for path in (repository / "edged" / "http" / "page").iterdir()}
    assert {f"edged/http/page/{name}" for name in page} <= names
    assert all(name.startswith(("edged/", "edged-")) for name in names)


def test_installed_models_are_sound(programs: Path, folder: Path) -> None:
    """`edged models verify` finds every model in the package itself, and each of them works."""
    verified = call(programs / "edged", "models", "verify", at=folder)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    listed = call(programs / "edged", "models", "list", "--json", at=folder)
    assert listed.returncode == 0, listed.stderr
    assert "emotion" in listed.stdout
    assert "centerface" in listed.stdout


def test_installed_schema_and_configuration_work(programs: Path, folder: Path, repository: Path) -> None:
    """What a person asks first, `schema` and `check-config`, works outside the clone."""
    schemas = json.loads(call(programs / "edged", "schema", at=folder).stdout)
    assert set(schemas) == {"window", "gap", "status"}
    checked = call(programs / "edged", "check-config", repository / "config" / "edged.toml", at=folder)
    assert checked.returncode == 0, checked.stderr


def test_installed_version_is_the_project_s(programs: Path, folder: Path, repository: Path) -> None:
    """The package and the program agree on their version."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert call(programs / "edged", "--version", at=folder).stdout.split() == ["edged", project["version"]]


def test_installed_package_finds_faces(programs: Path, folder: Path, repository: Path) -> None:
    """Pictures, runtime and models work with nothing but what the wheel asks for."""
    video = cv2.VideoCapture(str(repository / "tools" / "sample" / "sample.mp4"))
    video.set(cv2.CAP_PROP_POS_MSEC, 4000)  # two people are in view
    cv2.imwrite(str(folder / "people.png"), video.read()[1])
    analysed = call(programs / "edged", "analyze", "people.png", "--config", os.devnull, at=folder)
    assert analysed.returncode == 0, analysed.stderr
    assert len(json.loads(analysed.stdout)["faces"]) == 2


def test_demo_and_test_parts_stay_off_the_device(programs: Path, folder: Path) -> None:
    """A broker and a table printer have no business on a device."""
    present = call(programs / "python", "-m", "pip", "list", "--format", "json", at=folder).stdout
    names = {package["name"].lower() for package in json.loads(present)}
    assert not names & {"amqtt", "rich", "pytest", "hypothesis", "mypy", "ruff"}
