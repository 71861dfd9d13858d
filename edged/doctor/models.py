"""The models: sound, loaded as configured, and how fast they are here.

Rule: they are loaded in a process of their own (`python -m edged.doctor.models`, settings on standard input), because a
delegate that hangs while it is loaded holds Python itself, and only a process can be ended then.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Final

from edged.config.model import Config
from edged.config.model import Vision as Settings
from edged.doctor import coral
from edged.doctor.finding import Finding, failure, ok, warning
from edged.errors import EdgedError

LIMIT_S: Final = 90.0
"""A small machine under load verifies its two models in a fraction of this."""
SIZE: Final = (1280, 720)
_LOOKS: Final = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """What loading and running the configured models showed."""

    models: list[str]
    """Name and hash of each."""
    runtime: str
    """Runtime and device in words."""
    look_ms: float
    """Milliseconds of the quickest look at an empty picture of 1280×720."""
    notes: list[str]
    """Why models aren't where they might be."""
    bad: list[str]
    """Checks of `edged models verify` that found something wrong."""
    error: str | None = None
    """Why they can't be loaded; then all the rest is empty."""


def judge(trial: Trial, max_fps: float, *, has_coral: bool) -> list[Finding]:
    """Judge a trial by the rate that is configured, and by whether a Coral is there."""
    if trial.error is not None:
        return [failure("models", trial.error, "`edged models verify` tells more; a damaged file: install edged again")]
    words = f"{', '.join(trial.models)}; {trial.runtime}"
    if trial.bad:
        return [failure("models", f"{words}; {'; '.join(trial.bad)}", "install edged again: files or runtime differ")]
    findings = [ok("models", f"{words}; files and golden figures as they should be")]
    if trial.notes and has_coral:
        mend = "a model compiled for the Edge TPU, or libedgetpu1-std: docs/INSTALL.md, With a Coral"
        findings.append(warning("models", "; ".join(trial.notes), mend))
    fps = 1000 / trial.look_ms
    speed = f"{trial.look_ms:.0f} ms to find no faces in 1280×720: {fps:.0f} pictures a second, {max_fps:g} wanted"
    if fps < max_fps:
        mend = "`edged bench VIDEO` recommends face_model, max_fps and accelerator for this device"
        findings.append(warning("speed", speed, mend))
    else:
        findings.append(ok("speed", speed))
    return findings


def look(config: Config) -> list[Finding]:
    """Try the models in a process of their own."""
    try:
        run = subprocess.run(
            [sys.executable, "-m", "edged.doctor.models"],
            input=config.vision.model_dump_json(),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        told = f"loading and running them took more than {LIMIT_S:g} s"
        return [failure("models", told, 'unplug the Coral, or set vision.accelerator = "cpu", and try again')]
    if run.returncode != 0:
        ended = f"exit code {run.returncode}" if run.returncode > 0 else f"signal {-run.returncode}"
        told = f"the process that tried them died ({ended})"
        return [failure("models", told, 'set vision.accelerator = "cpu" and try again; `edged models verify`')]
    trial = Trial(**json.loads(run.stdout.splitlines()[-1]))
    return judge(trial, config.vision.max_fps, has_coral=bool(coral.look()))


def try_out(settings: Settings) -> Trial:
    """Load and run the configured models in this process."""
    import numpy as np  # noqa: PLC0415  (only the process that tries them pays for it)

    from edged.camera.frame import Frame  # noqa: PLC0415
    from edged.vision.verify import verify_models  # noqa: PLC0415
    from edged.vision.vision import Vision  # noqa: PLC0415

    width, height = SIZE
    try:
        vision = Vision(settings, width, height)
        names = [name for _, name, _ in vision.models]
        bad = [
            f"{card.name}: {finding.check}: {finding.detail}"
            for card, findings in verify_models(settings.models_folder, names)
            for finding in findings
            if not finding.ok
        ]
        seconds = []
        for number in range(_LOOKS):
            began = time.perf_counter()
            vision.look(Frame("doctor", float(number), np.zeros((height, width, 3), np.uint8)))
            seconds.append(time.perf_counter() - began)
    except EdgedError as error:
        return Trial([], "", 0.0, [], [], str(error))
    models = [f"{name} {sha256}" for _, name, sha256 in vision.models]
    return Trial(models, vision.runtime, 1000 * min(seconds), vision.notes, bad)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(try_out(Settings.model_validate_json(sys.stdin.read())))) + "\n")
