"""run, sense, publish."""

import argparse
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edged.cli.common import config_arguments, config_of, require_parts
from edged.config.model import Config
from edged.errors import EdgedError, ExitCode
from edged.outbox.files import Role, at_work, exclusive
from edged.service import logs
from edged.service.generations import Generations
from edged.service.notify import Notifier
from edged.service.signals import Stop, die_with_supervisor, heed
from edged.service.watchdog import USUAL_LIMIT_S, Progress, Watchdog

ROLES: Final[tuple[Role, ...]] = ("sense", "publish")
"""What the supervisor's children are."""
LEFT_BEHIND_S: Final = 15.0
"""So long what a supervisor that was killed has left behind may take to end; 5.2 s were seen on a busy machine."""


def run(parsed: argparse.Namespace) -> int:
    """Run both processes under one supervisor."""
    from edged.service import supervisor  # noqa: PLC0415

    stop, reload = Stop(), Stop()
    heed({signal.SIGTERM: stop.set, signal.SIGINT: stop.set, signal.SIGHUP: reload.set})
    config = config_of(parsed)
    require_parts(config)
    logs.set_up("run", config.log.level)
    options = config_arguments(parsed)
    limit_s = Notifier.of_environment().limit_s or USUAL_LIMIT_S

    def is_wrong() -> bool:
        try:
            config_of(parsed)
        except EdgedError:
            return True
        return False

    folder = config.outbox.folder
    with exclusive(folder, "run"):
        _be_alone(folder, stop)
        return supervisor.run(["sense", *options], ["publish", *options], stop, reload, is_wrong, limit_s)


def _be_alone(folder: Path, stop: Stop) -> None:
    """Wait for what a supervisor that was killed has left behind; whoever is still there then isn't ours.

    Raises InUseError then.
    """
    deadline = time.monotonic() + LEFT_BEHIND_S
    while any(at_work(folder, role) for role in ROLES) and time.monotonic() < deadline:
        if stop.wait(0.1):
            return
    for role in ROLES:
        with exclusive(folder, role):
            pass


def sense(parsed: argparse.Namespace) -> ExitCode:
    """Run the sensing process."""

    def main(config: Config, stop: Stop, progress: Progress) -> ExitCode:
        from edged.service import sense as service  # noqa: PLC0415

        return service.main(config, stop, progress)

    return _serve(parsed, "sense", main)


def publish(parsed: argparse.Namespace) -> ExitCode:
    """Run the publishing process."""

    def main(config: Config, stop: Stop, progress: Progress) -> ExitCode:
        import edged.service.publish as service  # noqa: PLC0415

        return service.main(config, stop, progress, drain=parsed.drain)

    return _serve(parsed, "publish", main)


def _serve(parsed: argparse.Namespace, process: str, main: Callable[[Config, Stop, Progress], ExitCode]) -> ExitCode:
    """Run a process of the service: guarded, and ready to read its configuration again."""
    notifier = Notifier.of_environment()
    die_with_supervisor()

    def read() -> Config:
        config = config_of(parsed)
        if process == "sense":
            require_parts(config)
        return config

    generations = Generations(read(), read, notifier)
    generations.heed_signals()
    watchdog = Watchdog(notifier)
    watchdog.start()

    def serve(config: Config, stop: Stop) -> ExitCode:
        logs.set_up(process, config.log.level)
        return main(config, stop, watchdog)

    return generations.run(serve)
