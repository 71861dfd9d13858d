"""What is done with each picture of a clip while it is being looked at: fragments, chart, overlay.

Strategy: one pass. Every look goes to all who want it; the pictures between looks go to the overlay, with the faces of
the look before. Nothing is kept of a picture that has been shown.

Rule: faces are numbered by place and motion alone, as visits are; a number means nothing beyond the clip.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from edged.analysis.chart import Chart
from edged.analysis.drawing import Marked, Overlay, mark
from edged.analysis.timeline import Seen, Timeline
from edged.camera.frame import Frame
from edged.formats.common import read_scores
from edged.formats.microsoft_video import TIMESCALE, Head, Mode, closing, opening
from edged.vision.sighting import Sighting
from edged.visits.tracker import Tracker

MOST_FACES: Final = 64
"""Of a look; that service told of no more in a video."""


class Follower:
    """Numbers the faces of a clip, from 0 in the order in which they appear."""

    def __init__(self, lost_after_s: float) -> None:
        self._tracker = Tracker(lost_after_s)

    def follow(self, at: float, sightings: Sequence[Sighting]) -> list[tuple[int, Sighting]]:
        """Return each sighting with its face's number."""
        self._tracker.drop_lost(at)
        return [(track.id - 1, sighting) for track, sighting in self._tracker.update(at, sightings)]


@dataclass(frozen=True, slots=True)
class Cut:
    """How a clip is cut into events, in ticks of Microsoft's format."""

    mode: Mode
    interval: int
    window: int
    smoothing: bool


def interval_of_looks(fps: float, most_per_second: float) -> int:
    """Return the ticks from look to look: whole frames, and no more looks per second than may be."""
    frames = max(1, -int(-(fps / most_per_second - 1e-3) // 1))
    return max(1, round(frames * TIMESCALE / fps))


def slack_of(fps: float) -> float:
    """Return by how many seconds a stamp may be wrong, in a file of so many frames per second.

    Files round to milliseconds or hundredths. Half a frame would be too much where the rate varies: it is low on the
    average then, and pictures may come densely for all that.
    """
    return min(0.5 / fps, 0.01)


class Due:
    """Chooses the frames that are looked at: in each interval the first."""

    def __init__(self, interval: int, fps: float) -> None:
        """Choose one in `interval` ticks."""
        self._interval, self._slack = interval, slack_of(fps)
        self._last = -1

    def __call__(self, at: float) -> bool:
        """Tell whether the frame at `at` seconds is to be looked at."""
        bucket = int((at + self._slack) * TIMESCALE / self._interval)
        due, self._last = bucket > self._last, max(bucket, self._last)
        return due


class Fragments:
    """Writes Microsoft's video format, fragment by fragment, in whole lines."""

    def __init__(self, cut: Cut, fps: float, write: Callable[[str], None]) -> None:
        self._timeline = Timeline(cut.mode, cut.interval, cut.window, smoothing=cut.smoothing, slack=slack_of(fps))
        self._fps = fps
        self._write = write
        self._begun = self._continued = False

    def see(self, frame: Frame, faces: Sequence[tuple[int, Sighting]]) -> None:
        """Take in a look."""
        if not self._begun:
            height, width = frame.pixels.shape[:2]
            self._write(opening(Head(framerate=round(self._fps, 3), width=width, height=height)) + "\n")
            self._begun = True
        seen = [Seen(number, sighting.box, read_scores(sighting)) for number, sighting in faces[:MOST_FACES]]
        for fragment in self._timeline.see(frame.captured, seen):
            self._tell(fragment.model_dump_json())

    def close(self, end: float) -> None:
        """End the clip at `end` seconds: what was written is whole now."""
        if self._begun:
            for fragment in self._timeline.close(end):
                self._tell(fragment.model_dump_json())
            self._write(closing() + "\n")

    def _tell(self, fragment: str) -> None:
        self._write(("," if self._continued else "") + fragment + "\n")
        self._continued = True


class Watch:
    """Hands what is seen of a clip to those who want it."""

    def __init__(
        self,
        lost_after_s: float,
        *,
        fragments: Fragments | None = None,
        chart: Chart | None = None,
        overlay: Overlay | None = None,
        threshold: float = 0.0,
    ) -> None:
        self._follower = Follower(lost_after_s)
        self._fragments, self._chart, self._overlay = fragments, chart, overlay
        self._threshold = threshold
        self._marked: list[Marked] = []
        self.wants_every_frame = overlay is not None
        """Whether `pass_by` has any use for a frame."""

    def see(self, frame: Frame, sightings: Sequence[Sighting]) -> None:
        """Take in a look. Raises OutputError when the overlay can't be written."""
        faces = self._follower.follow(frame.captured, sightings)
        if self._fragments is not None:
            self._fragments.see(frame, faces)
        if self._chart is not None:
            self._chart.see(frame.captured, sightings)
        self._marked = [mark(sighting, self._threshold, number) for number, sighting in faces]
        self.pass_by(frame)

    def pass_by(self, frame: Frame) -> None:
        """Take in a frame that wasn't looked at: it shows what the one before did. Raises OutputError."""
        if self._overlay is not None:
            self._overlay.add(frame.captured, frame.pixels, self._marked)

    def close(self, end: float) -> None:
        """End the clip at `end` seconds."""
        if self._fragments is not None:
            self._fragments.close(end)
        if self._chart is not None:
            self._chart.close()
        if self._overlay is not None:
            self._overlay.close()
