"""forget."""

import argparse
import re
import sys
from contextlib import ExitStack

from edged.cli.common import config_of
from edged.config.model import DEVICE_ID
from edged.errors import ExitCode, UnavailableError, UsageError
from edged.outbox.files import exclusive
from edged.publish.forget import forget as forget_at_broker
from edged.publish.forget import left_behind


def forget(parsed: argparse.Namespace) -> ExitCode:
    """Take away what a device has left at the broker, after asking."""
    config = config_of(parsed)
    device: str = parsed.device or config.device.id
    if not re.fullmatch(DEVICE_ID, device):
        raise UsageError(f"--device {device}: not the id of a device, which has 1 to 32 of a-z, 0-9, - and _")
    where = f"the broker at {config.broker.host}:{config.broker.port}"
    if not parsed.yes and not _agreed(device, where, left_behind(config, device)):
        print("Nothing was done.")
        return ExitCode.OK
    refused = []
    with ExitStack() as stack:
        if device == config.device.id and config.outbox.folder.exists():
            # A service that runs would say it all again.
            stack.enter_context(exclusive(config.outbox.folder, "publish"))
        for topic, why in forget_at_broker(config, device):
            print(f"{topic}: {why or 'gone'}")
            # Who never had discovery on may have no right to that topic either, and then left nothing there.
            if why is not None and (config.homeassistant.discovery or topic.endswith("/status")):
                refused.append(topic)
    if refused:
        raise UnavailableError(f"{where} refuses to let go of {', '.join(refused)}: check its access list")
    return ExitCode.OK


def _agreed(device: str, where: str, topics: tuple[str, ...]) -> bool:
    print(f"This takes away what the device {device!r} has left at {where}:")
    for topic in topics:
        print(f"  {topic}")
    print("Figures that were delivered, and what waits on the device, stay where they are.")
    if not sys.stdin.isatty():
        raise UsageError("standard input is no terminal, so nobody can be asked: add --yes")
    return input("Forget it? [y/N] ").strip().lower() in {"y", "yes"}
