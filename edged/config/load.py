"""Reads the configuration: defaults ← TOML file ← environment ← credentials ← command line; says clearly what is wrong.

Rules:
  - Environment: EDGED_<SECTION>__<KEY>, e.g. EDGED_BROKER__HOST. The list of cameras is replaced as a whole, as JSON.
  - systemd credentials: the files `edged-broker-username` and `edged-broker-password` in $CREDENTIALS_DIRECTORY.
  - Command line: SECTION.KEY=VALUE, the value as TOML or plain text; `camera.KEY` is the first camera's. Whoever may
    list processes reads it, so the broker's user name and password are refused there.
  - Every fault is told at once, a line each: file, key, value, what is allowed. A secret's value is never shown.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edged.config.model import Config
from edged.errors import ConfigError, MissingInputError, UsageError

_TIME = "a time with its zone is needed, e.g. 2026-11-22T08:00:00Z"
_IN_WORDS = {
    "int_parsing": "a whole number is needed, without a unit",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "finite_number": "a finite number is needed",
    "float_parsing": "a number is needed, without a unit",
    "float_type": "a number is needed",
    "bool_parsing": "true or false is needed",
    "bool_type": "true or false is needed",
    "string_type": "text in quotes is needed",
    "path_type": "text in quotes is needed",
    "model_type": "a table of keys is needed",
    "tuple_type": "a list in square brackets is needed",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "literal_error": "it must be {expected}",
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be at most {le}",
    "string_too_short": "{min_length} or more characters are needed",
    "string_too_long": "{max_length} characters are the most",
    "string_pattern_mismatch": "it must fit the pattern {pattern}",
    "too_short": "{min_length} or more are needed",
    "too_long": "{max_length} are the most",
}
"""Faults in a person's words, by pydantic's names for them; a key's name holds its unit."""
CREDENTIALS = {"username": "edged-broker-username", "password": "edged-broker-password"}
"""Names of the systemd credentials that hold keys of the broker (systemd.exec(5), LoadCredential=)."""


def load(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Read the file (None: defaults alone) and lay environment, credentials and overrides over it.

    Raises ConfigError with a line for each fault, MissingInputError when there is no such file, UsageError when an
    override is not SECTION.KEY=VALUE.
    """
    table = _read_toml(path) if path else {}
    places = {key: str(path) for key in _keys(table)}
    lines = []
    if isinstance(table.get("broker"), dict) and table["broker"].pop("password", None) is not None:
        lines.append(
            f"{path}: broker.password doesn't belong in this file: use broker.password_file, the environment variable "
            f"EDGED_BROKER__PASSWORD, or the systemd credential {CREDENTIALS['password']}"
        )
    for place, layer in (("environment", _environment()), ("credentials", _credentials())):
        places |= dict.fromkeys(_keys(layer), place)
        table = _merged(table, layer)
    for override in overrides:
        before, table = table, _overridden(table, override)
        places |= {key: "command line" for key in _keys(table) if key not in _keys(before)}
        places[override.partition("=")[0]] = "command line"
    try:
        config = Config.model_validate(table)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # A bad camera also makes pydantic say that the list is too short: the first fault is the true one.
        faults = [fault for fault in faults if fault["type"] != "too_short" or len(faults) == 1]
        lines += [
            f"{places.get(_section_key(fault['loc']), path or 'defaults')}: {_sentence(fault)}" for fault in faults
        ]
    if lines:
        raise ConfigError("\n".join(lines))
    return config


def _keys(table: Mapping[str, Any]) -> set[str]:
    """Return the SECTION.KEY names in a table."""
    return {f"{name}.{key}" for name, section in table.items() if isinstance(section, Mapping) for key in section} | {
        *table
    }


def _section_key(loc: tuple[int | str, ...]) -> str:
    named = [str(part) for part in loc if isinstance(part, str)]
    if named[:1] == ["cameras"]:
        return ".".join(["camera", *named[1:2]])
    return ".".join(named[:2])


def _environment() -> dict[str, Any]:
    names = [name.lower() for name in os.environ]
    sections = {name.removeprefix("edged_").partition("__")[0] for name in names if name.startswith("edged_")}
    if sections.isdisjoint(Config.model_fields):
        return {}
    # Only when there is something to read: pydantic-settings costs a process 3.5 MB, a tenth of what publish may use.
    from pydantic_settings import BaseSettings, EnvSettingsSource  # noqa: PLC0415
    from pydantic_settings.exceptions import SettingsError  # noqa: PLC0415

    class Layers(BaseSettings, Config):  # type: ignore[misc]  # the two model_config types differ by name only
        """Config as pydantic-settings wants to see it."""

    try:
        return EnvSettingsSource(Layers, env_prefix="EDGED_", env_nested_delimiter="__")()
    except SettingsError as error:
        raise ConfigError(f"environment: {error}; lists and tables are written as JSON there") from None


def _credentials() -> dict[str, Any]:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return {}
    paths = {key: Path(folder, name) for key, name in CREDENTIALS.items()}
    found = {key: path.read_text(encoding="utf-8").rstrip("\n") for key, path in paths.items() if path.is_file()}
    return {"broker": found} if found else {}


def _overridden(table: Mapping[str, Any], override: str) -> dict[str, Any]:
    name, equals, text = override.partition("=")
    section, dot, key = name.partition(".")
    if not (equals and dot and section and key):
        raise UsageError(f"--set {override}: write SECTION.KEY=VALUE, e.g. --set windows.length_s=60")
    if section == "broker" and key in CREDENTIALS:
        raise UsageError(
            f"--set {name}: not on the command line, where every user of this machine can read it; use "
            f"{'broker.password_file' if key == 'password' else 'the configuration file'}, the environment variable "
            f"EDGED_BROKER__{key.upper()}, or the systemd credential {CREDENTIALS[key]}"
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if section != "camera":
        return _merged(table, {section: {key: value}})
    first, *others = table.get("cameras") or [{}]
    return {**table, "cameras": [{**first, key: value}, *others]}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one table over another, section by section."""
    both = {**below}
    for key, value in above.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingInputError(f"{path}: there is no such configuration file; config/edged.toml is a sample") from None
    except OSError as error:
        raise MissingInputError(
            f"{path}: can't be read ({error.strerror}): give a file that edged's user may read"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not text in UTF-8: save it as such") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


def _sentence(fault: ErrorDetails) -> str:
    key = _key(fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}{_meant(fault['loc'])}"
    what = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":  # a rule over several keys: the message names them
        return f"{key}: {what}" if key else what
    if fault["type"] == "missing":
        return f"{key} is missing"
    if key == "cameras" and fault["type"] == "tuple_type":
        return f"{key}: write [[{key}]], in double brackets, once for each"
    if fault["type"] == "string_pattern_mismatch" and key.endswith("id"):
        what = "a name has 1 to 32 of a-z, 0-9, - and _, and begins with a letter or digit"
    elif fault["type"] in _IN_WORDS:
        what = _IN_WORDS[fault["type"]].format(**fault.get("ctx", {}))
    shown = "(hidden)" if "password" in key else repr(fault["input"])
    return f"{key} = {shown}: {what}"


def _key(loc: tuple[int | str, ...]) -> str:
    """Write a place as the file's reader knows it: broker.port, cameras[2].id (counted from 1), without union tags."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
    return text.removesuffix(".str").removesuffix(".int")


def _meant(loc: tuple[int | str, ...]) -> str:
    import difflib  # noqa: PLC0415  (only who has erred pays for it)

    section: type[BaseModel] = Config
    for part in loc[:-1]:
        if isinstance(part, str):
            annotation = section.model_fields[part].annotation
            section = _section_of(annotation) or section
    known = list(section.model_fields)
    near = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
    near = near or [name for name in known if name.startswith(str(loc[-1]))][:1]
    return f": did you mean {near[0]}?" if near else f"; known here are {', '.join(known)}"


def _section_of(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
