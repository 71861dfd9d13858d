"""The steps of tools/test, each told in one line with its duration. Standard library only, and an old syntax.

Rules:
  - Every step runs, whatever became of those before it: one look shows all that is wrong.
  - What a step has to say is shown when it failed; pytest is shown while it runs.
  - The last line counts tests and steps together, so that nothing which failed is missing from it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

from environment import CLONE, SetUpError, environment

STEPS = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy --strict", ("mypy",)),
    ("import rules", ("lint-imports",)),
)
"""(what, command) of each step before pytest; what they check and how strictly stands in pyproject.toml."""
BESIDE = ("-n", "3", "--dist", "loadfile")
"""Three files at a time: most of their time is waiting for processes. `tools/test -n 0` takes one after the other."""


def main() -> int:
    """Run all steps; 0 when all is well."""
    parser = argparse.ArgumentParser(
        prog="tools/test", description="Run everything that CI runs.", epilog="Further arguments go to pytest."
    )
    parser.add_argument("--python", default=sys.executable, help="interpreter to make the environment with")
    arguments, for_pytest = parser.parse_known_args()
    try:
        python = environment(".venv-test", "test", arguments.python)
        return _run(python.parent, for_pytest)
    except SetUpError as error:
        print(f"test: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(programs: Path, for_pytest: list[str]) -> int:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    surroundings["PATH"] = f"{programs}{os.pathsep}{surroundings.get('PATH', os.defpath)}"
    passed = failed = skipped = 0
    for what, command in STEPS:
        begun = time.monotonic()
        done = subprocess.run(
            [str(programs / command[0]), *command[1:]],
            cwd=str(CLONE),
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        well = done.returncode == 0
        if not well:
            print(done.stdout.decode(errors="replace"))
        _tell(what, well, begun)
        passed, failed = passed + well, failed + (not well)

    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="edged-test-") as folder:
        told = Path(folder, "result.xml")
        pytest = [str(programs / "python"), "-m", "pytest", *BESIDE, f"--junitxml={told}", *for_pytest]
        code = subprocess.run(pytest, cwd=str(CLONE), env=surroundings, check=False).returncode
        counts = _counts(told)
    _tell("pytest", code == 0, begun)
    passed, failed, skipped = passed + counts[0], failed + counts[1], counts[2]
    if code != 0 and counts[1] == 0:  # pytest itself failed: a wrong argument, a test that can't be imported
        failed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def _tell(what: str, well: bool, begun: float) -> None:
    print(f"{what:<14} {'ok' if well else 'FAILED':<6} {time.monotonic() - begun:6.1f} s", flush=True)


def _counts(told: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) of pytest's result file; zeros when there is none."""
    if not told.is_file():
        return 0, 0, 0
    passed = failed = skipped = 0
    for case in ElementTree.parse(str(told)).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped
