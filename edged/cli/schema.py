"""schema."""

import argparse
import json
from typing import Final

from pydantic import BaseModel

from edged.errors import ExitCode
from edged.messages.gap import GapMessage
from edged.messages.status import StatusMessage
from edged.messages.window import WindowMessage

KINDS: Final[dict[str, type[BaseModel]]] = {"window": WindowMessage, "gap": GapMessage, "status": StatusMessage}


def schema(parsed: argparse.Namespace) -> ExitCode:
    """Print JSON Schema (draft 2020-12) of one message, or of all by name."""
    schemas = {name: kind.model_json_schema(mode="serialization") for name, kind in KINDS.items()}
    shown = schemas[parsed.message] if parsed.message else schemas
    print(json.dumps(shown, indent=2, ensure_ascii=False))
    return ExitCode.OK
