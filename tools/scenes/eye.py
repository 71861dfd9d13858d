"""What an imperfect detector makes of a scene: misses, shaky boxes, faces where there are none.

Figures are those that the brief of the tracker asks for, or were read off the real clips (docs/VISITS.md).
"""

from dataclasses import dataclass

import numpy as np

from edged.vision.sighting import Box, Sighting

from .stage import Lens, Truth

MISS = 0.20
"""Share of the faces that show which are not found."""
MISS_S = 0.12
"""Misses come in runs of about this long: what made the detector blind in one frame still does so in the next."""
FALSE = 0.05
"""Share of the sightings that are no face."""
TEXTURES = 2
"""Places that look like a face now and then, and give half of the false faces, in runs of about TEXTURE_S."""
TEXTURE_S = 0.15
THRESHOLD, TEXTURE_SCORE = 0.4, 0.06
"""Score below which the detector is silent, and by how much a texture exceeds it: it flickers because it is close."""
PLACE_JITTER, SIZE_JITTER = 0.03, 0.04
"""Standard deviation of a box's centre and of the logarithm of its size, in face sizes."""
WOBBLE = 0.02
"""The same for the part of the error that lasts for some frames (a second or so)."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When frames come."""

    fps: float
    unsteady: float = 0.1
    """Standard deviation of the distance of two frames, as a share of it."""
    dropped: float = 0.03
    """Share of frames that never come; a tenth of these starts a gap of 0.3 to 0.6 s."""

    def times(self, rng: np.random.Generator, seconds: float) -> list[float]:
        """Return the times of the frames."""
        times, now, gap_until = [], 0.0, 0.0
        while now < seconds:
            if rng.random() < self.dropped:
                gap_until = now + (rng.uniform(0.3, 0.6) if rng.random() < 0.1 else 0.0)
            elif now >= gap_until:
                times.append(now)
            now += max(1 + rng.normal(0, self.unsteady), 0.2) / self.fps
        return times


def sight(rng: np.random.Generator, lens: Lens, truth: Truth) -> list[list[Sighting]]:
    """Return what the detector finds in each frame, the best scored first."""
    finder = _Finder(rng, lens)
    before, per_frame = 0.0, sum(map(len, truth.boxes)) / len(truth.boxes)
    false_per_frame = per_frame * (1 - MISS) * FALSE / (1 - FALSE)
    found = []
    for now, boxes in zip(truth.times, truth.boxes, strict=True):
        sightings = finder.faces(boxes, now - before) + finder.false_faces(false_per_frame, now - before)
        found.append(sorted(sightings, key=lambda sighting: -sighting.score))
        before = now
    return found


class _Finder:
    def __init__(self, rng: np.random.Generator, lens: Lens) -> None:
        self._rng = rng
        self._lens = lens
        self._blind: dict[int, bool] = {}
        self._wobble: dict[int, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
        self._textures = [(self._anywhere(), [False]) for _ in range(TEXTURES)]

    def faces(self, boxes: dict[int, Box], gap: float) -> list[Sighting]:
        sightings = []
        for person, box in boxes.items():
            blind = self._run(self._blind.get(person, self._rng.random() < MISS), MISS, MISS_S, gap)
            self._blind[person] = blind
            keep = float(np.exp(-gap / 0.5))
            fresh = self._rng.normal(0, WOBBLE, 3) * np.sqrt(1 - keep**2)
            self._wobble[person] = keep * self._wobble.get(person, self._rng.normal(0, WOBBLE, 3)) + fresh
            if not blind:
                off = self._wobble[person] + self._rng.normal(0, (PLACE_JITTER, PLACE_JITTER, SIZE_JITTER))
                score = float(np.clip(self._rng.normal(0.78, 0.1), THRESHOLD, 0.98))
                sightings.append(self._sighting(box, off.tolist(), score))
        return sightings

    def false_faces(self, per_frame: float, gap: float) -> list[Sighting]:
        found = [
            (self._anywhere(), self._rng.uniform(THRESHOLD, 0.75)) for _ in range(self._rng.poisson(per_frame / 2))
        ]
        for box, on in self._textures:
            on[0] = self._run(on[0], per_frame / 2 / TEXTURES, TEXTURE_S, gap)
            found += [(box, min(THRESHOLD + self._rng.exponential(TEXTURE_SCORE), 0.75))] if on[0] else []
        return [self._sighting(box, self._rng.normal(0, 0.05, 3).tolist(), float(score)) for box, score in found]

    def _run(self, on: bool, share: float, length: float, gap: float) -> bool:
        """Next state of something that is on for `share` of the time, in runs of about `length` seconds."""
        ends = 1 - float(np.exp(-gap / length))
        return bool(self._rng.random() < (1 - ends * (1 - share) if on else ends * share))

    def _anywhere(self) -> Box:
        height = float(np.exp(self._rng.uniform(np.log(25), np.log(90))))
        width, tall = 0.75 * height / self._lens.width, height / self._lens.height
        return Box(float(self._rng.uniform(0, 1 - width)), float(self._rng.uniform(0, 1 - tall)), width, tall)

    def _sighting(self, box: Box, off: list[float], score: float) -> Sighting:
        scale = float(np.exp(off[2]))
        width, height = box.width * scale, box.height * scale
        x, y = box.centre[0] + off[0] * box.width, box.centre[1] + off[1] * box.height
        yaw = float(self._rng.normal(0, 15))
        return Sighting(
            Box(x - width / 2, y - height / 2, width, height), score, height * self._lens.height, yaw, 0.0, None
        )
