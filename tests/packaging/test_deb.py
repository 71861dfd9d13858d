"""The Debian package, built as tools/deb builds it, and the units in it as systemd judges them.

Rules:
  - Nothing is installed here: `tools/trial` does that, on Debians of its own.
  - systemd-analyze sees the package's /opt/edged where it would lie, in a mount namespace of its own.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import missing

UNITS = ("edged-sense.service", "edged-publish.service", "edged.target")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, "tools")
from deb_support.package import Target, build
print(build(Path.cwd(), Path(sys.executable), Target(12, sys.argv[1], 1), Path(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def package(repository: Path, tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> Path:
    """The package for Debian 12 and this processor."""
    require_tool("dpkg-deb")
    folder = tmp_path_factory.mktemp("deb")
    built = subprocess.run(
        [sys.executable, "-c", _BUILD, ARCHITECTURES[platform.machine()], str(folder)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0 and "uv" in built.stderr:
        missing(f"the package index doesn't give what the package is made of:\n{built.stderr[-500:]}")
    assert built.returncode == 0, built.stderr
    return Path(built.stdout.strip())


@pytest.fixture(scope="module")
def root(package: Path, require_tool: Callable[[str], str]) -> Path:
    """The package's files."""
    root = package.with_name("root")
    subprocess.run([require_tool("dpkg-deb"), "-R", str(package), str(root)], check=True)
    return root


def test_package_holds_all_that_a_device_needs_and_no_tests(root: Path) -> None:
    """Program, libraries, models, units, user, device rights, sample configuration."""
    files = {str(path.relative_to(root)) for path in root.rglob("*")}
    site = "opt/edged/lib/python3.11/site-packages"
    needed = {
        *(f"usr/lib/systemd/system/{unit}" for unit in UNITS),
        *("usr/lib/sysusers.d/edged.conf", "usr/lib/tmpfiles.d/edged.conf", "usr/lib/udev/rules.d/60-edged.rules"),
        *("usr/bin/edged", "opt/edged/bin/edged", "opt/edged/bin/python", "usr/share/edged/edged.toml"),
        *(
            f"{site}/{part}"
            for part in ("edged/models/emotion.tflite", "cv2", "numpy", "ai_edge_litert", "paho", "rich")
        ),
    }
    assert needed <= files
    assert not [name for name in files if name.startswith((f"{site}/tests", f"{site}/tools", f"{site}/pytest"))]
    assert not [name for name in files if name.startswith("etc/")]  # the configuration is the device's own


def test_maintainer_scripts_are_sound_shell(root: Path) -> None:
    """They run as root on a machine nobody sees."""
    for name in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", str(root / "DEBIAN" / name)], check=True)
        assert os.access(root / "DEBIAN" / name, os.X_OK)


def test_units_are_verified_by_systemd(root: Path, require_tool: Callable[[str], str]) -> None:
    """systemd-analyze finds nothing to say about the installed units."""
    require_tool("systemd-analyze")
    wrapper = [require_tool("unshare"), "--mount" if os.geteuid() == 0 else "-rm"]
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        missing("mount namespaces may not be made here")
    units = [str(root / "usr/lib/systemd/system" / unit) for unit in UNITS]
    lay = 'mount -t tmpfs tmpfs /opt && mkdir /opt/edged && mount --bind "$0" /opt/edged && systemd-analyze verify "$@"'
    verified = subprocess.run(
        [*wrapper, "sh", "-c", lay, str(root / "opt/edged"), *units], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS[:2])
def test_units_leave_little_exposed(root: Path, unit: str, require_tool: Callable[[str], str]) -> None:
    """1.5 or less on systemd's scale of 10."""
    path = root / "usr/lib/systemd/system" / unit
    judged = subprocess.run(
        [require_tool("systemd-analyze"), "security", "--offline=true", "--threshold=15", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-300:] + judged.stderr
    assert "Overall exposure level" in judged.stdout


def test_units_are_started_again_for_ever(root: Path) -> None:
    """No limit of starts, in any unit, and a watchdog in each."""
    for unit in UNITS[:2]:
        lines = (root / "usr/lib/systemd/system" / unit).read_text().splitlines()
        assert {"StartLimitIntervalSec=0", "Restart=always", "WatchdogSec=30", "Type=notify"} <= set(lines)
