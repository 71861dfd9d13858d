"""aim."""

import argparse
import json
import sys
from contextlib import closing
from importlib.util import find_spec

from edged.aim.look import Aim, View
from edged.cli.common import config_of, say_personal
from edged.config.model import Camera, Config
from edged.errors import ExitCode, InUseError, UnavailableError, UsageError
from edged.events import sent_to
from edged.outbox.files import at_work
from edged.service.signals import Stop, on_stop


def aim(parsed: argparse.Namespace) -> ExitCode:
    """Show where faces are found, until interrupted."""
    config = config_of(parsed)
    camera = _chosen(config, parsed.camera)
    if not parsed.json:
        if find_spec("rich") is None:
            raise UnavailableError("the view needs rich, which isn't installed: install edged[watch], or use --json")
        if not (parsed.once or sys.stdout.isatty()):
            raise UsageError("the view needs a terminal: in a pipe or a file use --json or --once")
    if at_work(config.outbox.folder, "sense"):
        raise InUseError("the running service has the camera: `systemctl stop edged-sense`, and start it again later")
    stop = on_stop()
    with sent_to(lambda _event, _fields: None), closing(Aim(camera, config.vision)) as aiming:
        if parsed.json:
            _tell(aiming, stop, once=parsed.once)
        else:
            _show(aiming, camera, stop, once=parsed.once)
    if not (stop.is_set() or parsed.once):
        print("edged: the recording is over", file=sys.stderr)
    return ExitCode.OK


def _chosen(config: Config, name: str | None) -> Camera:
    if name is None:
        return config.cameras[0]
    for camera in config.cameras:
        if camera.id == name:
            return camera
    raise UsageError(f"--camera {name}: the configuration has {', '.join(camera.id for camera in config.cameras)}")


def _tell(aiming: Aim, stop: Stop, *, once: bool) -> None:
    """Print views as JSON, a line each."""
    before: str | None = None
    for view in aiming.views():
        if stop.is_set():
            return
        if view.needs is None and (once or before == view.standing.state):
            continue
        if before is None:
            say_personal()
        before = view.standing.state
        print(json.dumps(view.told(), ensure_ascii=False), flush=True)
        if once:
            return


def _show(aiming: Aim, camera: Camera, stop: Stop, *, once: bool) -> None:
    """Draw views in a terminal of any size."""
    from rich.console import Console, Group  # noqa: PLC0415  (part of an extra)
    from rich.live import Live  # noqa: PLC0415

    from edged.aim import screen  # noqa: PLC0415

    console = Console()

    def drawn(view: View) -> Group:
        return Group(*screen.lines(view, camera, console.width, console.height - 1))

    views = aiming.views()
    if once:
        view = next((view for view in views if view.needs is not None or stop.is_set()), None)
        if view is not None and view.needs is not None:
            console.print(drawn(view))
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for view in views:
            if stop.is_set():
                return
            live.update(drawn(view), refresh=True)
