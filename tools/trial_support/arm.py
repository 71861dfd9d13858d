"""The arm64 package on an arm64 Debian, each program emulated by qemu-user: does what a Raspberry Pi will run, run?

Rules:
  - Correctness only: an emulated processor says nothing about speed.
  - qemu-aarch64-static lies inside the root folder; where the kernel has no binfmt entry for it, one is made and taken
    away again.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from trial_support.debian import CLONE, Findings, apt, base, call, copied, inside, package

_BINFMT: Final = Path("/proc/sys/fs/binfmt_misc")
_NAME: Final = "edged-trial-aarch64"
_QEMU: Final = "/usr/bin/qemu-aarch64-static"
_MAGIC: Final = (
    r":%s:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:%s:F"
)
"""ELF, 64 bit, little endian, EM_AARCH64; F: the kernel opens the interpreter now, so that it works in a chroot."""
_PATIENT: Final = "WATCHDOG_USEC=1800000000"
"""An emulated stage may take many times as long as the watchdog usually allows."""
_CLIP: Final = ("-t", "3", "-i", str(CLONE / "tools/sample/sample.mp4"), "-an", "-r", "4")
"""Thirteen pictures of the sample: every picture is looked at, and an emulated look takes seconds."""
_FAST: Final = (
    *("--set", "camera.source=/root/clip.mp4", "--set", "camera.pace=fast", "--set", "windows.length_s=10"),
    *("--set", "privacy.k=2", "--set", "visits.same_person_s=0", "--set", "visits.min_sightings=1"),
    *("--set", "visits.min_duration_s=0", "--set", "outbox.folder=/root/state"),
)


def run(debian: int, cache: Path, findings: Findings) -> None:
    """Try it."""
    deb = package(debian, "arm64", 1, cache)
    with _emulated(), copied(base(debian, "arm64", cache, "ca-certificates"), f"arm64-{debian}") as root:
        findings.note(True, "runs as", inside(root, "uname", "-m").stdout.strip())
        shutil.copyfile(deb, root / "root" / deb.name)
        call("ffmpeg", "-v", "error", *_CLIP, root / "root/clip.mp4")
        apt(root, f"/root/{deb.name}")
        findings.note(True, "installs", inside(root, "edged", "--version").stdout.strip())
        began = time.monotonic()
        verified = inside(root, "edged", "models", "verify", check=False)
        took = f"{verified.stdout.strip().splitlines()[-1]}, {time.monotonic() - began:.0f} s"
        findings.note(verified.returncode == 0, "edged models verify", took)
        began = time.monotonic()
        sensed = inside(root, "env", _PATIENT, "edged", "sense", *_FAST, check=False)
        took = f"{time.monotonic() - began:.0f} s, exit code {sensed.returncode}, {sensed.stderr.strip()[-300:]}"
        findings.note(sensed.returncode == 0, "edged sense takes a clip", took)
        windows = _windows(root)
        released = [window for window in windows if window["state"] == "released"]
        findings.note(bool(released), "windows in the outbox", f"{len(windows)}, of them released {len(released)}")


def _windows(root: Path) -> list[dict[str, object]]:
    """The window messages in the outbox of the trial."""
    with closing(sqlite3.connect(root / "root/state/outbox.sqlite")) as outbox:
        return [json.loads(body) for (body,) in outbox.execute("SELECT body FROM message ORDER BY sequence")]


@contextmanager
def _emulated() -> Iterator[None]:
    """Let the kernel run arm64 programs."""
    if not (_BINFMT / "register").exists():
        call("mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT)
    ours = not list(_BINFMT.glob("*aarch64*"))
    if ours:
        (_BINFMT / "register").write_text(_MAGIC % (_NAME, _QEMU))
    try:
        yield
    finally:
        if ours:
            (_BINFMT / _NAME).write_text("-1")
