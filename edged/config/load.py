"""Reads the configuration: defaults ← TOML file ← environment ← systemd credentials, and says clearly what is wrong.

Rules:
  - Environment: EDGED_<SECTION>__<KEY>, e.g. EDGED_BROKER__HOST. The list of cameras is replaced as a whole, as JSON.
  - systemd credentials: the file `edged-broker-password` in $CREDENTIALS_DIRECTORY is the broker's password.
  - Every fault is told at once, a line each: file, key, value, what is allowed. A secret's value is never shown.
"""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from edged.config.model import Config
from edged.errors import ConfigError, MissingInputError

CREDENTIAL = "edged-broker-password"
"""Name of the systemd credential that holds the broker's password."""


class _Credentials(PydanticBaseSettingsSource):
    """The source for systemd credentials (systemd.exec(5), LoadCredential=)."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Abstract in the base class, never asked: __call__ gives all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        path = Path(folder, CREDENTIAL) if folder else None
        if path is None or not path.is_file():
            return {}
        return {"broker": {"password": SecretStr(path.read_text(encoding="utf-8").rstrip("\n"))}}


class _Layers(BaseSettings, Config):
    """Config with its overrides."""

    model_config = SettingsConfigDict(env_prefix="EDGED_", env_nested_delimiter="__", extra="forbid", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic-settings passes them by name)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Strongest first: credentials, environment, file."""
        return _Credentials(settings_cls), env_settings, init_settings


def load(path: Path | None) -> Config:
    """Read the file (None: defaults alone) and lay the overrides over it.

    Raises ConfigError with a line for each fault, MissingInputError when there is no such file.
    """
    table = _read_toml(path) if path else {}
    where = str(path) if path else "environment"
    if "password" in table.get("broker", {}):
        raise ConfigError(
            f"{where}: broker.password doesn't belong in this file: use broker.password_file, the environment variable "
            f"EDGED_BROKER__PASSWORD, or the systemd credential {CREDENTIAL}"
        )
    try:
        return _Layers(**table)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # A bad camera also makes pydantic say that the list is too short: the first fault is the true one.
        faults = [fault for fault in faults if fault["type"] != "too_short" or len(faults) == 1]
        lines = [f"{where}: {_sentence(fault)}" for fault in faults]
        raise ConfigError("\n".join(lines)) from None
    except ValueError as error:  # a variable that should hold JSON and doesn't
        raise ConfigError(f"environment: {error}") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingInputError(f"{path}: there is no such configuration file; config/edged.toml is a sample") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read as text: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


def _sentence(fault: ErrorDetails) -> str:
    key = _key(fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}{_meant(fault['loc'])}"
    what = fault["msg"].removeprefix("Value error, ")
    what = what[:1].lower() + what[1:]
    if fault["type"] == "value_error":  # a rule over several keys: the message names them
        return f"{key}: {what}" if key else what
    if fault["type"] == "tuple_type":
        return f"{key}: write [[{key}]], in double brackets, once for each"
    if fault["type"] == "string_pattern_mismatch" and key.endswith("id"):
        what = "a name has 1 to 32 of a-z, 0-9, - and _, and begins with a letter or digit"
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
    section: type[BaseModel] = Config
    for part in loc[:-1]:
        if isinstance(part, str):
            annotation = _Layers.model_fields[part].annotation
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
