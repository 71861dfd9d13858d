"""The command line of tools/deb."""

import argparse
import platform
import subprocess
import sys
from pathlib import Path

from environment import CLONE, SetUpError, environment

from deb_support.package import ARCHITECTURES, RELEASES, Target, build


def main() -> int:
    """Build what was asked for, in an environment of its own. Return the exit code."""
    parser = argparse.ArgumentParser(
        prog="tools/deb",
        description="Build the Debian package of edged.",
        epilog="On the device: apt install ./edged_*.deb, edit /etc/edged/edged.toml, systemctl start edged.target",
    )
    here = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    parser.add_argument(
        "--debian", type=int, choices=sorted(RELEASES), default=12, help="Debian or Raspberry Pi OS (default: 12)"
    )
    parser.add_argument(
        "--arch", choices=sorted(ARCHITECTURES), default=here, help=f"processor (default: this one's, {here})"
    )
    parser.add_argument("--revision", type=int, default=1, metavar="N", help="of the package, at the same version")
    parser.add_argument("--out", type=Path, default=CLONE / "dist", metavar="FOLDER", help="default: dist/")
    asked = parser.parse_args()
    if asked.arch is None:
        parser.error(f"there is no package for {platform.machine()}: give --arch")
    try:
        python = environment(".venv-deb", "deb", sys.executable)
        print(build(CLONE, python, Target(asked.debian, asked.arch, asked.revision), asked.out))
    except SetUpError as error:
        print(f"tools/deb: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip()
        print(f"tools/deb: {Path(error.cmd[0]).name} failed:\n{said}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"tools/deb: {error.filename} isn't installed: apt install dpkg", file=sys.stderr)
        return 1
    return 0
