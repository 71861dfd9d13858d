"""Which checks there are for a configuration, in the order of the table, and the time that each may take."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from edged.config.model import Config
from edged.doctor import broker, cameras, coral, machine, models, state, units
from edged.doctor.cameras import Remarks
from edged.doctor.finding import Finding, failure, ok, unseen
from edged.doctor.rounds import Check
from edged.errors import ConfigError, MissingInputError, StoreError
from edged.outbox.files import at_work
from edged.outbox.peek import peek

QUICK_S: Final = 10.0
_NEED_CONFIGURATION: Final = ("models", "coral", "cameras", "broker", "disk", "rights", "outbox")


def of_configuration(file: Path | None, load: Callable[[], Config]) -> tuple[Config | None, list[Finding]]:
    """Load the configuration; return it with what is to be said of it, None when it can't be used."""
    try:
        config = load()
    except (ConfigError, MissingInputError) as error:
        mend = "`edged check-config` says the same until it is right; config/edged.toml is a sample"
        if isinstance(error, MissingInputError) and os.geteuid() != 0:
            mend = "as root: `sudo edged doctor`"
        return None, [failure("configuration", line, mend) for line in str(error).splitlines()]
    where = str(file) if file else "defaults, there is no file"
    return config, [ok("configuration", f"{where}: device {config.device.id}, {len(config.cameras)} camera(s)")]


def checks(config: Config | None, file: Path | None, remarks: Remarks) -> Iterator[Check]:
    """Yield all checks; without a configuration those that need none. `remarks`: what hears the cameras' events."""
    yield Check("runtime", QUICK_S * 3, machine.look_at_python)
    if config is not None:
        yield Check("models", models.LIMIT_S + QUICK_S, lambda: models.look(config))
        yield Check("coral", QUICK_S, lambda: coral.judge(coral.look(), config.vision.accelerator))
        yield from _of_cameras(config, remarks)
        yield Check("broker", broker.LIMIT_S, lambda: broker.look(config))
    yield Check("clock", QUICK_S, machine.look_at_clock)
    yield Check("heat", QUICK_S, machine.look_at_heat)
    if config is not None:
        yield Check("disk", QUICK_S, lambda: machine.look_at_disk(config.outbox.folder))
        yield Check("rights", QUICK_S, lambda: state.look_at_rights(config, file))
        publishing = at_work(config.outbox.folder, "publish")
        yield Check("outbox", QUICK_S, lambda: state.look_at_outbox(config, publishing=publishing))
    yield Check("units", QUICK_S, units.look)
    if config is None:
        told = f"not looked at, for want of a configuration: {', '.join(_NEED_CONFIGURATION)}"
        yield Check("rest", QUICK_S, lambda: [unseen("rest", told, "mend the configuration, and this again")])


def _of_cameras(config: Config, remarks: Remarks) -> Iterator[Check]:
    if at_work(config.outbox.folder, "sense"):
        yield Check("cameras", QUICK_S, lambda: _as_reported(config))
        return
    for camera in config.cameras:
        yield Check(
            f"camera {camera.id}",
            cameras.LIMIT_S,
            lambda camera=camera: cameras.look(camera, config.vision.max_fps, remarks),  # type: ignore[misc]
        )


def _as_reported(config: Config) -> list[Finding]:
    try:
        seen = peek(config.outbox.folder, config.device.id)
    except StoreError as error:
        return [unseen("cameras", f"the running service has them; {error}", "`sudo edged doctor`")]
    return cameras.judge_report(config.cameras, None if seen is None else seen.report, time.time())
