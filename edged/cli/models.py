"""models list, models verify."""

import argparse
import dataclasses
import json

from edged.errors import ExitCode, MissingInputError
from edged.vision.card import Card
from edged.vision.verify import list_models, verify_models


def models(parsed: argparse.Namespace) -> ExitCode:
    """List the models, or verify them."""
    if parsed.folder is not None and not parsed.folder.is_dir():
        raise MissingInputError(
            f"--folder {parsed.folder}: there is no such folder; name one with model cards (*.toml)"
        )
    return _list(parsed) if parsed.action == "list" else _verify(parsed)


def _list(parsed: argparse.Namespace) -> ExitCode:
    cards = list_models(parsed.folder)
    if parsed.json:
        print(json.dumps([card.model_dump(mode="json") for card in cards], indent=2, ensure_ascii=False))
        return ExitCode.OK
    print(f"{'NAME':<22}{'TASK':<9}{'INPUT':<10}{'SHA-256':<14}{'LICENCE':<14}SUMMARY")
    for card in cards:
        print(_row(card))
    return ExitCode.OK


def _row(card: Card) -> str:
    licence = card.origin.licence.split()[0].rstrip(",;")
    size = f"{card.input.width}×{card.input.height}"
    return f"{card.name:<22}{card.task:<9}{size:<10}{card.short_hash:<14}{licence:<14}{card.summary}"


def _verify(parsed: argparse.Namespace) -> ExitCode:
    """Print each finding; end with DATA when one is bad."""
    results = [(card.name, findings) for card, findings in verify_models(parsed.folder)]
    if parsed.json:
        shown = {name: [dataclasses.asdict(finding) for finding in findings] for name, findings in results}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        for name, findings in results:
            for finding in findings:
                print(f"{'ok ' if finding.ok else 'BAD'} {name:<22} {finding.check}: {finding.detail}")
        bad = sum(any(not finding.ok for finding in findings) for _, findings in results)
        print(f"{len(results) - bad} of {len(results)} models are sound")
    return ExitCode.OK if all(finding.ok for _, findings in results for finding in findings) else ExitCode.DATA
