"""Cuts what is seen in a clip into the events and fragments of Microsoft's video format. Pure: time comes in.

Strategy: looks come in order of time; an event is made when its stretch of time is over, a fragment when its last event
is. Only the looks of one window and the events of one fragment are held, however long the clip.

Rules:
  - An event whose interval ends at E tells of the looks in [E - window, E). Where there is none, for the video stands
    still or has few pictures, it tells of the last look before: that picture was still to be seen.
  - Smoothing takes, for each face, the mean of its scores over the last half second: it lags by a quarter of one, as
    that service said of its own. What is told lags, times are not moved; who draws over the video subtracts 250 ms.
  - The last fragment ends with the clip, so that all durations together are the clip's.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from edged.formats.common import DIGITS, by_name, strongest
from edged.formats.microsoft_video import TIMESCALE, AggregateEvent, FaceEvent, Fragment, Mode
from edged.vision.sighting import Box
from edged.words import EMOTIONS, Scores

FRAGMENT_S: Final = 2.0
"""No fragment is longer (nor, but the last, shorter by a whole event); those of the documented example last 2.002 s."""
SMOOTHING_S: Final = 0.5
"""A face's scores are the mean of so long; the lag is half of it."""
_SLACK_S: Final = 1e-6

Event = AggregateEvent | FaceEvent


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """One face in one look."""

    id: int
    """Of the face within the clip, from 0."""
    box: Box
    scores: Scores


@dataclass(frozen=True, slots=True, repr=False)
class _Look:
    at: float
    faces: tuple[Seen, ...]


class Smoother:
    """The mean of each face's scores over the last half second."""

    def __init__(self) -> None:
        self._past: dict[int, deque[tuple[float, Scores]]] = {}

    def smooth(self, at: float, faces: Sequence[Seen]) -> tuple[Seen, ...]:
        """Return the faces of the look at `at` seconds with smoothed scores."""
        self._forget(at)
        for face in faces:
            self._past.setdefault(face.id, deque()).append((at, face.scores))
        return tuple(Seen(face.id, face.box, _mean([s for _, s in self._past[face.id]])) for face in faces)

    def _forget(self, at: float) -> None:
        for id_ in list(self._past):
            past = self._past[id_]
            while past and past[0][0] < at - SMOOTHING_S - _SLACK_S:
                past.popleft()
            if not past:
                del self._past[id_]


class Timeline:
    """A clip's looks on their way to fragments."""

    def __init__(self, mode: Mode, interval: int, window: int, *, smoothing: bool, slack: float = 1e-6) -> None:
        """Cut into events of `interval` ticks that tell of `window` ticks each.

        A look counts `slack` seconds early: half a frame where time stamps are rounded.
        """
        self._mode: Mode = mode
        self._interval, self._window, self._slack = interval, window, slack
        self._smoother = Smoother() if smoothing else None
        self._per_fragment = max(1, int(FRAGMENT_S * TIMESCALE) // interval)
        self._looks: deque[_Look] = deque()
        self._events: list[tuple[Event, ...]] = []
        self._told = 0
        """Events made so far."""

    def see(self, at: float, faces: Sequence[Seen]) -> Iterator[Fragment]:
        """Take in a look at `at` seconds; yield the fragments that ended before it."""
        while (self._told + 1) * self._interval <= (at + self._slack) * TIMESCALE:
            self._tell()
            if len(self._events) == self._per_fragment:
                yield self._fragment(self._told * self._interval)
        self._looks.append(_Look(at, self._smoother.smooth(at, faces) if self._smoother else tuple(faces)))

    def close(self, end: float) -> Iterator[Fragment]:
        """End the clip at `end` seconds; yield what is left."""
        last = max(round(end * TIMESCALE), 1)
        while self._told * self._interval < last:
            self._tell()
            if len(self._events) == self._per_fragment:
                yield self._fragment(min(self._told * self._interval, last))
        if self._events:
            yield self._fragment(last)

    def _tell(self) -> None:
        end = (self._told + 1) * self._interval / TIMESCALE
        begin = end - self._window / TIMESCALE - self._slack
        while len(self._looks) > 1 and self._looks[0].at < begin:
            self._looks.popleft()
        self._events.append(self._event())
        self._told += 1

    def _fragment(self, end: int) -> Fragment:
        start = (self._told - len(self._events)) * self._interval
        events, self._events = tuple(self._events), []
        return Fragment.model_validate(
            {"start": start, "duration": end - start, "interval": self._interval, "events": events}
        )

    def _event(self) -> tuple[Event, ...]:
        if self._mode == "perFace":
            return tuple(_face_event(face) for face in self._looks[-1].faces) if self._looks else ()
        scores = [face.scores for look in self._looks for face in look.faces]
        if not scores:
            nothing = dict.fromkeys(EMOTIONS, 0.0)
            return (AggregateEvent.model_validate({"windowFaceDistribution": nothing, "windowMeanScores": nothing}),)
        shown = [strongest(each) for each in scores]
        distribution = [shown.count(i) / len(shown) for i in range(len(EMOTIONS))]
        return (
            AggregateEvent.model_validate(
                {"windowFaceDistribution": by_name(distribution), "windowMeanScores": by_name(_mean(scores))}
            ),
        )


def _face_event(face: Seen) -> FaceEvent:
    left, top = _unit(face.box.left), _unit(face.box.top)
    right, bottom = _unit(face.box.left + face.box.width), _unit(face.box.top + face.box.height)
    return FaceEvent.model_validate(
        {
            "id": face.id,
            "x": left,
            "y": top,
            "width": round(right - left, DIGITS),
            "height": round(bottom - top, DIGITS),
            "scores": by_name(face.scores),
        }
    )


def _unit(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), DIGITS)


def _mean(scores: Sequence[Scores]) -> Scores:
    a, b, c, d, e, f, g, h = (sum(column) / len(scores) for column in zip(*scores, strict=True))
    return a, b, c, d, e, f, g, h
