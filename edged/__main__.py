"""`python -m edged` is the same as `edged`."""

from edged.cli.main import entry_point

entry_point()
