"""A configuration that needs what isn't installed is refused at once, by every command that would need it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


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
