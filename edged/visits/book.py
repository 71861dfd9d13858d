"""Keeps the book of visits: a page for each track while it lasts, and a `Visit` when it ends.

Rules:
  - A visit is written down once, when its track is lost or reaches the longest visit; it belongs to the window that
    is open at that moment. A track that goes on past the longest visit is followed on, but not counted again.
  - Too little evidence is no visit: few sightings that are sure and not in full profile, or a short appearance.
  - A face that doesn't move for minutes is furniture (a poster, a screen): it is no visit, and what appears unmoving at
    its place later isn't either.
  - A visit that begins where and when another has just ended is marked as a fragment: the same person may have turned
    away and back. It is a visit all the same; anonymise will not take it for one more person.
"""

from collections.abc import Sequence

from edged.config.model import Camera, Visits
from edged.vision.sighting import Box, Sighting
from edged.visits.entry import STILL, Entry, apart
from edged.visits.scene import masked
from edged.visits.tracker import Tracker
from edged.visits.visit import Visit

REACH, REACH_PER_SECOND, REACH_MOST = 3.0, 2.0, 10.0
"""Face sizes within which somebody who was lost may reappear: at once, more for each second, and at the most."""
MOST_FURNITURE = 50
"""Places remembered: a wall of portraits, and no more memory than that."""


class VisitBook:
    """The visits of one camera."""

    def __init__(self, settings: Visits, camera: Camera) -> None:
        self._settings = settings
        self._camera = camera
        self._tracker = Tracker(settings.lost_after_s)
        self._open: dict[int, Entry] = {}
        self._left: list[tuple[float, Box]] = []
        """When and where visits ended lately: what a fragment may continue."""
        self._furniture: list[Box] = []

    def observe(self, now: float, sightings: Sequence[Sighting]) -> list[Visit]:
        """Take in what one frame showed; return the visits that have ended."""
        ended = self.advance(now)
        looked_at = [s for s in sightings if not masked(s.box, self._camera.masks)]
        for track, sighting in self._tracker.update(now, looked_at):
            entry = self._open.get(track.id)
            if entry is None:
                entry = self._open[track.id] = Entry(now, sighting.box, self._camera)
            entry.add(now, sighting, self._settings, self._camera)
        return ended

    def advance(self, now: float) -> list[Visit]:
        """Let time pass without a frame; return the visits that have ended."""
        for entry in self._open.values():
            if not entry.counted and entry.unmoved >= self._settings.furniture_after_s:
                self._furniture = [*self._furniture, entry.last][-MOST_FURNITURE:]
                entry.counted = True
        ended = [self._open.pop(track) for track in self._tracker.drop_lost(now)]
        too_long = [e for e in self._open.values() if not e.counted and e.dwell >= self._settings.max_duration_s]
        visits = self._written([*ended, *too_long])
        for entry in too_long:
            entry.counted = True
        return visits

    def close(self) -> list[Visit]:
        """End all visits, as at the end of a recording."""
        return self._written([self._open.pop(track) for track in self._tracker.drop_all()])

    def _written(self, entries: Sequence[Entry]) -> list[Visit]:
        visits = []
        for entry in sorted(entries, key=lambda entry: (entry.start, entry.end)):
            if not entry.counted and self._is_visit(entry):
                visits.append(entry.visit(fragment=self._continues(entry)))
                self._left.append((entry.end, entry.last))
        oldest = min((entry.start for entry in self._open.values()), default=None)
        if oldest is not None:
            self._left = [left for left in self._left if oldest - left[0] <= self._settings.same_person_s]
        return visits

    def _is_visit(self, entry: Entry) -> bool:
        settings = self._settings
        enough = entry.good >= settings.min_sightings and entry.dwell >= settings.min_duration_s
        unmoved = entry.unmoved >= entry.dwell
        return enough and not (unmoved and any(apart(entry.last, place) <= STILL for place in self._furniture))

    def _continues(self, entry: Entry) -> bool:
        """Match the beginning of a visit with an end just before, each end with one beginning at the most."""
        for i, (end, place) in enumerate(self._left):  # the one that would be forgotten first
            gap = entry.start - end
            reach = min(REACH + REACH_PER_SECOND * gap, REACH_MOST)
            if 0 < gap <= self._settings.same_person_s and apart(entry.first, place) <= reach:
                del self._left[i]
                return True
        return False
