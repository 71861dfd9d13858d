"""analyze: which kind of thing is asked for, and of what."""

import argparse
import json
from collections.abc import Sequence
from glob import glob
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from edged.camera.header import kind_of
from edged.camera.pictures import SUFFIXES, pictures_in
from edged.cli.analyze_pictures import STANDARD_INPUT, analyze_pictures
from edged.cli.analyze_video import analyze_video
from edged.cli.common import config_of
from edged.errors import ExitCode, MissingInputError, UsageError
from edged.formats import microsoft, microsoft_video, own, smartclick

_MODELS: Final[dict[str, type[BaseModel]]] = {
    "edged": own.Picture,
    "smartclick": smartclick.Answer,
    "microsoft": microsoft.Answer,
    "microsoft-video": microsoft_video.Answer,
}
_FOR_PICTURES: Final = ("faces", "draw")
_FOR_VIDEOS: Final = ("start", "mode", "window", "interval", "no_smoothing", "plot", "overlay")


def analyze(parsed: argparse.Namespace) -> int:
    """Print one JSON object a line: a picture's faces, or a video's windows; or an answer in another system's words."""
    if parsed.schema:
        print(json.dumps(_MODELS[parsed.schema].model_json_schema(mode="serialization"), indent=2, ensure_ascii=False))
        return ExitCode.OK
    if not parsed.files:
        raise UsageError("name what is to be analysed: pictures, folders of pictures, - for standard input, or a video")
    if parsed.threshold is not None and not 0 <= parsed.threshold <= 1:
        raise UsageError(f"--threshold {parsed.threshold:g}: a share is between 0 and 1")
    paths = _expand(parsed.files)
    if any(_is_picture(path) for path in paths):  # what is none among pictures is a bad file, and told as such
        _refuse(parsed, _FOR_VIDEOS, "is for videos, and these are pictures")
        return analyze_pictures(config_of(parsed), parsed, paths, alone=paths == [Path(parsed.files[0])])
    if len(paths) > 1:
        raise UsageError("one video at a time, please")
    _refuse(parsed, _FOR_PICTURES, "is for pictures, and this is a video")
    return analyze_video(config_of(parsed), parsed, paths[0])


def _expand(names: Sequence[str]) -> list[Path]:
    """Return the files that are meant: of a folder its pictures, of a pattern what it matches."""
    paths: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = sorted(pictures_in(path))
        elif name == str(STANDARD_INPUT) or path.exists() or not any(sign in name for sign in "*?["):
            found = [path]
        else:
            matches = glob(name, recursive=True)  # noqa: PTH207  (Path.glob takes no absolute pattern)
            found = sorted(path for path in map(Path, matches) if path.is_file())
        if not found:
            raise MissingInputError(
                f"{name}: there is no picture in it" if path.is_dir() else f"{name}: matches no file"
            )
        paths += found
    return paths


def _is_picture(path: Path) -> bool:
    """Tell by its first bytes; by its name where there are none, for then only an error is left to be told."""
    if path == STANDARD_INPUT or path.suffix.lower() in SUFFIXES:
        return True
    if not path.is_file():
        return path.exists()  # a pipe can be read once only: a picture, then
    try:
        with path.open("rb") as file:
            return kind_of(file.read(16)) is not None
    except OSError:
        return False


def _refuse(parsed: argparse.Namespace, options: Sequence[str], why: str) -> None:
    for option in options:
        if getattr(parsed, option):
            raise UsageError(f"--{option.replace('_', '-')} {why}")
