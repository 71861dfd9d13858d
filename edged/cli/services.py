"""run, sense, publish."""

import argparse
import signal
from collections.abc import Callable
from typing import Final

from edged.cli.common import config_arguments, config_of, require_parts
from edged.config.model import Config
from edged.errors import ExitCode
from edged.outbox.files import Role, exclusive
from edged.service import logs
from edged.service.generations import Generations
from edged.service.notify import Notifier
from edged.service.signals import Stop, die_with_supervisor, heed
from edged.service.watchdog import USUAL_LIMIT_S, Progress, Watchdog

ROLES: Final[tuple[Role, ...]] = ("sense", "publish")
"""What the supervisor's children are."""


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
    folder = config.outbox.folder
    with exclusive(folder, "run"):
        # Children of a supervisor that was killed need a moment to end; whoever is still there then isn't ours.
        for role in ROLES:
            with exclusive(folder, role, supervisor.GRACE):
                pass
        return supervisor.run(["sense", *options], ["publish", *options], stop, reload, limit_s)


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
