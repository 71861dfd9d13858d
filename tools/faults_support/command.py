"""The command line of tools/faults."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edged.errors import EdgedError, ExitCode

from .case import BrokenError, Case, Figure, Lab, MissingError, cases

BROKEN = 1


def main(description: str | None) -> int:
    """Parse, run, print; return the exit code: 0 held, 1 broken, 64 usage, 69 something is not installed."""
    given = _parser(description).parse_args()
    if given.case == "list":
        width = max(map(len, cases()))
        with suppress(BrokenPipeError):  # `tools/faults list | head`
            print("\n".join(f"{each.name:<{width}} {each.count:>7}  {each.summary}" for each in cases().values()))
            sys.stdout.flush()
        return ExitCode.OK
    chosen = cases()[given.case]
    return report(chosen, chosen.count if given.count is None else given.count, given.seed, as_json=given.json)


def report(chosen: Case, count: int, seed: int, *, as_json: bool) -> int:
    """Run a case and print what it found; return the exit code."""
    said: dict[str, Figure] = {"case": chosen.name, "count": count, "seed": seed}
    try:
        seconds, figures = run(chosen, count, seed, _teller())
    except BrokenError as error:
        told: dict[str, Figure] = {"held": False, "broken": error.invariant.name, "told": str(error)}
        _print(said | told | error.figures, as_json=as_json)
        return BROKEN
    except MissingError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return ExitCode.UNAVAILABLE
    except EdgedError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return error.exit_code
    _print(said | {"held": True, "seconds": round(seconds, 1)} | figures, as_json=as_json)
    return ExitCode.OK


def run(
    chosen: Case, count: int, seed: int, tell: Callable[[str], None] = lambda _words: None
) -> tuple[float, dict[str, Figure]]:
    """Run a case; give the seconds it took and its figures.

    Raises:
        BrokenError: an invariant fell. The folder of the case is kept then, and named.
        MissingError: this machine lacks something.
    """
    chosen.require()
    folder = Path(tempfile.mkdtemp(prefix=f"faults-{chosen.name}-"))
    lab = Lab(folder, count, seed, tell)
    began = time.monotonic()
    try:
        chosen.run(lab)
    except BrokenError as error:
        lab.close()
        raise BrokenError(error.invariant, f"{error.told}; what it worked on is in {folder}", lab.figures) from error
    except BaseException:
        lab.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    lab.close()
    shutil.rmtree(folder, ignore_errors=True)
    return time.monotonic() - began, lab.figures


def _parser(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/faults", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", choices=["list", *cases()], metavar="list|CASE", help="see `tools/faults list`")
    parser.add_argument("--count", type=positive, help="how many faults; else that of the long form")
    parser.add_argument("--seed", type=int, default=1, help="where and when they strike (default: 1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def positive(text: str) -> int:
    """Read a whole number of 1 or more, as a type of argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return number


def _teller() -> Callable[[str], None]:
    if not sys.stderr.isatty():
        return lambda _words: None
    return lambda words: print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)


def _print(told: dict[str, Figure], *, as_json: bool) -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if as_json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:<22} {value}")
