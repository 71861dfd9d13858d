"""The command line: which commands there are, what they take, and how they end.

Rules:
  - A command's module is imported only when it is called: `edged publish` must never load NumPy.
  - Whatever goes wrong ends with one clear sentence on standard error and an exit code of sysexits.h, never with a
    traceback.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from edged import __version__
from edged.cli.options import add_analyze_options, add_serve_options
from edged.errors import EdgedError, ExitCode

DEFAULT_CONFIG = Path("/etc/edged/edged.toml")

INTERRUPTED = 130
"""Ended by Ctrl-C, as shells have it: 128 + SIGINT."""

_EPILOG = """\
exit codes (sysexits.h): 0 well; 64 wrong command line; 65 input is not what it should be, or a model is damaged;
66 input missing; 69 a runtime, delegate or extra is missing; 70 a fault of edged; 71 a stage was stuck; 73 state folder
can't be written; 75 try again later; 78 wrong configuration; 130 interrupted with Ctrl-C.
`edged doctor` alone: 0 all well; 1 warnings; 2 failures
"""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Refuse what isn't known where it stands: the command's own help, not that of `edged`, tells more."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """End with the exit code of a wrong command line."""
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}; `{self.prog} --help` tells more\n")


def parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    top = Parser(
        prog="edged",
        description="Counts visits and emotions at a shop camera, on the device; publishes only anonymised aggregates.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"edged {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = _command(commands, "run", "services:run", "sense and publish under one supervisor (laptop, container, demo)")
    sense = _command(
        commands, "sense", "services:sense", "camera and models; writes releases to the outbox; no network"
    )
    publish = _command(commands, "publish", "lean:publish", "sends the outbox to the MQTT broker; no camera, no models")
    publish.add_argument("--drain", action="store_true", help="end when everything has been acknowledged")
    for service in (run, sense, publish):
        _add_config_options(service)

    check = _command(
        commands, "check-config", "check:check_config", "check a configuration file and show what it amounts to"
    )
    _add_config_file(check)

    doctor = _command(
        commands, "doctor", "doctor:doctor", "look at everything on this device: what is amiss, and how to mend it"
    )
    doctor.epilog = (
        "exit codes: 0 all well; 1 warnings; 2 failures. A message on edged/<device>/doctor tries the broker."
    )
    doctor.add_argument("--json", action="store_true", help="machine-readable")
    _add_config_options(doctor)

    aim = _command(
        commands, "aim", "aim:aim", "point a camera: where faces are found and how high, without showing a picture"
    )
    aim.add_argument("--camera", metavar="ID", help="which one (default: the first of the configuration)")
    aim.add_argument("--once", action="store_true", help="one view, and end")
    aim.add_argument("--json", action="store_true", help="a view a line, for pipes")
    _add_config_options(aim)

    privacy = _command(commands, "privacy", "privacy:privacy", "say in plain words what leaves the device, and when")
    _add_config_file(privacy)

    schema = _command(commands, "schema", "schema:schema", "print the JSON Schema of the messages, or AsyncAPI")
    schema.add_argument("message", nargs="?", choices=["window", "gap", "status"], help="only this one")
    schema.add_argument(
        "--format",
        choices=["jsonschema", "asyncapi"],
        default="jsonschema",
        help="jsonschema (draft 2020-12, the default), or an AsyncAPI 3.0 document of all topics and messages",
    )

    watch = _command(commands, "watch", "watch:watch", "show live what the devices of a broker send")
    watch.add_argument(
        "--broker", metavar="URL", help="HOST, HOST:PORT or mqtts://HOST:PORT for TLS; without it the configuration's"
    )
    watch.add_argument("--device", metavar="ID", help="only this device")
    watch.add_argument("--json", action="store_true", help="an event a line, for pipes")
    _add_config_options(watch)

    forget = _command(
        commands, "forget", "forget:forget", "take away what a device has left at the broker: status, Home Assistant"
    )
    forget.add_argument("--device", metavar="ID", help="another device's id (default: device.id of the configuration)")
    forget.add_argument("--yes", action="store_true", help="don't ask")
    _add_config_options(forget)

    models = _command(commands, "models", "models:models", "what models there are, and whether they are sound")
    models.add_argument(
        "action", choices=["list", "verify"], help="list: a table of the cards; verify: hashes, tensors, golden figures"
    )
    models.add_argument("--folder", type=Path, help="folder with further models (vision.models_folder)")
    models.add_argument("--json", action="store_true", help="machine-readable")

    bench = _command(commands, "bench", "bench:bench", "measure every stage on a video, on this device")
    bench.add_argument("video", type=Path)
    bench.add_argument(
        "--face-px",
        type=float,
        default=40.0,
        metavar="N",
        help="recommend a model for faces so high in the camera's picture, the farthest that matter (default: 40)",
    )
    bench.add_argument("--json", action="store_true", help="machine-readable")
    _add_config_options(bench)

    analyze = _command(
        commands,
        "analyze",
        "analyze:analyze",
        "faces of pictures, windows or fragments of a video; ours or two other systems' words; stays here",
    )
    add_analyze_options(analyze)
    _add_config_options(analyze)

    serve = _command(
        commands, "serve", "serve:serve", "pictures and videos over HTTP, for programs and a page on this machine"
    )
    add_serve_options(serve)
    _add_config_options(serve)
    return top


def _command(
    commands: "argparse._SubParsersAction[Parser]", name: str, call: str, text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    command.set_defaults(call=call)
    return command


def _add_config_file(command: argparse.ArgumentParser) -> None:
    """For a command whose subject the configuration is."""
    command.add_argument("file", type=Path, nargs="?", help="TOML file, as with -c")
    _add_config_options(command)


def _add_config_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help=f"configuration (default: {DEFAULT_CONFIG} when it exists)"
    )
    command.add_argument(
        "--set",
        dest="overrides",
        metavar="SECTION.KEY=VALUE",
        action="append",
        default=[],
        help="override one key, e.g. windows.length_s=60 or camera.source=video.mp4 (the first camera); repeatable",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parsed = parser().parse_args(arguments)
    module, function = parsed.call.split(":")
    try:
        return int(getattr(importlib.import_module(f"edged.cli.{module}"), function)(parsed))
    except EdgedError as error:
        for line in str(error).splitlines():
            print(f"edged: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has enough: `edged schema | head`
        drop_output()
        return ExitCode.OK


def drop_output() -> None:
    """Let what standard output still holds go nowhere: writing it at exit would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def entry_point() -> NoReturn:
    """Run the command of this process's command line, and end."""
    sys.exit(main())
