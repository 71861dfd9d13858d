"""watch."""

import argparse
import json
import sys
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

from edged.cli.common import config_path
from edged.config.load import load
from edged.errors import ExitCode, UnavailableError, UsageError
from edged.service.signals import on_stop
from edged.watch import watching
from edged.watch.subscription import Subscription

_SCHEMES: Final = {"mqtt": (1883, False), "mqtts": (8883, True)}
"""Port and TLS that a scheme stands for."""


def watch(parsed: argparse.Namespace) -> ExitCode:
    """Show what the devices of a broker send, until interrupted."""
    if not parsed.json:
        if find_spec("rich") is None:
            raise UnavailableError(
                "the live view needs rich, which isn't installed: install edged[watch], or use --json"
            )
        if not sys.stdout.isatty():
            raise UsageError("the live view needs a terminal: in a pipe or a file use --json")
    if parsed.device and set(parsed.device) & set("/+#"):
        raise UsageError(f"--device {parsed.device}: give the id of one device, as in edged/<device>/status")
    # A broker named on the command line has nothing to do with the one of this device's configuration.
    path = parsed.config if parsed.broker else config_path(parsed)
    address = _address(parsed.broker) if parsed.broker else []
    broker = load(path, [*address, *parsed.overrides]).broker
    stop = on_stop()
    subscription = Subscription(broker, f"edged/{parsed.device or '+'}/#")
    try:
        if parsed.json:
            for line in watching.tell(subscription, stop):
                print(line, flush=True)
        else:
            print(watching.show(subscription, broker, stop))
    finally:
        subscription.close()
    return ExitCode.OK


def _address(text: str) -> list[str]:
    """Write --broker as overrides of [broker]."""
    url = urlsplit(text if "://" in text else f"mqtt://{text}")
    try:
        port = url.port
    except ValueError:
        port = None
        wrong = True
    else:
        wrong = url.scheme not in _SCHEMES or not url.hostname or url.path not in {"", "/"} or bool(url.query)
    if url.username is not None:
        raise UsageError(
            "--broker: user name and password don't belong on the command line, where everybody on this machine can "
            "read them: put broker.username and broker.password_file into a file and give it with --config"
        )
    if wrong:
        raise UsageError(f"--broker {text}: write HOST, HOST:PORT, or mqtts://HOST:PORT for TLS")
    usual, tls = _SCHEMES[url.scheme]
    keys = {"host": url.hostname, "port": port or usual, "tls": tls}
    return [f"broker.{key}={json.dumps(value)}" for key, value in keys.items()]
