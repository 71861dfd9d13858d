"""What several commands need: the configuration as the command line asks for it."""

import argparse
from pathlib import Path

from edged.cli.main import DEFAULT_CONFIG
from edged.config.load import load
from edged.config.model import Config


def config_of(parsed: argparse.Namespace) -> Config:
    """Load the configuration with the command line's overrides."""
    return load(config_path(parsed), parsed.overrides)


def config_path(parsed: argparse.Namespace) -> Path | None:
    """Return the file that was asked for, or the usual one when it exists."""
    asked: Path | None = parsed.config
    return asked or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)


def config_arguments(parsed: argparse.Namespace) -> list[str]:
    """Write the options anew, for a child process."""
    path = config_path(parsed)
    chosen = ["--config", str(path)] if path else []
    return [*chosen, *(argument for override in parsed.overrides for argument in ("--set", override))]
