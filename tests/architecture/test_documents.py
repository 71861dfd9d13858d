"""What the documents name exists: a promise without its test, or a command that is gone, misleads."""

import argparse
import ast
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from edged.cli.main import parser
from edged.events import Event
from edged.messages.gap import GapMessage
from edged.messages.status import StatusMessage
from edged.messages.window import ModelUsed, WindowMessage


@pytest.fixture
def documents(repository: Path) -> list[tuple[str, str]]:
    """(name, text) of the README and everything in docs/."""
    paths = [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]
    return [(path.name, path.read_text(encoding="utf-8")) for path in paths]


def functions(path: Path) -> Iterator[str]:
    """Names of the functions of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node.name


def test_every_promise_names_a_test_that_exists(repository: Path) -> None:
    """A row of docs/PROMISES.md is held by something that runs."""
    rows = [row for row in (repository / "docs" / "PROMISES.md").read_text().splitlines() if row.startswith("| ")][2:]
    assert rows
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", row)
        assert named, f"held by nothing: {row}"
        for path, function in named:
            assert (repository / path).exists(), path
            assert not function or function in functions(repository / path), f"{path} has no {function}"


def test_messages_in_the_documents_are_messages(repository: Path) -> None:
    """An example that a subscriber copies has what a real message has, all of it and in that order."""
    kinds: dict[str, type[BaseModel]] = {"edged.window/1": WindowMessage, "edged.gap/1": GapMessage}
    for name in ("README.md", "docs/MESSAGES.md"):
        examples = re.findall(r"```json\n(.*?)```", (repository / name).read_text(encoding="utf-8"), re.DOTALL)
        assert examples
        for example in examples:
            shown = json.loads(example)
            real = kinds[shown["schema"]].model_validate_json(example).model_dump(mode="json")
            assert json.dumps(shown) == json.dumps(real), name


def test_commands_in_the_documents_exist(documents: list[tuple[str, str]]) -> None:
    """`edged …`, as a document writes it, is a command with these very options."""
    commands = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
    for name, text in documents:
        for command, rest in re.findall(
            r"(?:^|[`/ ])edged ([a-z][a-z-]+)(?=[` \n])([^`\n]*)", code(text), re.MULTILINE
        ):
            assert command in commands, f"{name}: edged {command}"
            known = set(commands[command]._option_string_actions)
            options = set(re.findall(r"(?<= )--[a-z][a-z-]+", rest.split("#")[0]))
            assert options <= known, f"{name}: edged {command} takes no {options - known}"


def test_files_in_the_documents_exist(repository: Path, documents: list[tuple[str, str]]) -> None:
    """A path of the repository, as a document writes it, leads somewhere."""
    # A topic begins with edged/, too; a module of the package ends with .py.
    written = r"[`(](edged/[\w/]+\.py|(?:models|systemd|config|docs|tools|tests)/[\w./-]*\w/?)[`)]"
    for name, text in documents:
        for path in re.findall(written, text):
            assert (repository / path).exists(), f"{name}: {path}"


def values(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """(field, value) of every closed list in a message, and ("", field) of every field, below the message itself."""
    for name, field in model.model_fields.items():
        if name not in {"schema_id", "device"}:
            yield "", name
            yield from _values(field.annotation, name)


def _values(annotation: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from values(annotation)
    for part in get_args(annotation):
        if isinstance(part, str):
            yield name, part
        else:
            yield from _values(part, name)


def test_every_status_value_and_event_is_explained(repository: Path) -> None:
    """Who reads a word in the status or in the log finds what it means and what to do."""
    text = (repository / "docs" / "OPERATIONS.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"[a-z_]+|[A-Z_]+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    told = set(values(StatusMessage))
    assert {("state", "frozen"), ("throttled", "under_voltage"), ("effort", "reduced"), ("", "face_ms")} <= told
    told -= {("", "id")} | set(values(ModelUsed))  # names, not states
    assert {value for _, value in told} <= explained, {value for _, value in told} - explained
    assert {event.name for event in Event} <= explained
    rows = {name: row for row in text.splitlines() for name in re.findall(r"^\| `([A-Z_]+)` \|", row)}
    for event in Event:
        level, words = event.value
        assert f"| {logging.getLevelName(level).lower()} |" in rows[event.name], event.name
        fixed = max(re.split(r"\{[^}]*\}", words), key=len).strip()
        assert fixed in rows[event.name], f"{event.name} reads otherwise: {words}"


def code(text: str) -> str:
    """The parts of a document that are written as code."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    return "\n".join([*blocks, *(f"`{span}`" for span in re.findall(r"`([^`\n]+)`", text))])
