"""analyze, for pictures."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edged.analysis.drawing import PICTURE_SUFFIXES, drawn, mark, require_file, write_picture
from edged.analysis.faces import PictureReader
from edged.camera.still import NotAPictureError, Still, TooLargeError, decode_still
from edged.cli.common import say_personal
from edged.cli.progress import Progress
from edged.config.model import Config
from edged.errors import EdgedError, ExitCode, InputError, MissingInputError, OutputError, UsageError
from edged.formats.rectangles import Rectangle, boxes_of, parse_rectangles
from edged.formats.words import named, picture_in_words_of
from edged.vision.sighting import Sighting

STANDARD_INPUT: Final = Path("-")
MOST_FILE_BYTES: Final = 256 * 1024 * 1024
"""A larger file isn't read: no picture that would be decoded is as large."""


def analyze_pictures(config: Config, parsed: argparse.Namespace, paths: Sequence[Path], *, alone: bool) -> int:
    """Print the faces of pictures; `alone`: one was named, so its answer needs no name beside it."""
    if parsed.threshold is not None and parsed.format == "microsoft":
        raise UsageError("--threshold: the microsoft format has no word for an undecided emotion; choose another")
    rectangles = _given(parsed.faces, len(paths))
    threshold = parsed.threshold or 0.0
    drawings = _drawings(parsed.draw, paths, alone=alone)
    reader = PictureReader(config.vision)
    progress = Progress("pictures", len(paths), seconds=False, lines=parsed.progress == "json")
    failed: list[EdgedError] = []
    for number, (path, drawing) in enumerate(zip(paths, drawings, strict=True), 1):
        try:
            still = _decode(path)
            sightings = _look(reader, still, rectangles, str(path), every_emotion=parsed.format != "edged")
            told = picture_in_words_of(parsed.format, str(path), sightings, still.width, still.height, threshold)
            if number == len(failed) + 1:  # the first that is told of
                progress.wipe()
                say_personal()
            progress.tell((told if alone or parsed.format == "edged" else named(str(path), told)) + "\n")
            if drawing is not None:
                marked = [mark(sighting, threshold) for sighting in sightings]
                write_picture(drawing, drawn(still.pixels, marked))
        except (InputError, MissingInputError) as error:
            failed.append(error)
        progress.at(number)
    progress.wipe()
    return _tell(failed, len(paths))


def _given(faces: str | None, pictures: int) -> list[Rectangle] | None:
    if faces is None:
        return None
    if pictures > 1:
        raise UsageError("--faces: rectangles belong to one picture, and there are several")
    path = Path(faces)
    try:
        if len(faces) < 1024 and path.is_file():
            return parse_rectangles(path.read_text(encoding="utf-8"), faces)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{faces} can't be read as text: {error}") from None
    if not any(sign.isdecimal() for sign in faces) or "," not in faces:
        raise MissingInputError(f"--faces {faces}: there is no such file, and it is no left,top,width,height")
    try:
        return parse_rectangles(faces, "--faces")
    except InputError as error:  # no file: the command line itself is wrong
        raise UsageError(str(error)) from None


def _decode(path: Path) -> Still:
    name = "standard input" if path == STANDARD_INPUT else str(path)
    if path != STANDARD_INPUT and not path.exists():
        raise MissingInputError(f"there is no file or folder {name}: check its name")
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MOST_FILE_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise MissingInputError(f"{name} can't be read: {error.strerror}") from error
    if len(content) > MOST_FILE_BYTES:
        raise TooLargeError(f"{name} is larger than {MOST_FILE_BYTES // 2**20} MB: no picture is")
    try:
        return decode_still(content, name)
    except NotAPictureError as error:
        raise NotAPictureError(f"{error}, or name a video by itself, as a file") from None


def _look(
    reader: PictureReader, still: Still, rectangles: list[Rectangle] | None, name: str, *, every_emotion: bool
) -> list[Sighting]:
    if rectangles is None:
        return reader.find(still, every_emotion=every_emotion)
    return reader.read(still, boxes_of(rectangles, still.width, still.height, name))


def _drawings(asked: Path | None, paths: Sequence[Path], *, alone: bool) -> Sequence[Path | None]:
    """Return where each picture's drawing goes. Raises OutputError; UsageError where one would overwrite a picture."""
    if asked is None:
        return [None] * len(paths)
    if alone:
        require_file(asked, PICTURE_SUFFIXES)
        drawings = [asked]
    else:
        _make_folder(asked)
        names = ["stdin" if path == STANDARD_INPUT else path.name for path in paths]
        drawings = [asked / f"{name}.png" for name in names]
        name, times = Counter(names).most_common(1)[0]
        if times > 1:
            raise UsageError(f"--draw: {times} pictures are called {name}, and each would overwrite the one before")
    pictures = {path.resolve() for path in paths}
    for drawing in drawings:
        if drawing.resolve() in pictures:
            raise UsageError(f"--draw: {drawing} is itself one of the pictures: choose another name")
    return drawings


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"--draw {folder}: several pictures need a folder, and this can't be one: {error.strerror}"
        ) from error


def _tell(failed: Sequence[EdgedError], pictures: int) -> ExitCode:
    """Say what went wrong; the exit code is that of the first."""
    for error in failed:
        print(f"edged: {error}", file=sys.stderr)
    if failed and pictures > 1:
        print(f"edged: {len(failed)} of {pictures} pictures couldn't be analysed; the others were", file=sys.stderr)
    return failed[0].exit_code if failed else ExitCode.OK
