"""What several commands need: the configuration as the command line asks for it."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from edged.cli.main import DEFAULT_CONFIG
from edged.config.load import load
from edged.config.model import Config
from edged.errors import InputError, MissingInputError, UnavailableError


def config_of(parsed: argparse.Namespace) -> Config:
    """Load the configuration with the command line's overrides."""
    return load(config_path(parsed), parsed.overrides)


def require_parts(config: Config) -> None:
    """Refuse a policy whose parts aren't installed, before anything is begun. Raises UnavailableError."""
    if config.privacy.policy == "differential" and find_spec("opendp") is None:
        raise UnavailableError(
            'privacy.policy = "differential" needs OpenDP, which isn\'t installed: install edged[differential], or set '
            'privacy.policy = "threshold"'
        )


def config_path(parsed: argparse.Namespace) -> Path | None:
    """Return the file that was asked for, or the usual one when it exists."""
    asked: Path | None = getattr(parsed, "file", None) or parsed.config
    try:
        is_there = DEFAULT_CONFIG.exists()
    except PermissionError:  # its folder may not be entered: who loads it says so
        is_there = True
    return asked or (DEFAULT_CONFIG if is_there else None)


def config_arguments(parsed: argparse.Namespace) -> list[str]:
    """Write the options anew, for a child process."""
    path = config_path(parsed)
    chosen = ["--config", str(path)] if path else []
    return [*chosen, *(argument for override in parsed.overrides for argument in ("--set", override))]


@contextmanager
def named_file(path: Path, camera: str) -> Iterator[None]:
    """Tell what is wrong with a recording that somebody named without the camera whose place it takes.

    Raises MissingInputError when it isn't there.
    """
    if not path.exists():
        raise MissingInputError(f"there is no file or folder {path}: check its name")
    try:
        yield
    except (InputError, MissingInputError) as error:
        raise type(error)(str(error).removeprefix(f"camera {camera!r}: ")) from None


def is_same_file(a: Path, b: Path) -> bool:
    """Tell whether two names mean one file that is there."""
    return a.exists() and b.exists() and a.samefile(b)


def say_personal() -> None:
    """Say, beside output about single faces, what that is."""
    print("edged: what follows is about single faces: personal data, which stays on this machine", file=sys.stderr)
