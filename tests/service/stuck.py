"""An `edged` process in which one call never returns, as when a driver, a delegate or a disk doesn't answer.

python -m tests.service.stuck MODULE:CLASS.METHOD [--holding] ARGUMENTS…   the second call of the method hangs;
                                                                        with --holding it keeps Python's lock
"""

import ctypes
import importlib
import itertools
import sys
import threading
from typing import Any

from edged.cli.main import main


def hang(target: str, *, holding: bool) -> None:
    """Let the second call of the method hang."""
    module, _, path = target.partition(":")
    owner, _, name = path.partition(".")
    holder = getattr(importlib.import_module(module), owner)
    original = getattr(holder, name)
    calls = itertools.count()

    def hanging(*arguments: Any, **named: Any) -> Any:
        if next(calls):
            if holding:
                ctypes.PyDLL(None).sleep(3600)
            threading.Event().wait()
        return original(*arguments, **named)

    setattr(holder, name, hanging)


if __name__ == "__main__":
    _, target, *arguments = sys.argv
    hang(target, holding="--holding" in arguments)
    sys.exit(main([argument for argument in arguments if argument != "--holding"]))
