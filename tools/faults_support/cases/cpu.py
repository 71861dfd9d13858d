"""cpu-quota: sense and its capture get a fifth of one processor, and far more pictures than that is good for."""

import json
import os
import sqlite3
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.faults_support.case import Invariant, Lab, MissingError, case, find
from tools.faults_support.group import Group, control_group
from tools.faults_support.parts import ROOT, edged, memory_kb, settings

SHARE = 0.2
WINDOW_S = 5
LATE_S = 2.0
"""A window's message is committed within this time of its end: a look at this quota, and the loop's own."""
PERIOD_US = 100_000
SETTLES_S = 90.0
MOST_GROWTH_KB = 4096


@case("cpu-quota", "sense has a fifth of a processor and pictures for several", count=24, short=2, needs=["ffmpeg"])
def cpu_quota(lab: Lab) -> None:
    """Windows (`count` of them) end on time, what is too much is dropped and counted, memory is flat, it is said."""
    state = lab.folder / "state"
    relaxed = {"visits__min_sightings": 1, "visits__min_duration_s": 0, "visits__same_person_s": 0}
    words = settings(
        camera__source=_fast_clip(lab),
        camera__loop="true",
        vision__max_fps=60,
        visits__lost_after_s=1,
        windows__length_s=WINDOW_S,
        privacy__k=2,
        privacy__carry_windows=20,
        outbox__folder=state,
        **relaxed,
    )
    group = lab.keep(control_group("cpu"))
    _hold(group, SHARE)
    sense = edged(lab, "sense", ["sense", "--config", os.devnull, *words], wrapper=group.wrapper)
    sense.start()
    lab.wait_until(lambda: "is live" in sense.said(), "the camera is live", SETTLES_S)
    seen, lateness, dropped, memory = len(_windows(state)), [], [], 0
    while len(lateness) < lab.count:
        lab.wait_until(lambda seen=seen: len(_windows(state)) > seen, "the next window", 4 * WINDOW_S)
        now = time.time()
        window = _windows(state)[seen]
        seen += 1
        lateness.append(now - datetime.fromisoformat(window["window"]["end"]).timestamp())
        if (share := window["coverage"]["dropped_share"]) is not None:
            dropped.append(share)
        memory = memory or memory_kb(sense.pid)
        growth = memory_kb(sense.pid) - memory
        lab.figures |= {
            "lateness_s": f"median {sorted(lateness)[len(lateness) // 2]:.2f}, most {max(lateness):.2f}",
            "dropped_share_most": max(dropped, default=0.0),
            "memory_growth_kb": growth,
            "effort": _report(state)["effort"],
        }
        lab.tell(f"{len(lateness)} of {lab.count}")
        lab.check(lateness[-1] <= LATE_S, Invariant.I5, f"a window came {lateness[-1]:.1f} s after its end")
        lab.check(growth <= MOST_GROWTH_KB, Invariant.I4, f"memory has grown by {growth} KiB")
    if lab.count * WINDOW_S > SETTLES_S:
        lab.check(max(dropped, default=0.0) > 0, Invariant.I5, "no dropped picture was counted")
        lab.check(
            _report(state)["effort"] == "reduced", Invariant.I5, "the status doesn't say that fewer are looked at"
        )


def _windows(state: Path) -> list[dict[str, Any]]:
    return [
        json.loads(body) for body in _ask(state, "SELECT body FROM message WHERE kind = 'window' ORDER BY sequence")
    ]


def _report(state: Path) -> dict[str, Any]:
    return dict(json.loads(_ask(state, "SELECT body FROM sense_report")[0]))


def _ask(state: Path, query: str) -> list[str]:
    store = sqlite3.connect(f"file:{state / 'outbox.sqlite'}?mode=ro", uri=True)
    try:
        return [row[0] for row in store.execute(query)]
    finally:
        store.close()


def _fast_clip(lab: Lab) -> Path:
    """The sample, ten times as fast: a hundred pictures a second."""
    ffmpeg, path = find("ffmpeg"), lab.folder / "fast.mp4"
    if ffmpeg is None:
        raise MissingError("ffmpeg isn't installed")
    speed = ("-an", "-vf", "setpts=PTS/10", "-r", "100", "-t", "4", "-c:v", "libx264", "-preset", "ultrafast")
    sample = ROOT / "tools" / "sample" / "sample.mp4"
    subprocess.run([ffmpeg, "-v", "error", "-y", "-i", str(sample), *speed, str(path)], check=True)
    return path


def _hold(group: Group, share: float) -> None:
    """Give a control group a share of one processor."""
    if group.unified:
        group.set("cpu.max", f"{int(share * PERIOD_US)} {PERIOD_US}")
    else:
        group.set("cpu.cfs_period_us", PERIOD_US)
        group.set("cpu.cfs_quota_us", int(share * PERIOD_US))
