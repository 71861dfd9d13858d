"""Joins sightings of successive frames into tracks, by place and motion alone: no appearance, that would be biometrics.

Strategy: each track forecasts where its face is now (motion.py); every sighting that doesn't surprise it too much is a
candidate, and the pairs of least surprise are joined first. A track out of sight waits for its face to turn up again.

Rules:
  - Each sighting gets exactly one track. Ids count up within this process, never leave the visits room, and end with
    the track.
  - A new track is on trial: a few sure sightings in close succession prove it, else it is soon lost, so that false
    faces don't pick each other up.
  - So is a track found again after a gap. If it was a false face or a passer-by, the track returns to where it was and
    waits on; and if its own face turns up meanwhile, it is taken back at once.
  - A track not seen for `lost_after` seconds is lost; one that has walked out of the picture is lost sooner, lest the
    next to come in there takes it over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from edged.vision.sighting import Box, Sighting
from edged.visits.motion import Motion

MOST_SURPRISE = 4.3
"""From here on (a negative log-likelihood, see Motion.surprise) a sighting is rather a new face."""
MOST_SURPRISE_FOUND = 6.5
"""The same for a face found again well within the picture: where should a new one have come from?"""
MOST_SURPRISE_EDGE = 3.0
"""The same at the left and right edges, where new faces do come from."""
EDGE = 1.5
"""Face widths that count as edge."""
HOLD_S = 0.7
"""Unseen for longer, a face counts as found again; for less, the detector has blinked."""
SURE = 0.5
"""Score of a sighting that may prove a track or find one again. On the real clips false faces score 0.4 to 0.55, and
true ones 0.6 to 0.9; the unsure are good enough to go on with."""
PROOF, PROOF_S = 4, 0.25
"""Sure sightings, and seconds from the first to the last of them, that prove a track."""
TRIAL_S = 0.5
"""A track on trial is lost after so long unseen."""
OUTSIDE_S = 0.6
"""A track that is expected to be out of the picture is lost after so long unseen."""


class _Last(NamedTuple):
    """Where and when a face was last seen."""

    seen: float
    motion: Motion


@dataclass(slots=True, repr=False)
class Track:
    """One face being followed."""

    id: int
    last: _Last
    since: float
    """When it was first seen, or found again."""
    sure: int
    """Sure sightings since then."""
    proven: bool = False
    before: _Last | None = None
    """What held before it was found again, while that is on trial."""


class _Link(NamedTuple):
    """A sighting that may be a track's."""

    surprise: float
    track: Track
    sighting: int
    forecast: Motion
    found: _Last | None
    """What the forecast rests on, if this is a face found again."""


class Tracker:
    """Follows the faces of one camera."""

    def __init__(self, lost_after: float) -> None:
        self._lost_after = lost_after
        self._tracks: list[Track] = []
        self._ids = count(1)

    def update(self, now: float, sightings: Sequence[Sighting]) -> list[tuple[Track, Sighting]]:
        """Give each sighting its track, an old or a new one. `now` must not run backwards."""
        self._end_trials(now)
        # Greedy: an optimal assignment gave the same figures to within 0.001.
        links = sorted(self._links(now, sightings), key=lambda link: link.surprise)
        track_of: dict[int, Track] = {}
        taken: set[int] = set()
        for link in links:
            if link.track.id not in taken and link.sighting not in track_of:
                taken.add(link.track.id)
                track_of[link.sighting] = link.track
                _take(now, link, sightings[link.sighting])
        for s, sighting in enumerate(sightings):
            if s not in track_of:
                last = _Last(now, Motion.start(sighting.box))
                track_of[s] = Track(next(self._ids), last, since=now, sure=int(sighting.score >= SURE))
                self._tracks.append(track_of[s])
        return [(track_of[s], sighting) for s, sighting in enumerate(sightings)]

    def drop_lost(self, now: float) -> list[int]:
        """Forget the tracks that are lost by now and return their ids, the first lost first."""
        self._end_trials(now)
        return self._drop([track for track in self._tracks if self._is_lost(track, now)])

    def drop_all(self) -> list[int]:
        """Forget every track and return the ids."""
        return self._drop(self._tracks)

    def _links(self, now: float, sightings: Sequence[Sighting]) -> Iterator[_Link]:
        for track in self._tracks:
            for last in (track.last, track.before):
                if last is None:
                    continue
                gap = now - last.seen
                forecast = last.motion.after(gap)
                found = last if gap > HOLD_S else None
                for s, sighting in enumerate(sightings):
                    if found is None or sighting.score >= SURE:
                        surprise = forecast.surprise(sighting.box)
                        if surprise < (MOST_SURPRISE if found is None else _most_surprise_found(sighting.box)):
                            yield _Link(surprise, track, s, forecast, found)

    def _end_trials(self, now: float) -> None:
        for track in self._tracks:
            if track.before is not None and now - track.last.seen > TRIAL_S:
                track.last, track.before, track.proven = track.before, None, True

    def _is_lost(self, track: Track, now: float) -> bool:
        gap = now - track.last.seen
        if gap > self._lost_after:
            return True
        if not track.proven:
            return gap > TRIAL_S
        return gap > OUTSIDE_S and track.last.motion.after(gap).outside

    def _drop(self, lost: Sequence[Track]) -> list[int]:
        ids = [track.id for track in sorted(lost, key=lambda track: (track.last.seen, track.id))]
        self._tracks = [track for track in self._tracks if track.id not in ids]
        return ids


def _most_surprise_found(box: Box) -> float:
    x = box.centre[0]
    return MOST_SURPRISE_EDGE if min(x, 1 - x) < EDGE * box.width else MOST_SURPRISE_FOUND


def _take(now: float, link: _Link, sighting: Sighting) -> None:
    """Let a track take its sighting in."""
    track = link.track
    if link.found is not None:
        track.before, track.since, track.sure, track.proven = link.found, now, 0, False
    track.last = _Last(now, link.forecast.corrected(sighting.box))
    track.sure += sighting.score >= SURE
    if track.sure >= PROOF and now - track.since >= PROOF_S:
        track.proven, track.before = True, None
