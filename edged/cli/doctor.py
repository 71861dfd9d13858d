"""doctor."""

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Final

from edged.cli.common import config_of, config_path
from edged.doctor.cameras import Remarks
from edged.doctor.checks import checks, of_configuration
from edged.doctor.finding import Finding, Level, exit_code
from edged.doctor.rounds import Check, make
from edged.events import sent_to

_MARKS: Final = {Level.OK: "ok", Level.UNSEEN: "–", Level.WARNING: "WARNING", Level.FAILURE: "FAILURE"}
_COLOURS: Final = {Level.OK: "32", Level.UNSEEN: "2", Level.WARNING: "33", Level.FAILURE: "1;31"}
_MARK, _SUBJECT = 9, 16
_NARROWEST: Final = 60


def doctor(parsed: argparse.Namespace) -> int:
    """Look at everything; show a line each, and end with 0 (well), 1 (warnings) or 2 (failures)."""
    path = config_path(parsed)
    config, findings = of_configuration(path, lambda: config_of(parsed))
    remarks = Remarks()
    with sent_to(remarks.hear):
        return _examine([*checks(config, path, remarks)], findings, as_json=parsed.json)


def _examine(to_make: list[Check], findings: list[Finding], *, as_json: bool) -> int:
    if as_json:
        findings += make(to_make)
        told = [{"subject": f.subject, "level": f.level.word, "text": f.text, "mend": f.mend} for f in findings]
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return exit_code(findings)
    print("edged: looking at everything; half a minute, or two where something hangs", file=sys.stderr)
    width = max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST)
    _show(findings, width)
    for finding in make(to_make):
        _show([finding], width)
        findings.append(finding)
    print(_summary(findings))
    return exit_code(findings)


def _show(findings: list[Finding], width: int) -> None:
    for finding in findings:
        print("\n".join(_lines(finding, width, coloured=sys.stdout.isatty())), flush=True)


def _lines(finding: Finding, width: int, *, coloured: bool) -> Iterator[str]:
    """A finding: its mark, what it is about, how it is; what to do on a line of its own."""
    mark = f"{_MARKS[finding.level]:<{_MARK}}"
    shown = f"\x1b[{_COLOURS[finding.level]}m{mark}\x1b[0m" if coloured else mark
    room = width - _MARK - _SUBJECT
    first, *rest = textwrap.wrap(finding.text, room) or [""]
    yield f"{shown}{finding.subject:<{_SUBJECT - 1}} {first}"
    yield from (" " * (_MARK + _SUBJECT) + line for line in rest)
    if finding.mend:
        yield from (" " * (_MARK + _SUBJECT) + line for line in textwrap.wrap(f"→ {finding.mend}", room))


def _summary(findings: list[Finding]) -> str:
    failures, warnings, not_seen = (
        sum(finding.level is level for finding in findings) for level in (Level.FAILURE, Level.WARNING, Level.UNSEEN)
    )
    if not failures and not warnings:
        return "all well" + (f"; {not_seen} not to be seen from here" if not_seen else "")
    return f"{failures} failure(s), {warnings} warning(s), {not_seen} not to be seen from here"
