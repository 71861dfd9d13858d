"""Holds messages against the AsyncAPI document: is there such a topic, and does the body fit its schema."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from edged import __version__
from edged.messages.asyncapi import document


def fault(topic: str, body: bytes) -> str | None:
    """What is wrong with a message as it was received, in words; None when nothing is."""
    for address, validator in _channels():
        if address.fullmatch(topic):
            try:
                validator.validate(json.loads(body))
            except (ValidationError, ValueError) as error:
                return f"{topic}: {getattr(error, 'json_path', '')}: {str(error).splitlines()[0]}"
            return None
    return f"{topic} is no address of the AsyncAPI document"


@cache
def _channels() -> list[tuple[re.Pattern[str], Draft202012Validator]]:
    described: dict[str, Any] = document(__version__)
    found = []
    for channel in described["channels"].values():
        address = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(channel["address"]))
        for name, message in channel["messages"].items():
            if "$ref" in message:
                payload = described["components"]["messages"][name]["payload"]
                validator = Draft202012Validator({**payload, "components": described["components"]})
                found.append((re.compile(address), validator))
    return found
