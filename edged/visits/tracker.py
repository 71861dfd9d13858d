"""Joins sightings of successive frames into tracks, by place and motion alone: no appearance, that would be biometrics.

Strategy: each track predicts where its face is now (constant velocity, corrected by an alpha-beta filter), every
sighting inside a track's reach is a candidate, and the nearest pairs are joined first. Distances are in face sizes, so
that one set of numbers serves near and far faces.

Rules:
  - What grows the reach is time, not frames: the same people at 5 and at 30 frames a second give the same tracks.
  - A track not seen for `lost_after` seconds is lost; one that never proved itself is lost sooner, so that false
    detections don't pick each other up.
  - Track ids are numbers of this process, never leave the visits room, and end with the track.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from edged.vision.sighting import Box, Sighting

REACH = 0.7
"""Face sizes by which a prediction may err at once."""
REACH_PER_SECOND = 5.0
"""Face sizes per second that are added for a track whose speed is known: people turn and stop."""
REACH_PER_SECOND_NEW = 12.0
"""The same for a track seen once: a face is 0.15 m wide and a brisk walk is 1.8 m/s."""
REACH_MOST = 3.0
"""Face sizes beyond which two sightings are never joined."""
SIZE_WEIGHT = 1.5
"""Face sizes that one doubling (in natural logarithm) of the height counts as."""
GAP_WEIGHT = 0.5
"""Face sizes that one second unseen counts as: a face that was just there has the better claim."""
ALPHA, BETA = 0.8, 0.3
"""Gains of the alpha-beta filter for place and speed."""
TENTATIVE_SECONDS = 0.6
"""A track of fewer than CONFIRMED sightings is lost after so long unseen."""
CONFIRMED = 3


@dataclass(slots=True, repr=False)
class Track:
    """One face being followed."""

    id: int
    seen: float
    """When it was last seen, seconds on the clock of the frames."""
    box: Box
    """Filtered centre, last size."""
    speed: tuple[float, float] = (0.0, 0.0)
    """(x, y) in normalised coordinates per second."""
    sightings: int = 1

    def predicted(self, now: float) -> tuple[float, float]:
        """Centre of the face at `now`; a face out of sight is expected to slow down."""
        x, y = self.box.centre
        gap = now - self.seen
        eased = gap if gap < 0.5 else 0.5 + (gap - 0.5) / 2
        return x + self.speed[0] * eased, y + self.speed[1] * eased

    def distance(self, now: float, box: Box) -> float:
        """How ill a sighting fits, in face sizes; infinite when it is out of reach."""
        gap = now - self.seen
        x, y = self.predicted(now)
        width, height = (self.box.width + box.width) / 2, (self.box.height + box.height) / 2
        off = math.hypot((box.centre[0] - x) / width, (box.centre[1] - y) / height)
        growth = REACH_PER_SECOND if self.sightings > 1 else REACH_PER_SECOND_NEW
        grown = abs(math.log(box.height / self.box.height))
        if off > min(REACH + growth * gap, REACH_MOST) or grown > 0.5 + 0.7 * gap:
            return math.inf
        return off + SIZE_WEIGHT * grown + GAP_WEIGHT * gap

    def correct(self, now: float, box: Box) -> None:
        """Take a sighting in."""
        gap = max(now - self.seen, 1e-3)
        x, y = self.predicted(now)
        error = box.centre[0] - x, box.centre[1] - y
        if self.sightings == 1:
            self.speed = error[0] / gap, error[1] / gap
            centre = box.centre
        else:
            self.speed = self.speed[0] + BETA * error[0] / gap, self.speed[1] + BETA * error[1] / gap
            centre = x + ALPHA * error[0], y + ALPHA * error[1]
        self.box = Box(centre[0] - box.width / 2, centre[1] - box.height / 2, box.width, box.height)
        self.seen = now
        self.sightings += 1


class Tracker:
    """Follows the faces of one camera."""

    def __init__(self, lost_after: float) -> None:
        self._lost_after = lost_after
        self._tracks: list[Track] = []
        self._ids = count(1)

    def update(self, now: float, sightings: Sequence[Sighting]) -> list[tuple[Track, Sighting]]:
        """Give each sighting its track, an old or a new one. `now` must not run backwards."""
        pairs = sorted(
            (distance, t, s)
            for t, track in enumerate(self._tracks)
            for s, sighting in enumerate(sightings)
            if (distance := track.distance(now, sighting.box)) < math.inf
        )
        track_of: dict[int, Track] = {}
        taken: set[int] = set()
        for _, t, s in pairs:
            if t not in taken and s not in track_of:
                taken.add(t)
                track_of[s] = self._tracks[t]
                self._tracks[t].correct(now, sightings[s].box)
        for s, sighting in enumerate(sightings):
            if s not in track_of:
                track_of[s] = Track(next(self._ids), now, sighting.box)
                self._tracks.append(track_of[s])
        return [(track_of[s], sighting) for s, sighting in enumerate(sightings)]

    def drop_lost(self, now: float) -> list[int]:
        """Forget the tracks that are lost by now and return their ids, the first lost first."""
        lost = [track for track in self._tracks if now - track.seen > self._patience(track)]
        self._forget(lost)
        return [track.id for track in sorted(lost, key=lambda track: (track.seen, track.id))]

    def drop_all(self) -> list[int]:
        """Forget every track and return the ids."""
        return self.drop_lost(math.inf)

    def _patience(self, track: Track) -> float:
        return self._lost_after if track.sightings >= CONFIRMED else min(TENTATIVE_SECONDS, self._lost_after)

    def _forget(self, lost: Iterable[Track]) -> None:
        gone = {track.id for track in lost}
        self._tracks = [track for track in self._tracks if track.id not in gone]
