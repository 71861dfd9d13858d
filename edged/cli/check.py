"""check-config."""

import argparse

from edged.camera.redact import is_url, redact
from edged.cli.common import require_parts
from edged.cli.main import DEFAULT_CONFIG
from edged.config.load import load
from edged.errors import ExitCode


def check_config(parsed: argparse.Namespace) -> ExitCode:
    """Check a file; say in a few lines what it amounts to."""
    path = parsed.file or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    config = load(path, parsed.overrides)
    require_parts(config)
    broker, privacy = config.broker, config.privacy
    print(f"{path or 'defaults'}: good")
    print(f"  device    {config.device.id}")
    for camera in config.cameras:
        print(f"  camera    {camera.id}: {_shown(str(camera.source))}")
    print(f"  windows   {config.windows.length_s} s, released from {privacy.k} visits on")
    if privacy.policy == "differential":
        print(f"  privacy   ε {privacy.epsilon:g} a window, {privacy.daily_epsilon:g} in 24 hours for all cameras")
    print(f"  broker    {broker.host}:{broker.port}{', TLS' if broker.tls else ''}")
    print(f"  topics    edged/{config.device.id}/…")
    print(f"  state     {config.outbox.folder}")
    return ExitCode.OK


def _shown(source: str) -> str:
    return redact(source) if is_url(source) else source
