"""The process that sees faces has no network: not because it doesn't want one, but because it works without."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.conftest import missing
from tests.end_to_end.process import Settings, finish


def settings(video: Path, state: Path) -> Settings:
    """A short recording, taken fast."""
    return {
        "camera.source": str(video),
        "camera.pace": "fast",
        "windows.length_s": 5,
        "privacy.k": 2,
        "outbox.folder": str(state),
    }


def test_sense_opens_no_internet_socket(short_sample: Path, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """Every socket() of every thread and child, as the kernel sees it."""
    trace = tmp_path / "trace"
    wrapper = (require_tool("strace"), "-f", "-e", "trace=socket", "-o", str(trace))
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        missing("strace may not trace here")
    done = finish(["sense"], settings(short_sample, tmp_path / "state"), wrapper=wrapper)
    assert done.returncode == 0, done.stderr
    seen = trace.read_text()
    assert "+++ exited with 0 +++" in seen  # the trace reaches to the end
    assert "AF_INET" not in seen


def test_sense_works_without_a_network(short_sample: Path, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """In a network namespace of its own, where not even a loopback interface is up, nothing is missing."""
    wrapper = (require_tool("unshare"), "--net" if os.geteuid() == 0 else "-rn")
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        missing("network namespaces may not be made here")
    done = finish(["sense"], settings(short_sample, tmp_path / "state"), wrapper=wrapper)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "state" / "outbox.sqlite").stat().st_size > 0
