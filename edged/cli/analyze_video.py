"""analyze, for a video."""

import argparse
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from edged.analysis.chart import Chart, require_chart, write_chart
from edged.analysis.clip import Cut, Due, Fragments, Watch, interval_of_looks
from edged.analysis.drawing import Overlay
from edged.cli.common import is_same_file, named_file, say_personal
from edged.cli.main import INTERRUPTED
from edged.cli.progress import Progress
from edged.config.model import Config
from edged.errors import ExitCode, UsageError
from edged.formats.microsoft_video import TIMESCALE
from edged.messages.window import WindowMessage
from edged.service.analyse import Video
from edged.service.signals import on_stop

WINDOW_S: Final = (0.25, 2.0)
INTERVAL_S: Final = (0.25, 1.0)
DEFAULT_S: Final = 0.5
"""Least and most seconds of window and interval, and what they are when nothing is said, as that service had them."""


def analyze_video(config: Config, parsed: argparse.Namespace, path: Path) -> int:
    """Print the windows of a video, or fragments; draw what was asked for."""
    _check(parsed, path)
    config = _started(config, parsed.start)
    video = _open(config, path)
    progress = Progress(path.name, video.length_s, seconds=True, lines=parsed.progress == "json")
    fragments, due = _fragments(config, parsed, video, progress.tell)
    chart = Chart(config.visits, video.camera) if parsed.plot else None
    overlay = Overlay(parsed.overlay, video.fps) if parsed.overlay else None
    if fragments or chart or overlay:
        say_personal()
    watch = Watch(
        config.visits.lost_after_s,
        fragments=fragments,
        chart=chart,
        overlay=overlay,
        threshold=parsed.threshold or 0.0,
    )
    stop = on_stop()
    states: set[str] = set()

    def show(message: WindowMessage) -> None:
        states.add(message.state)
        progress.tell(message.model_dump_json() + "\n")

    played = video.looks(watch, progress.at, due, stop) if due else video.windows(watch, progress.at, show, stop)
    progress.wipe()
    if chart is not None:
        write_chart(chart, parsed.plot, path.name)
    if stop.is_set():
        print(f"edged: interrupted; what was written covers the first {played.end_s:.1f} s", file=sys.stderr)
        return INTERRUPTED
    if played.missing_s:
        print(
            f"edged: {path} breaks off after {played.end_s:.1f} s, {played.missing_s:.1f} s before its announced end: "
            "it is cut short or damaged; what was written covers it up to there",
            file=sys.stderr,
        )
        return ExitCode.DATA
    if states == {"withheld"}:
        print(
            f"edged: no window had the {config.privacy.k} people that it takes to tell of them; for a trial: "
            "--set privacy.k=2 --set visits.same_person_s=0, or longer windows",
            file=sys.stderr,
        )
    return ExitCode.OK


def _open(config: Config, path: Path) -> Video:
    with named_file(path, config.cameras[0].id):
        return Video(config, path)


def _check(parsed: argparse.Namespace, path: Path) -> None:
    """Refuse what can't be had before anything is begun."""
    if parsed.format == "smartclick":
        raise UsageError("--format smartclick is for pictures: for a video choose microsoft or edged")
    if parsed.format != "microsoft":
        for option in ("mode", "window", "interval", "no_smoothing"):
            if getattr(parsed, option):
                raise UsageError(f"--{option.replace('_', '-')} belongs to --format microsoft")
    elif parsed.start:
        raise UsageError("--start belongs to --format edged: Microsoft's times count from the video's beginning")
    if parsed.threshold is not None and parsed.overlay is None:
        raise UsageError(
            "--threshold: of a video it only says what an overlay's labels tell; add --overlay, or leave it out"
        )
    if parsed.mode == "perFace" and (parsed.window or parsed.interval):
        raise UsageError("--window and --interval belong to --mode aggregate: perFace tells of every look")
    for option, (least, most) in (("window", WINDOW_S), ("interval", INTERVAL_S)):
        seconds = getattr(parsed, option)
        if seconds is not None and not least <= seconds <= most:
            raise UsageError(f"--{option} {seconds:g}: it is from {least:g} to {most:g} seconds")
    for option in ("plot", "overlay"):
        asked: Path | None = getattr(parsed, option)
        if asked is not None and is_same_file(asked, path):
            raise UsageError(f"--{option} {asked} would overwrite the video itself: choose another name")
    if parsed.plot:
        require_chart(parsed.plot)


def _fragments(
    config: Config, parsed: argparse.Namespace, video: Video, write: Callable[[str], None]
) -> tuple[Fragments | None, Due | None]:
    """Return who writes Microsoft's format, and which frames it needs; nothing for ours."""
    if parsed.format != "microsoft":
        return None, None
    most = config.vision.max_fps
    interval = window = looks = interval_of_looks(video.fps, most)
    if parsed.mode != "perFace":
        # Pictures that are few on the average may come densely: each is looked at that may be.
        looks = interval_of_looks(max(video.fps, most), most)
        interval_s = parsed.interval or min(DEFAULT_S, parsed.window or DEFAULT_S)
        window_s = parsed.window or max(DEFAULT_S, interval_s)
        if window_s < interval_s:
            raise UsageError(
                f"--window {window_s:g} is shorter than the interval of {interval_s:g} s: it would leave gaps"
            )
        interval, window = round(interval_s * TIMESCALE), round(window_s * TIMESCALE)
    cut = Cut(parsed.mode or "aggregate", interval, window, smoothing=not parsed.no_smoothing)
    return Fragments(cut, video.fps, write), Due(looks, video.fps)


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
