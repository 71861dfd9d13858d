"""The demo's first half: an environment, then the second half in it. Standard library only, and an old syntax."""

from __future__ import annotations

import argparse
import os
import sys

from environment import CLONE, SetUpError, environment


def main() -> int:
    """Make the environment and become the demo in it; return only when that fails."""
    parser = argparse.ArgumentParser(prog="tools/demo", description="See edged at work on a bundled video.")
    parser.add_argument("--python", default=sys.executable, help="interpreter to make the environment with")
    arguments = parser.parse_args()
    try:
        python = environment(".venv-demo", "demo", arguments.python)
    except SetUpError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    os.chdir(str(CLONE))
    # PYTHONPATH and the like belong to the caller's Python, not to this one.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    os.execve(str(python), [str(python), str(CLONE / "tools" / "demo_support" / "show.py")], surroundings)
    return 1
