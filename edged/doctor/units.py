"""The systemd units, where systemd is."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from edged.doctor.finding import Finding, failure, ok, unseen, warning

TARGET: Final = "edged.target"
SERVICES: Final = ("edged-sense.service", "edged-publish.service")
MANY_RESTARTS: Final = 3
_PROPERTIES: Final = "Id,LoadState,ActiveState,SubState,Result,NRestarts,UnitFileState,StatusText"
_BOOTED: Final = Path("/run/systemd/system")
"""Is there when systemd is the init of this system (sd_booted(3))."""


def judge(units: Sequence[Mapping[str, str]]) -> list[Finding]:
    """Judge what `systemctl show` says of the units."""
    known = {unit["Id"]: unit for unit in units if unit.get("LoadState") == "loaded"}
    if not known:
        return [unseen("units", "edged's units aren't installed", "`edged run`, or the package: docs/INSTALL.md")]
    findings = []
    if TARGET in known and known[TARGET].get("UnitFileState") not in {"enabled", "enabled-runtime"}:
        told = "edged.target is not enabled: after a restart of the device nothing runs"
        findings.append(warning("units", told, "`systemctl enable edged.target`"))
    for name in SERVICES:
        findings.append(_judge(name, known[name]) if name in known else _missing(name))
    return findings


def _missing(name: str) -> Finding:
    return failure("units", f"{name} is not there or can't be read", f"`systemctl status {name}`; install edged again")


def _judge(name: str, unit: Mapping[str, str]) -> Finding:
    state, sub = unit.get("ActiveState", ""), unit.get("SubState", "")
    restarts = int(unit.get("NRestarts") or 0)
    words = f"{name}: {state} ({sub})"
    words += f", {unit['StatusText']}" if unit.get("StatusText") else ""
    words += f", restarted {restarts} times" if restarts else ""
    log = f"`journalctl -u {name} -n 50`; docs/OPERATIONS.md explains each line"
    if state == "active":
        return warning("units", words, log) if restarts >= MANY_RESTARTS else ok("units", words)
    if state == "inactive":
        return warning("units", words, "`systemctl start edged.target`")
    return failure("units", f"{words}, {unit.get('Result', '')}", log)


def look() -> list[Finding]:
    """Ask systemd, and judge."""
    program = shutil.which("systemctl")
    if program is None or not _BOOTED.is_dir():
        return [unseen("units", "systemd doesn't run this system", "nothing, when `edged run` or a container does")]
    asked = subprocess.run(  # noqa: S603  (fixed words)
        [program, "show", "--no-pager", f"--property={_PROPERTIES}", TARGET, *SERVICES],
        capture_output=True,
        text=True,
        check=False,
    )
    return judge(parsed(asked.stdout))


def parsed(text: str) -> list[dict[str, str]]:
    """Read `systemctl show`: KEY=VALUE lines, a block for each unit."""
    blocks = (block.splitlines() for block in text.strip().split("\n\n"))
    return [dict(line.split("=", 1) for line in block if "=" in line) for block in blocks if block]
