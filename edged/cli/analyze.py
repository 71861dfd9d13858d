"""analyze."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

from edged.cli.common import config_of
from edged.cli.main import INTERRUPTED
from edged.config.model import Config
from edged.errors import ExitCode, InputError, MissingInputError, UsageError
from edged.messages.window import WindowMessage
from edged.service import analyse
from edged.service.signals import on_stop


def analyze(parsed: argparse.Namespace) -> int:
    """Print one JSON object a line: a picture's faces, or a video's windows."""
    config = config_of(parsed)
    files: list[Path] = parsed.files
    pictures = [path for path in files if analyse.is_picture(path)]
    if pictures and len(pictures) < len(files):
        raise UsageError("pictures and videos can't be mixed in one call: analyse them one after the other")
    if pictures:
        return _pictures(config, pictures)
    if len(files) > 1:
        raise UsageError("one video at a time, please")
    return _video(_started(config, parsed.start), files[0])


def _pictures(config: Config, paths: list[Path]) -> ExitCode:
    reader = analyse.PictureReader(config)
    print("edged: what follows is about single faces: personal data, which stays on this machine", file=sys.stderr)
    worst = ExitCode.OK
    for path in paths:
        try:
            print(json.dumps(reader.faces(path), ensure_ascii=False), flush=True)
        except (InputError, MissingInputError) as error:
            print("edged: " + str(error).removeprefix("camera 'picture': "), file=sys.stderr)
            worst = error.exit_code
    return worst


def _video(config: Config, path: Path) -> int:
    states = set()

    def show(message: WindowMessage) -> None:
        states.add(message.state)
        print(message.model_dump_json(), flush=True)

    stop = on_stop()
    analyse.video(config, path, show, stop)
    if stop.is_set():
        print("edged: interrupted; the last window covers the video up to here", file=sys.stderr)
        return INTERRUPTED
    if states == {"withheld"}:
        print(
            f"edged: no window had the {config.privacy.k} people that it takes to tell of them; for a trial: "
            "--set privacy.k=2 --set visits.same_person_s=0, or longer windows",
            file=sys.stderr,
        )
    return ExitCode.OK


def _started(config: Config, start: str | None) -> Config:
    if start is None:
        return config
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        raise UsageError(f"--start {start}: write a time as RFC 3339 does, e.g. 2026-11-22T08:00:00Z") from None
    if moment.tzinfo is None:
        raise UsageError(f"--start {start}: say in which time zone, e.g. {start}Z or {start}+01:00")
    camera = config.cameras[0].model_copy(update={"start": moment, "pace": "fast", "loop": False})
    return config.model_copy(update={"cameras": (camera, *config.cameras[1:])})
