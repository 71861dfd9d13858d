"""Memory that holds pictures gets to no disk: a crash leaves no image of it, and it is not swapped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing

CRASH = """
import os, resource
from edged.camera.memory import keep_off_the_disk
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
    forbidden, none = left_by_a_crash(bound, "keep_off_the_disk()")
    assert forbidden == "1 1"  # what the kernel takes for none, piped dumps included
    assert none == []
    if not Path("/proc/sys/kernel/core_pattern").read_text().startswith(("|", "/", "@")):
        assert left, "this machine dumps beside the process, so the crash without the limit must have"


LOCK = """
import resource
from edged.camera.memory import keep_off_the_disk
try:
    resource.setrlimit(resource.RLIMIT_MEMLOCK, ({limit}, {limit}))
except ValueError:  # where even root may not raise it, root may lock what it likes all the same
    resource.getrlimit = lambda which: ({limit}, {limit})
keep_off_the_disk()
picture = b"x" * (16 << 20)
print(open("/proc/self/status").read())
"""


def locked_kb(limit: str) -> int:
    ran = subprocess.run([sys.executable, "-c", LOCK.format(limit=limit)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (kb,) = (line.split()[1] for line in ran.stdout.splitlines() if line.startswith("VmLck"))
    return int(kb)


def test_memory_is_locked_where_that_has_no_limit() -> None:
    """Pictures that come after it, too; below a limit nothing is locked, for later requests could fail there."""
    locked = locked_kb("resource.RLIM_INFINITY")
    if locked == 0 and os.geteuid() != 0:
        missing("locked memory has a limit here")
    assert locked > 16 << 10
    assert locked_kb("8 << 20") == 0
