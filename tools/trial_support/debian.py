"""A Debian in a folder, a package for it, and the list of what was found.

Rules:
  - A root folder is made once and kept in the cache; each trial works on a copy.
  - Whatever was mounted into it is unmounted before the folder goes.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CODENAMES: Final = {12: "bookworm", 13: "trixie"}
CLONE: Final = Path(__file__).resolve().parents[2]
_ESSENTIALS: Final = "systemd,systemd-sysv,dbus,udev,python3,ca-certificates,tzdata,init-system-helpers"
_MIRROR: Final = "http://deb.debian.org/debian"


class Findings:
    """What was looked at, told as it comes."""

    def __init__(self) -> None:
        self.good = self.bad = 0

    def note(self, holds: bool, what: str, detail: str = "") -> None:
        """Count and tell one finding."""
        self.good, self.bad = self.good + holds, self.bad + (not holds)
        print(f"{'ok    ' if holds else 'FAILED'} {what}{': ' + detail if detail else ''}", flush=True)


def base(debian: int, arch: str, cache: Path, include: str = _ESSENTIALS) -> Path:
    """Return the root folder of a plain Debian with a list of packages, made when the cache has none."""
    root = cache / f"base-{CODENAMES[debian]}-{arch}"
    if not root.exists():
        half = root.with_name(f"{root.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        print(f"       making a Debian {debian} for {arch} …", flush=True)
        call(
            *("debootstrap", "--variant=minbase", f"--arch={arch}", f"--include={include}"),
            *(CODENAMES[debian], half, os.environ.get("DEBIAN_MIRROR", _MIRROR)),
        )
        half.rename(root)
    return root


def package(debian: int, arch: str, revision: int, cache: Path) -> Path:
    """Return a package of this clone, built when the cache has none."""
    pattern = f"edged_*-{revision}~deb{debian}_{arch}.deb"
    if not list(cache.glob(pattern)):
        print(f"       building revision {revision} for Debian {debian}, {arch} …", flush=True)
        call(
            *(sys.executable, CLONE / "tools/deb", "--debian", str(debian), "--arch", arch),
            *("--revision", str(revision), "--out", cache),
        )
    (found,) = cache.glob(pattern)
    return found


@contextmanager
def copied(root: Path, name: str) -> Iterator[Path]:
    """Work on a copy of a root folder that can be chrooted into."""
    copy = root.with_name(name)
    shutil.rmtree(copy, ignore_errors=True)
    call("cp", "-a", "--reflink=auto", root, copy)
    (copy / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (copy / "usr/sbin/policy-rc.d").chmod(0o755)
    shutil.copyfile("/etc/resolv.conf", copy / "etc/resolv.conf")
    call("mount", "-t", "proc", "proc", copy / "proc")
    call("mount", "--bind", "/dev", copy / "dev")
    try:
        yield copy
    finally:
        call("umount", copy / "dev")
        call("umount", copy / "proc")
        shutil.rmtree(copy)


@contextmanager
def plain(root: Path) -> Iterator[Path]:
    """The same folder at another path, without what is mounted in it."""
    other = root.with_name(f"{root.name}-plain")
    other.mkdir()
    call("mount", "--bind", root, other)
    try:
        yield other
    finally:
        call("umount", other)
        other.rmdir()


def inside(root: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program inside a root folder."""
    surroundings = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBIAN_FRONTEND": "noninteractive",
        "LC_ALL": "C.UTF-8",
        "HOME": "/root",
    }
    return subprocess.run(
        ["chroot", str(root), *words],
        env=surroundings,
        check=check,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def apt(root: Path, *packages: str) -> None:
    """Install packages inside a root folder."""
    inside(root, "apt-get", "update", "-q")
    inside(root, "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages)


def call(*words: str | Path) -> str:
    """Run a program of this machine; return what it says. Raises CalledProcessError."""
    return subprocess.run(
        [str(word) for word in words], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    ).stdout


def files(root: Path, places: Sequence[str] = ("opt", "etc", "usr", "var/lib", "home")) -> set[str]:
    """Every file and folder below some places of a root folder, but for what dpkg and apt keep for themselves."""
    own = ("var/lib/dpkg", "var/lib/apt", "var/lib/systemd/deb-systemd-helper", "usr/share/doc/python3")
    found = {str(path.relative_to(root)) for place in places for path in (root / place).rglob("*")}
    return {path for path in found if not path.startswith(own) and "__pycache__" not in path}
