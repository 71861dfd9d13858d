"""The command line of tools/trial."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from trial_support import arm, boot, installation
from trial_support.debian import CODENAMES, Findings

_TRIALS: dict[str, tuple[Callable[[int, Path, Findings], None], tuple[str, ...]]] = {
    "install": (installation.run, ("debootstrap", "dpkg-deb")),
    "container": (boot.in_container, ("debootstrap", "dpkg-deb", "systemd-nspawn")),
    "machine": (boot.in_machine, ("debootstrap", "dpkg-deb", "mke2fs", "qemu-system-x86_64")),
    "arm64": (arm.run, ("debootstrap", "dpkg-deb", "ffmpeg", "qemu-aarch64-static")),
}
"""What each trial does, and the programs that it needs."""
_PACKAGES = "apt install debootstrap dpkg e2fsprogs ffmpeg qemu-system-x86 qemu-user-static systemd-container"


def main() -> int:
    """Run one trial; return 0 when all that it looked at held."""
    parser = argparse.ArgumentParser(prog="tools/trial", description="Try the Debian package on a Debian of its own.")
    parser.add_argument("trial", choices=sorted(_TRIALS))
    parser.add_argument("--debian", type=int, choices=sorted(CODENAMES), default=12)
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keeps Debians and packages for the next trial (some GB)"
    )
    asked = parser.parse_args()
    run, programs = _TRIALS[asked.trial]
    lacking = [
        program for program in programs if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None
    ]
    if os.geteuid() != 0 or lacking:
        print(f"tools/trial: must be run by root, with {', '.join(programs)}: {_PACKAGES}", file=sys.stderr)
        return 69
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="edged-trial-") as folder:
        cache = asked.cache or Path(folder)
        cache.mkdir(parents=True, exist_ok=True)
        try:
            run(asked.debian, cache, findings)
        except subprocess.CalledProcessError as error:
            said = f"{error.stdout or ''}{error.stderr or ''}".strip()
            findings.note(False, f"{' '.join(map(str, error.cmd))} ended with {error.returncode}", said[-3000:])
    print(f"{findings.good} passed, {findings.bad} failed")
    return 1 if findings.bad or not findings.good else 0
