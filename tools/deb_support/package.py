"""Lays out the package's files and packs them.

Strategy: one package per Debian release and processor, since each release has one Python. All of edged's environment
lies under /opt/edged, owned by dpkg file by file: a virtual environment that is never made on the device, so that an
installation needs no network and no pip, `dpkg --verify edged` finds a damaged file, and removal leaves nothing.

    /opt/edged                          interpreter link, libraries, edged, its models
    /usr/bin/edged                      the command
    /usr/lib/{systemd,sysusers.d,tmpfiles.d,udev}   units, user, folders, device rights
    /usr/share/edged/edged.toml         the sample; copied to /etc/edged once, and never touched again

Rules:
  - Wheels for the target are chosen by uv, which weighs platform and Python version without running either.
  - The configuration is no conffile: an upgrade never asks and never overwrites.
  - Times and order are fixed, so that the same commit and the same wheels give the same package.
  - zstd, not xz: a small device unpacks it in a fraction of the time.
"""

import os
import shutil
import stat
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ARCHITECTURES: Final[Mapping[str, str]] = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name → that of wheels."""


@dataclass(frozen=True)
class Release:
    """What a Debian release brings."""

    python: str
    glibc: str
    steps: bool
    """systemd knows RestartSteps= and Type=notify-reload (254)."""


RELEASES: Final[Mapping[int, Release]] = {
    12: Release("3.11", "2.36", steps=False),
    13: Release("3.13", "2.41", steps=True),
}
SERVICES: Final = ("edged-sense", "edged-publish")
_SCRIPTS: Final = ("postinst", "prerm", "postrm")
_NEEDS: Final = ("systemd", "init-system-helpers (>= 1.51)", "procps", "tzdata", "ca-certificates")
_HOME: Final = Path("opt/edged")


@dataclass(frozen=True)
class Target:
    """Which device a package is for."""

    debian: int
    arch: str
    revision: int


def build(clone: Path, python: Path, target: Target, out: Path) -> Path:
    """Build the package into `out` and return its path. Raises CalledProcessError when a program fails."""
    release = RELEASES[target.debian]
    version = tomllib.loads((clone / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    full = f"{version}-{target.revision}~deb{target.debian}"
    made = int(_run("git", "-C", clone, "log", "-1", "--format=%ct") or "0")
    with tempfile.TemporaryDirectory(prefix="edged-deb-") as folder:
        root = Path(folder, "root")
        root.mkdir(mode=0o755)
        _lay_environment(root, clone, python, release, ARCHITECTURES[target.arch], Path(folder))
        _lay_system(root, clone, release)
        _lay_documents(root, clone)
        _lay_control(root, target.arch, full, release)
        _settle(root, made)
        out.mkdir(parents=True, exist_ok=True)
        package = out / f"edged_{full}_{target.arch}.deb"
        surroundings = {**os.environ, "SOURCE_DATE_EPOCH": str(made)}
        _run("dpkg-deb", "--root-owner-group", "-Zzstd", "--build", root, package, surroundings=surroundings)
    return package


def _lay_environment(root: Path, clone: Path, python: Path, release: Release, machine: str, folder: Path) -> None:
    """Lay out /opt/edged: what `python -m venv` and `pip install` would make on the target."""
    home, site = root / _HOME, root / _HOME / "lib" / f"python{release.python}" / "site-packages"
    site.mkdir(parents=True)
    (home / "bin").mkdir()
    for name, points_to in (("python", f"/usr/bin/python{release.python}"), ("python3", "python")):
        (home / "bin" / name).symlink_to(points_to)
    # The system's packages are seen after ours: picamera2 exists only there.
    (home / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = true\nversion = {release.python}\n"
    )
    _run(python, "-m", "build", "--wheel", "--outdir", folder, clone)
    (wheel,) = folder.glob("*.whl")
    _run(
        *(python, "-m", "uv", "pip", "install", "--no-config", "--target", site, "--only-binary", ":all:"),
        *("--python-version", release.python, "--python-platform", f"{machine}-manylinux_{_fit(release.glibc)}"),
        *("--link-mode", "copy", f"{wheel}[watch]"),  # rich: `edged aim` and `edged watch` on the device
    )
    shutil.rmtree(site / "bin", ignore_errors=True)
    (site / ".lock").unlink(missing_ok=True)
    for compiled in [*site.rglob("__pycache__")]:  # a few wheels hold some; the device makes its own
        shutil.rmtree(compiled)
    command = home / "bin" / "edged"
    command.write_text("#!/opt/edged/bin/python\nfrom edged.cli.main import entry_point\n\nentry_point()\n")
    command.chmod(0o755)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/edged").symlink_to("/opt/edged/bin/edged")


def _fit(glibc: str) -> str:
    """The newest platform that uv knows and the release has; a newer C library runs what older ones run."""
    return min(("2_36", "2_40"), key=lambda known: abs(float(known.replace("_", ".")) - float(glibc)))


def _lay_system(root: Path, clone: Path, release: Release) -> None:
    systemd, units = clone / "systemd", root / "usr/lib/systemd/system"
    for source in (systemd / "edged.target", *(systemd / f"{name}.service" for name in SERVICES)):
        _put(source, units / source.name)
    for name in SERVICES if release.steps else ():
        _put(systemd / "systemd-254/restart.conf", units / f"{name}.service.d/10-restart.conf")
    _put(systemd / "edged.sysusers", root / "usr/lib/sysusers.d/edged.conf")
    _put(systemd / "edged.tmpfiles", root / "usr/lib/tmpfiles.d/edged.conf")
    _put(systemd / "60-edged.rules", root / "usr/lib/udev/rules.d/60-edged.rules")
    _put(clone / "config/edged.toml", root / "usr/share/edged/edged.toml")
    _put(clone / "config/mosquitto.conf", root / "usr/share/edged/mosquitto.conf")


def _lay_documents(root: Path, clone: Path) -> None:
    documents = root / "usr/share/doc/edged"
    for source in (clone / "README.md", *sorted((clone / "docs").glob("*.md"))):
        _put(source, documents / source.relative_to(clone))
    for source in sorted((clone / "systemd/drop-ins").glob("*.conf")):
        _put(source, documents / "drop-ins" / source.name)
    _put(clone / "models/LICENSES.md", documents / "models/LICENSES.md")
    (documents / "copyright").write_text(
        "edged and the libraries it stands on.\n\n"
        "The models' licences: models/LICENSES.md in this folder. Each library's licence lies beside it:\n"
        "/opt/edged/lib/python3*/site-packages/*.dist-info.\n"
    )


def _lay_control(root: Path, arch: str, version: str, release: Release) -> None:
    control = root / "DEBIAN"
    control.mkdir()
    size = sum(path.lstat().st_size for path in root.rglob("*") if path.is_file()) // 1024
    needs = f"python{release.python}, libc6 (>= {release.glibc}), {', '.join(_NEEDS)}"
    (control / "control").write_text(
        f"""\
Package: edged
Version: {version}
Architecture: {arch}
Maintainer: edged maintainers <edged@localhost>
Installed-Size: {size}
Depends: {needs}
Suggests: mosquitto, python3-picamera2, libedgetpu1-std
Section: misc
Priority: optional
Description: anonymised visit and emotion statistics from a shop camera
 edged counts visits and their emotions on the device and publishes anonymised
 window aggregates over MQTT. The process that sees faces has no network; the
 process that has the network sees no faces.
"""
    )
    sums = [
        f"{_run('md5sum', path).split()[0]}  {path.relative_to(root)}"
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink() and control not in path.parents
    ]
    (control / "md5sums").write_text("\n".join(sums) + "\n")
    for name in _SCRIPTS:
        _put(Path(__file__).parent / name, control / name)
        (control / name).chmod(0o755)


def _settle(root: Path, made: int) -> None:
    """Give every file a plain mode and the commit's time."""
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (made, made), follow_symlinks=False)


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _run(*words: str | Path, surroundings: Mapping[str, str] | None = None) -> str:
    return subprocess.run(
        [str(word) for word in words], check=True, capture_output=True, text=True, env=surroundings
    ).stdout
