"""check-config."""

import argparse

from edged.camera.redact import is_url, redact
from edged.cli.main import DEFAULT_CONFIG
from edged.config.load import load
from edged.errors import ExitCode


def check_config(parsed: argparse.Namespace) -> ExitCode:
    """Check a file; say in a few lines what it amounts to."""
    path = parsed.file or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    config = load(path, parsed.overrides)
    broker = config.broker
    print(f"{path or 'defaults'}: good")
    print(f"  device    {config.device.id}")
    for camera in config.cameras:
        print(f"  camera    {camera.id}: {_shown(str(camera.source))}")
    print(f"  windows   {config.windows.length_s} s, released from {config.privacy.k} visits on")
    print(f"  broker    {broker.host}:{broker.port}{', TLS' if broker.tls else ''}")
    print(f"  topics    edged/{config.device.id}/…")
    print(f"  state     {config.outbox.folder}")
    return ExitCode.OK


def _shown(source: str) -> str:
    return redact(source) if is_url(source) else source
