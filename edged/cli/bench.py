"""bench."""

import argparse
import dataclasses
import json

from edged.cli.common import config_arguments, config_of
from edged.errors import ExitCode
from edged.service.bench import Figures, measure


def bench(parsed: argparse.Namespace) -> ExitCode:
    """Measure a video and print the figures."""
    figures = measure(config_of(parsed), parsed.video, config_arguments(parsed))
    print(json.dumps(dataclasses.asdict(figures), indent=2) if parsed.json else _table(figures))
    return ExitCode.OK


def _table(figures: Figures) -> str:
    lines = [f"{figures.frames} frames, {figures.faces} faces; {', '.join(figures.models)}; {figures.runtime}", ""]
    lines += [f"{'stage':<26}{'median ms':>10}{'p95 ms':>10}"]
    lines += [f"{name:<26}{stage.median_ms:>10.2f}{stage.p95_ms:>10.2f}" for name, stage in figures.stages.items()]
    lines += [
        "",
        f"CPU per frame       {figures.cpu_ms:8.2f} ms, of which invoke {figures.invoke_ms:.2f} ms",
        f"overhead ratio      {figures.overhead_ratio:8.2f}    all CPU of sense ÷ CPU in invoke",
        f"speed               {figures.frames_per_second:8.1f} frames/s, {figures.speed:.1f} × real time",
        f"start-up            {figures.start_up_cpu_s:8.2f} s of CPU",
        f"peak memory         {figures.sense_peak_rss_mb:8.0f} MB sense, {figures.publish_peak_rss_mb:.0f} MB publish",
    ]
    return "\n".join(lines)
