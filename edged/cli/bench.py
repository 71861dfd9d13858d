"""bench."""

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Iterator

from edged.cli.common import config_arguments, config_of, named_file
from edged.cli.progress import Progress
from edged.errors import ExitCode, UsageError
from edged.service.bench import Figures, measure
from edged.service.recommend import LEAST_FPS, Recommendation


def bench(parsed: argparse.Namespace) -> ExitCode:
    """Measure a video and print the figures."""
    if not 0 < parsed.face_px < math.inf:
        raise UsageError(f"--face-px {parsed.face_px:g} is no height of a face, in px of the picture")
    config = config_of(parsed)
    progress = Progress(parsed.video.name, None, seconds=True)

    def say(doing: str) -> None:
        progress.wipe()
        print(f"edged: {doing}", file=sys.stderr, flush=True)

    with named_file(parsed.video, "bench"):
        figures = measure(config, parsed.video, config_arguments(parsed), parsed.face_px, say, progress.at)
    print(json.dumps(dataclasses.asdict(figures), indent=2) if parsed.json else _table(figures, config.vision.max_fps))
    return ExitCode.OK


def _table(figures: Figures, max_fps: float) -> str:
    lines = [f"{figures.frames} frames, {figures.faces} faces; {', '.join(figures.models)}; {figures.runtime}", ""]
    lines += [f"{'stage, by the clock':<26}{'median ms':>10}{'p95 ms':>10}"]
    lines += [f"{name:<26}{stage.median_ms:>10.2f}{stage.p95_ms:>10.2f}" for name, stage in figures.stages.items()]
    lines += [
        "",
        _verdict(figures, max_fps),
        f"CPU per frame       {figures.cpu_ms:8.2f} ms, of which invoke {figures.invoke_ms:.2f} ms",
        f"overhead ratio      {figures.overhead_ratio:8.2f}    all CPU of sense ÷ CPU in invoke",
        f"speed               {figures.frames_per_second:8.1f} frames/s, {figures.speed:.1f} × real time",
        f"start-up            {figures.start_up_cpu_s:8.2f} s of CPU",
        f"peak memory         {figures.sense_peak_rss_mb:8.0f} MB sense, {figures.publish_peak_rss_mb:.0f} MB publish",
    ]
    return "\n".join([*lines, "", *_recommended(figures.recommendation, max_fps)])


def _recommended(advice: Recommendation, max_fps: float) -> Iterator[str]:
    """Say what to write into the configuration, and what it rests on."""
    yield f"{'face model':<26}{'ms':>8}{'found':>8}{'frames/s':>10}   for faces of {advice.face_px:g} px in the picture"
    for choice in advice.choices:
        yield f"{choice.model:<26}{choice.invoke_ms:>8.1f}{100 * choice.found:>6.0f} %{choice.frames_per_second:>10.1f}"
    yield "found: in one picture, by the model's card; frames/s: for each camera, with 80 % of one core"
    if advice.face_model is None:
        yield "no face model has [reach] on its card, so none can be recommended"
        return
    yield ""
    if not advice.fast_enough:
        yield f"CAUTION: no model reaches {LEAST_FPS:g} pictures a second here; visits will be miscounted"
    if advice.found < 0.5:
        yield "CAUTION: most faces so small are missed; set cameras.region, or bring the camera nearer"
    yield f"recommended for faces of {advice.face_px:g} px, at up to {max_fps:g} frames/s:"
    yield ""
    yield "  [vision]"
    yield f'  face_model = "{advice.face_model}"'
    yield f"  max_fps = {advice.max_fps:g}"
    yield f'  accelerator = "{advice.accelerator}"'
    yield f'  runtime = "{advice.runtime}"'


def _verdict(figures: Figures, max_fps: float) -> str:
    """Say whether this device can do the job: the CPU that one camera at vision.max_fps would take."""
    share = figures.cpu_ms * max_fps / 1000
    judged = (
        "this device is fast enough"
        if share <= 0.8
        else "TOO MUCH: lower vision.max_fps or choose a smaller face model"
    )
    return f"one camera          {100 * share:8.0f} % of a core at {max_fps:g} frames/s (vision.max_fps): {judged}"
