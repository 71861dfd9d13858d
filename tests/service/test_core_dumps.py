"""A crash of sense leaves no memory image, which would be a picture on the disk."""

import subprocess
import sys
from pathlib import Path

import pytest

CRASH = """
import os, resource
from edged.service.sense import forbid_core_dumps
soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (2**20 if hard < 0 else min(hard, 2**20), hard))
{forbid}
print(*resource.getrlimit(resource.RLIMIT_CORE), flush=True)
os.abort()
"""


def left_by_a_crash(folder: Path, forbid: str) -> tuple[str, list[Path]]:
    crashed = subprocess.run(
        [sys.executable, "-c", CRASH.format(forbid=forbid)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert crashed.returncode < 0, crashed.stderr
    return crashed.stdout.strip(), list(folder.iterdir())


def test_crash_leaves_no_memory_image(tmp_path: Path) -> None:
    """Where the machine writes core files beside the process that crashed, sense's isn't written."""
    free, bound = tmp_path / "free", tmp_path / "bound"
    free.mkdir()
    bound.mkdir()
    limits, left = left_by_a_crash(free, "")
    if limits.startswith("0"):
        pytest.skip("core dumps are forbidden here altogether")
    forbidden, none = left_by_a_crash(bound, "forbid_core_dumps()")
    assert forbidden == "1 1"  # what the kernel takes for none, piped dumps included
    assert none == []
    if not Path("/proc/sys/kernel/core_pattern").read_text().startswith(("|", "/", "@")):
        assert left, "this machine dumps beside the process, so the crash without the limit must have"
