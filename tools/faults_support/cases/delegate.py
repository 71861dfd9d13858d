"""delegate: an Edge TPU that hangs in invoke, ends the process, isn't there, or hangs while it is loaded."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from edged.errors import StoreError
from edged.outbox.peek import Seen, peek
from edged.vision.card import shipped_folder
from tools.faults_support.case import Invariant, Lab, MissingError, case, find
from tools.faults_support.cases.guard import SAMPLE
from tools.faults_support.parts import DEVICE, program, settings

LIMIT_S = 15.0
MODES = {
    "invoke": "the stage 'look' has made no progress for 10 s",
    "abort": "sense was killed by SIGABRT",
    "refuse": "by litert",
    "create": "in load_delegate",
}
"""How the stub misbehaves, and what the log says of it.

A runtime holds Python's lock while it loads a delegate: what the log has then is the function in which the process was
aborted. It takes two starts of 90 s.
"""
WITHIN_S = 400.0
FACE = "centerface-320x256"


@case("delegate", "an Edge TPU that hangs, aborts, or isn't there", count=4, short=1)
def delegate(lab: Lab) -> None:
    """Ended in time, named in the log, and after the second time the CPU takes over and the device says so."""
    library = _library(lab.folder)
    for mode, cause in list(MODES.items())[: lab.count]:
        folder = lab.folder / mode
        models, state = folder / "models", folder / "state"
        _card(models)
        chosen = settings(
            device__id=DEVICE,
            camera__source=SAMPLE,
            camera__loop="true",
            windows__length_s=5,
            outbox__folder=state,
            vision__models_folder=models,
            vision__face_model="stub",
            vision__runtime="litert",
        )
        run = program(
            lab,
            f"run-{mode}",
            [sys.executable, "-m", "edged", "run", "--config", os.devnull, *chosen],
            wrapper=[
                *("env", f"LD_LIBRARY_PATH={library}", f"STUB_DELEGATE={mode}"),
                f"WATCHDOG_USEC={LIMIT_S * 1e6:.0f}",
            ],
        )
        run.start()
        took = lab.wait_until(
            lambda state=state: _runtime(state).endswith("on cpu"),  # type: ignore[misc]
            f"{mode}: windows by the CPU",
            WITHIN_S,
        )
        lab.check(cause in run.said(), Invariant.I5, f"{mode}: not named in the log: {run.said()}")
        deaths = run.said().count("sense was killed by") + run.said().count("sense ended with exit code 71")
        lab.check(deaths == (0 if mode == "refuse" else 2), Invariant.I6, f"{mode}: {deaths} deaths: {run.said()}")
        if mode != "refuse":
            told = "models run on the CPU until the next boot"
            lab.check(
                told in run.said() and told in _told(state), Invariant.I5, f"{mode}: the fall-back isn't declared"
            )
        run.kill()
        lab.figures[f"{mode}_to_cpu_s"] = round(took, 1)
        lab.tell(f"{mode}: the CPU after {took:.0f} s")


def _library(folder: Path) -> Path:
    """Compile the stub under the name that edged loads."""
    compiler = find("cc")
    if compiler is None:
        raise MissingError("cc isn't installed, and the stub of an Edge TPU is written in C: apt install gcc libc6-dev")
    source, target = Path(__file__).parents[1] / "delegate.c", folder / "lib"
    target.mkdir()
    words = [compiler, "-shared", "-fPIC", "-O1", "-o", str(target / "libedgetpu.so.1"), str(source)]
    subprocess.run(words, check=True)
    return target


def _card(folder: Path) -> None:
    """A face model that claims to be compiled for the Edge TPU: the same file."""
    folder.mkdir(parents=True)
    text = (shipped_folder() / f"{FACE}.toml").read_text(encoding="utf-8").replace(f'"{FACE}"', '"stub"', 1)
    line = next(line for line in text.splitlines() if line.startswith("sha256 = "))
    compiled = f'{line}\nedgetpu_file = "{FACE}.tflite"\nedgetpu_{line}'
    (folder / "stub.toml").write_text(text.replace(line, compiled, 1), encoding="utf-8")
    shutil.copyfile(shipped_folder() / f"{FACE}.tflite", folder / f"{FACE}.tflite")


def _runtime(state: Path) -> str:
    """Where models run by the latest report of the sensing process, once a window has been made."""
    seen = _look_into(state)
    return seen.report.runtime if seen and seen.report and seen.counts.waiting else ""


def _told(state: Path) -> str:
    seen = _look_into(state)
    return str(seen.report.last_error) if seen and seen.report else ""


def _look_into(state: Path) -> Seen | None:
    try:
        return peek(state, DEVICE)
    except StoreError:
        return None  # it is just being made
