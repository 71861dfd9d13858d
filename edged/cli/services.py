"""run, sense, publish."""

import argparse

from edged.cli.common import config_arguments, config_of, require_parts
from edged.errors import ExitCode
from edged.service import logs
from edged.service.signals import die_with_supervisor, on_stop


def run(parsed: argparse.Namespace) -> int:
    """Run both processes under one supervisor."""
    from edged.service import supervisor  # noqa: PLC0415

    stop = on_stop()
    config = config_of(parsed)
    require_parts(config)
    logs.set_up("run", config.log.level)
    options = config_arguments(parsed)
    return supervisor.run(["sense", *options], ["publish", *options], stop)


def sense(parsed: argparse.Namespace) -> ExitCode:
    """Run the sensing process."""
    die_with_supervisor()
    stop = on_stop()
    config = config_of(parsed)
    require_parts(config)
    logs.set_up("sense", config.log.level)
    from edged.service import sense as service  # noqa: PLC0415

    return service.main(config, stop)


def publish(parsed: argparse.Namespace) -> ExitCode:
    """Run the publishing process."""
    die_with_supervisor()
    stop = on_stop()
    config = config_of(parsed)
    logs.set_up("publish", config.log.level)
    import edged.service.publish as service  # noqa: PLC0415

    return service.main(config, stop, drain=parsed.drain)
