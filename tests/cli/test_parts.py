"""A configuration that needs what isn't installed is refused at once, by every command that would need it."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from edged.cli.main import main
from edged.errors import ExitCode
from tests.conftest import missing


@pytest.mark.parametrize("command", ["check-config", "run", "sense"])
def test_differential_policy_without_opendp_is_refused(command: str, tmp_path: Path, repository: Path) -> None:
    """One sentence that says what to do, exit code 69, and nothing is begun."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['opendp'] = None\n")
    state = tmp_path / "state"
    settings = ["privacy.policy=differential", f"outbox.folder={state}"]
    options = [part for setting in settings for part in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "-m", "edged", command, *options],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(repository)])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 69, done.stderr
    (sentence,) = done.stderr.splitlines()
    assert "needs OpenDP, which isn't installed: install edged[differential]" in sentence
    assert done.stdout == ""
    assert not state.exists()


def test_differential_policy_is_said_with_its_budget(capsys: pytest.CaptureFixture[str]) -> None:
    """`edged check-config` and `edged privacy` name ε and what a day may cost, and promise no more than noise can."""
    if find_spec("opendp") is None:
        missing("OpenDP isn't installed")
    options = [
        part
        for key in ("policy=differential", "epsilon=0.5", "daily_epsilon=7")
        for part in ("--set", "privacy." + key)
    ]
    assert main(["check-config", "/dev/null", *options]) == ExitCode.OK
    assert "ε 0.5 a window, 7 in 24 hours" in capsys.readouterr().out
    assert main(["privacy", "--config", "/dev/null", *options]) == ExitCode.OK
    statement = " ".join(capsys.readouterr().out.split())
    assert "at the most 1.65 times as likely" in statement
    assert "cost ε = 7 at the most" in statement
    assert "multiples of" not in statement
    assert "and at the most;" not in statement
    assert '"daily_epsilon": 7.0' in statement
