"""publish, and what it keeps out of memory: parts of the standard library that its libraries import and never use.

Strategy: a stand-in takes the place of such a module before the library asks for it, and fetches the true one when it
is used after all. The promise of 40 MB (edged/service/publish.py) is kept so: the two below and what they import take
3 MB.
"""

import argparse
import importlib
import os
import sys
from functools import partial
from types import ModuleType
from typing import Any

from edged.errors import ExitCode


def publish(parsed: argparse.Namespace) -> ExitCode:
    """Run the publishing process."""
    defer_unused()
    services = importlib.import_module("edged.cli.services")
    return ExitCode(services.publish(parsed))


def defer_unused() -> None:
    """Keep out what publish's libraries import and never use."""
    defer("urllib.request")  # paho-mqtt: only where it looks for a proxy
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    defer("importlib.metadata", "entry_points")  # pydantic: only where it looks for plugins


def defer(name: str, *functions: str) -> None:
    """Import a module of a package only when something of it is used; of its functions, when one is called."""
    if name not in sys.modules:
        package, _, child = name.rpartition(".")
        sys.modules[name] = _StandIn(name, functions)
        setattr(importlib.import_module(package), child, sys.modules[name])


class _StandIn(ModuleType):
    """Stands where a module would, until that is needed."""

    def __init__(self, name: str, functions: tuple[str, ...]) -> None:
        super().__init__(name)
        for function in functions:
            setattr(self, function, partial(self._call, function))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks for these
            raise AttributeError(name)
        return getattr(self._true(), name)

    def _call(self, function: str, *given: Any, **named: Any) -> Any:
        return getattr(self._true(), function)(*given, **named)

    def _true(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return importlib.import_module(self.__name__)
