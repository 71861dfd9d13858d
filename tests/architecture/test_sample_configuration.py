"""config/edged.toml is the reference of the configuration: complete, and true to the defaults."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from edged.config.model import Camera, Config

OPTIONAL = re.compile(r"^# ([a-z_]+ = .*)$", re.MULTILINE)
"""A key without a default stands in the sample as a comment with an example."""
IN_NO_FILE = {("broker", "password")}
"""A secret is refused in the file: it comes from the environment or a credential."""


@pytest.fixture
def sample(repository: Path) -> str:
    """The text of the sample."""
    return (repository / "config" / "edged.toml").read_text(encoding="utf-8")


def keys(table: dict[str, Any]) -> set[tuple[str, str]]:
    """(section, key) of everything in a parsed file; the first camera's section is `cameras`."""
    sections = {name: value[0] if isinstance(value, list) else value for name, value in table.items()}
    return {(name, key) for name, section in sections.items() for key in section}


def sections() -> dict[str, type[BaseModel]]:
    """Every section of the configuration with its model."""
    found: dict[str, type[BaseModel]] = {}
    for name, field in Config.model_fields.items():
        found[name] = Camera if name == "cameras" else type(field.default)
    return found


def test_sample_names_every_key_and_no_other(sample: str) -> None:
    """A person who reads the sample has seen all there is to configure."""
    known = {(name, key) for name, section in sections().items() for key in section.model_fields} - IN_NO_FILE
    assert keys(tomllib.loads(OPTIONAL.sub(r"\1", sample))) == known


def test_sample_as_it_stands_is_the_default_configuration(sample: str) -> None:
    """Nothing changes when the sample is installed untouched."""
    assert Config.model_validate(tomllib.loads(sample)) == Config()


def test_commented_keys_are_those_without_a_default(sample: str) -> None:
    """A key with a default shows it; one without, or with an empty list, shows an example instead."""
    shown = keys(tomllib.loads(sample))
    for name, section in sections().items():
        for key, field in section.model_fields.items():
            if (name, key) in IN_NO_FILE:
                continue
            assert field.default is not PydanticUndefined, f"{name}.{key} has no default at all"
            assert ((name, key) in shown) == (field.default not in {None, ()}), f"{name}.{key}"


def test_examples_of_commented_keys_are_valid(sample: str) -> None:
    """Whoever takes the comment mark away gets what the comment says, each key by itself and beside its partners."""
    table = tomllib.loads(OPTIONAL.sub(r"\1", sample))
    camera, broker = table["cameras"][0], table["broker"]
    camera["pace"] = "fast"  # start asks for it
    broker["tls"] = True  # ca_file and a password for another machine ask for it
    Config.model_validate(table)


def test_every_key_is_explained(sample: str) -> None:
    """Each line of the sample says what its key is, in what unit, or what it may be."""
    bare = [line for line in sample.splitlines() if re.match(r"^(# )?[a-z_]+ = ", line) and line.count("#") < 1]
    assert bare == []
