"""check-config."""

import argparse
import os
from collections.abc import Iterator

from edged.camera.redact import is_url, redact
from edged.camera.sources import path_of
from edged.cli.common import config_path, require_parts
from edged.config.hours import DAYS
from edged.config.load import load
from edged.config.model import Config
from edged.errors import ExitCode, ModelError
from edged.vision.card import load_cards


def check_config(parsed: argparse.Namespace) -> ExitCode:
    """Check a file; say in a few lines what it amounts to, and what on this machine doesn't fit it."""
    path = config_path(parsed)
    config = load(path, parsed.overrides)
    require_parts(config)
    print(f"{path or 'defaults'}: good")
    for name, text in _summary(config):
        print(f"  {name:<9} {text}")
    for caution in _cautions(config):
        print(f"  CAUTION   {caution}")
    return ExitCode.OK


def _summary(config: Config) -> Iterator[tuple[str, str]]:
    broker, privacy, vision = config.broker, config.privacy, config.vision
    yield "device", f"{config.device.id}, for {config.device.purpose}"
    for camera in config.cameras:
        parts = [
            f"{kind} {', '.join(part.id for part in parts)}"
            for kind, parts in (("lines", camera.lines), ("zones", camera.zones), ("masks", camera.masks))
            if parts
        ]
        if camera.region is not None:
            across = (camera.region.right - camera.region.left) * (camera.region.bottom - camera.region.top)
            parts.insert(0, f"faces looked for in {100 * across:.0f} % of the picture")
        yield "camera", "; ".join([f"{camera.id}: {_shown(str(camera.source))}", *parts])
    yield "models", f"{vision.face_model}, {vision.emotion_model}; runtime {vision.runtime} on {vision.accelerator}"
    days = [f"{day[:3]} {hours}" for day in DAYS if (hours := getattr(config.hours, day))]
    yield "hours", f"{'; '.join(days)} ({config.hours.time_zone})" if days else "always open"
    yield "windows", f"{config.windows.length_s} s, released from {privacy.k} people on"
    if privacy.policy == "differential":
        yield "privacy", f"ε {privacy.epsilon:g} a window, {privacy.daily_epsilon:g} in 24 hours for all cameras"
    else:
        yield (
            "privacy",
            f"counts in multiples of {privacy.rounding}, carried over {privacy.carry_windows} windows at most",
        )
    login = f", as {broker.username}" if broker.username else ""
    way = f"{', websockets' if broker.transport == 'websockets' else ''}{', TLS' if broker.tls else ''}"
    yield "broker", f"{broker.host}:{broker.port}{way}{login}"
    announced = f", {config.homeassistant.prefix}/device/… (Home Assistant)" if config.homeassistant.discovery else ""
    yield "topics", f"edged/{config.device.id}/…{announced}"
    yield "state", str(config.outbox.folder)


def _cautions(config: Config) -> Iterator[str]:
    """Say what may be right elsewhere and is wrong on this machine."""
    for camera in config.cameras:
        if (path := path_of(camera)) is not None and not os.access(path, os.F_OK):
            yield f"camera {camera.id}: there is no file or folder {path} on this machine"
    for first, second in config.hours.overlaps:
        days = f"{first}'s" if first == second else f"{first}'s and {second}'s"
        yield f"hours: {days} ranges overlap; the cameras are open in all of them"
    for key in ("password_file", "ca_file", "certificate_file", "key_file"):
        file = getattr(config.broker, key)
        if file is not None and not file.is_file():
            yield f"broker.{key}: there is no file {file} on this machine"
    try:
        known = load_cards(config.vision.models_folder)
    except ModelError as error:
        yield f"vision.models_folder: {error}"
    else:
        for key in ("face_model", "emotion_model"):
            name = getattr(config.vision, key)
            if name != "auto" and name not in known:
                yield f"vision.{key}: no model is called {name!r}; there are {', '.join(sorted(known))}"
    if config.device.id == "edged":
        yield "device.id is the default: give each device its own, or they push each other off the broker"
    if config.privacy.policy == "threshold" and config.privacy.rounding == 1:
        yield "privacy: figures are exact (grid 1), which is for trials only"


def _shown(source: str) -> str:
    return redact(source) if is_url(source) else source
