"""schema."""

import argparse
import json

from edged import __version__
from edged.errors import ExitCode, UsageError
from edged.messages import asyncapi


def schema(parsed: argparse.Namespace) -> ExitCode:
    """Print JSON Schema (draft 2020-12) of one message or of all by name, or the AsyncAPI document."""
    if parsed.format == "asyncapi":
        if parsed.message:
            raise UsageError("an AsyncAPI document describes all messages: leave the message out, or --format")
        shown = asyncapi.document(__version__)
    elif parsed.message:
        shown = asyncapi.json_schema(parsed.message)
    else:
        shown = {name: asyncapi.json_schema(name) for name in asyncapi.MESSAGES}
    print(json.dumps(shown, indent=2, ensure_ascii=False))
    return ExitCode.OK
