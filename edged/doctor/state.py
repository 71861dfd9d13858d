"""What lies on the disk: rights to files, and the outbox."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edged.camera.v4l2 import device_path
from edged.config.model import Config
from edged.doctor.finding import Finding, failure, ok, unseen, warning
from edged.errors import StoreError
from edged.outbox.peek import Seen, peek

USER: Final = "edged"
"""Who the services run as, where the package is installed."""
GROUPS: Final = ("video", "plugdev")
"""And the groups that the sensing one has beside it (systemd/edged-sense.service)."""
FULL_SHARE: Final = 0.8
MANY_WAITING: Final = 100
_TEST: Final = "/usr/bin/test"


@dataclass(frozen=True, slots=True)
class Right:
    """Whether somebody may do something with a file that is there."""

    path: Path
    what: str
    """"read" or "write"."""
    held: bool


def judge_rights(rights: list[Right], who: str) -> list[Finding]:
    """Judge who may do what."""
    missing = [right for right in rights if not right.held]
    if not rights:
        return [unseen("rights", "nothing is there yet that could be read or written")]
    if not missing:
        return [ok("rights", f"{who} may read and write all that edged needs")]
    return [
        failure("rights", f"{who} may not {right.what} {right.path}", _mend(right, who))
        if who == USER
        else unseen("rights", f"{who} may not {right.what} {right.path}", f"as root, or `sudo -u {USER} edged doctor`")
        for right in missing
    ]


def _mend(right: Right, who: str) -> str:
    if right.path.is_relative_to("/dev"):
        return f"`usermod -aG video,plugdev {who}`"
    if right.what == "write":
        return f"`chown -R {who}: {right.path}`"
    return f"`chgrp {who} {right.path}; chmod g+r {right.path}`"


def look_at_rights(config: Config, file: Path | None) -> list[Finding]:
    """See whether the services' user may do what it must: as root for that user, otherwise for ourselves."""
    broker = config.broker
    readable = (file, broker.password_file, broker.ca_file, broker.certificate_file, broker.key_file)
    devices = [device_path(camera.source) for camera in config.cameras if _is_device(str(camera.source))]
    wanted = [(path, "read") for path in readable if path is not None]
    wanted += [(path, "write") for path in (config.outbox.folder, *devices)]
    as_user = os.geteuid() == 0 and _is_known(USER)
    who = USER if as_user else pwd.getpwuid(os.geteuid()).pw_name if _is_known(os.geteuid()) else "this user"
    there = [(path, what) for path, what in wanted if _is_there(path)]
    return judge_rights([Right(path, what, _may(path, what, as_user=as_user)) for path, what in there], who)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # a folder above it may not be entered: then neither may it
        return True


def _is_device(source: str) -> bool:
    return source.isdecimal() or source.startswith("/dev/")


def _is_known(user: str | int) -> bool:
    try:
        _ = pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _may(path: Path, what: str, *, as_user: bool) -> bool:
    if not as_user:
        return os.access(path, os.R_OK if what == "read" else os.W_OK)
    options = ["-r" if what == "read" else "-w", str(path)]
    asked = subprocess.run([_TEST, *options], user=USER, group=USER, extra_groups=_groups(), check=False)  # noqa: S603
    return asked.returncode == 0


def _groups() -> list[str]:
    import grp  # noqa: PLC0415

    return [name for name in GROUPS if any(group.gr_name == name for group in grp.getgrall())]


def judge_outbox(config: Config, seen: Seen | None, *, publishing: bool | None) -> list[Finding]:
    """Judge what the outbox file holds; `publishing`: whether somebody drains it."""
    if seen is None:
        return [ok("outbox", f"none yet in {config.outbox.folder}: made at the first start")]
    limits, counts = config.outbox, seen.counts
    held = counts.waiting + counts.settled
    full = max(held / limits.max_messages, seen.used_bytes / limits.max_bytes)
    words = f"{counts.waiting} waiting, {held} held, {100 * full:.0f} % full, {counts.dropped} dropped so far"
    report = seen.report
    if report is not None and report.store == "degraded" and publishing:
        told = f"{words}; sense can't write it: {report.last_error or 'no reason given'}"
        return [failure("outbox", told, "disk full, read-only or dying: see disk and card")]
    if full >= FULL_SHARE and counts.waiting:
        return [warning("outbox", words, "let the broker be reached before the oldest are dropped")]
    if counts.waiting >= MANY_WAITING:
        return [warning("outbox", words, "the broker takes nothing, or publish doesn't run: see broker and units")]
    return [ok("outbox", words)]


def look_at_outbox(config: Config, *, publishing: bool | None) -> list[Finding]:
    """Look into the outbox, and judge it."""
    try:
        seen = peek(config.outbox.folder, config.device.id)
    except StoreError as error:
        return [unseen("outbox", str(error), f"as root, or `sudo -u {USER} edged doctor`")]
    return judge_outbox(config, seen, publishing=publishing)
