"""Who walks where and when: the script of the sample video, and the paths that follow from it.

Strategy: VISITS says what shall happen, in the words of a visit; a Walk turns one line of it into where the face is at
any moment. The drawing and the truth both ask the Walk, so they can't disagree.

Rules that keep the truth beyond dispute (check_script holds them before anything is drawn):
  * a face comes from beyond the edge and goes beyond the edge; the visit lasts while half of its box is in view;
  * at one edge, at least 3 s lie between somebody leaving and the next one coming, so that a tracker that remembers a
    face for 1.5 s counts two visits even when it is the same person;
  * a visit ends 0.5 to 8 s into its ten-second window, so that it belongs to the same window whether a program dates
    it by the last sighting or by the moment it gave the face up;
  * nobody stands near the counting line, so that a crossing is a crossing;
  * nobody is so far away that the lower end of the portrait would show above the counter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import backdrop
import portraits
from backdrop import WIDTH

DURATION_S = 70
WINDOW_S = 10
LINE_X = 0.5

_EYE_DROP = 0.95
"""Face heights by which a face lies below the horizon: the lens hangs a little above the eyes."""
_BOB = 0.035
"""Face heights by which a step lifts the head."""
_PACE = 2.5
"""Walking speed in face heights per second: nearer people cross the picture faster."""
_EASE = 1.5
"""How much faster than its mean a leg is walked at its fastest; the exponent of slowing down."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where somebody stands and looks: centre of the face as a share of the width, face height in pixels."""

    x: float
    face_px: float


@dataclass(frozen=True, slots=True)
class Visit:
    """One line of the script. Times are when the centre of the face passes the edge; `edge_px` is its size there."""

    key: str
    portrait: str
    start_s: float
    entered_from: str
    stops: tuple[Stop, ...]
    left_to: str
    end_s: float
    edge_px: float


VISITS = (
    Visit("v01", "hopper", 0.8, "left", (Stop(0.33, 110),), "left", 6.0, 98),
    Visit("v02", "obama-portrait", 2.4, "right", (Stop(0.70, 92),), "right", 7.0, 78),
    Visit("v03", "collins", 9.0, "left", (Stop(0.34, 88), Stop(0.59, 96)), "left", 17.2, 78),
    Visit("v04", "obama-standing", 10.0, "right", (Stop(0.69, 60),), "right", 15.5, 54),
    Visit("v05", "biden", 18.5, "right", (Stop(0.66, 76), Stop(0.40, 104), Stop(0.62, 90)), "left", 35.4, 66),
    Visit("v06", "hopper", 23.2, "left", (Stop(0.16, 101),), "left", 27.6, 98),
    Visit("v07", "obama-portrait", 43.4, "left", (Stop(0.26, 86),), "left", 47.5, 77),
    Visit("v08", "collins", 44.2, "right", (Stop(0.70, 84),), "right", 47.9, 74),
    Visit("v09", "hopper", 50.6, "left", (Stop(0.40, 116),), "right", 56.0, 98),
    Visit("v10", "obama-standing", 53.4, "left", (Stop(0.24, 62),), "left", 57.8, 50),
    Visit("v11", "biden", 59.2, "right", (Stop(0.42, 66),), "left", 67.4, 48),
    Visit("v12", "obama-portrait", 61.4, "right", (Stop(0.74, 100),), "right", 66.6, 84),
)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a face is: centre and height in pixels, pace 0..1 of walking speed, lean of the head in degrees."""

    x: float
    y: float
    face_px: float
    pace: float
    lean: float


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of walking between two places, each (x, face height) in pixels."""

    start_s: float
    length_s: float
    origin: tuple[float, float]
    goal: tuple[float, float]

    @property
    def full_speed(self) -> float:
        """Pixels per second where the leg is walked fastest."""
        return _EASE * (self.goal[0] - self.origin[0]) / self.length_s

    @property
    def end_s(self) -> float:
        """When the goal is reached."""
        return self.start_s + self.length_s


class Walk:
    """The way of one visit. Legs and pauses alternate; beyond the edges it runs straight on at full speed."""

    def __init__(self, visit: Visit) -> None:
        edges = {"left": 0.0, "right": float(WIDTH)}
        stops = [(stop.x * WIDTH, stop.face_px) for stop in visit.stops]
        places = [(edges[visit.entered_from], visit.edge_px), *stops, (edges[visit.left_to], visit.edge_px)]
        lengths = [_EASE * abs(b[0] - a[0]) / (_PACE * (a[1] + b[1]) / 2) for a, b in pairwise(places)]
        pause = (visit.end_s - visit.start_s - sum(lengths)) / len(stops)
        if pause < 0.4:
            raise ValueError(f"{visit.key}: {pause:.2f} s remain for each stop, too hurried")
        self.visit = visit
        self._phase = (sum(map(ord, visit.key)) % 17) / 17 * math.tau
        self._legs: list[Leg] = []
        clock = visit.start_s
        for length, (origin, goal) in zip(lengths, pairwise(places), strict=True):
            self._legs.append(Leg(clock, length, origin, goal))
            clock += length + pause

    def at(self, second: float) -> Pose:
        """The pose at `second`, also before the visit begins and after it ends."""
        x, face_px, pace = self._walk(second)
        step = second * math.tau * 0.95 + self._phase
        idle = second * math.tau * 0.21 + self._phase
        bob = -_BOB * abs(math.sin(step)) * pace + 0.008 * math.sin(idle * 1.7)
        sway = 0.02 * math.sin(step) * pace + 0.022 * math.sin(idle) * (1 - pace)
        lean = 1.1 * math.sin(step) * pace + 0.9 * math.sin(idle * 1.3) * (1 - pace)
        y = backdrop.HORIZON_Y + (_EYE_DROP + bob) * face_px
        return Pose(x + sway * face_px, y, face_px, pace, lean)

    def _walk(self, second: float) -> tuple[float, float, float]:
        """Centre, face height and pace without the little movements of a living body."""
        first, last = self._legs[0], self._legs[-1]
        if second <= first.start_s:
            return first.origin[0] + first.full_speed * (second - first.start_s), first.origin[1], 1.0
        if second >= last.end_s:
            return last.goal[0] + last.full_speed * (second - last.end_s), last.goal[1], 1.0
        leg = next(leg for leg in reversed(self._legs) if leg.start_s < second)
        u = min(1.0, (second - leg.start_s) / leg.length_s)
        # Coming in somebody only slows down, going out only speeds up, between two stops both.
        if leg is first:
            part, pace = 1 - (1 - u) ** _EASE, (1 - u) ** (_EASE - 1)
        elif leg is last:
            part, pace = u**_EASE, u ** (_EASE - 1)
        else:
            part, pace = u * u * (3 - 2 * u), 4 * u * (1 - u)
        x, face_px = (a + part * (b - a) for a, b in zip(leg.origin, leg.goal, strict=True))
        return x, face_px, pace


def check_script() -> None:
    """Hold VISITS against the rules at the head of this file. Raises ValueError."""
    for visit in VISITS:
        if not 0.5 <= visit.end_s % WINDOW_S <= 8:
            raise ValueError(f"{visit.key} ends too near to a window's boundary")
        if any(abs(stop.x - LINE_X) < 0.08 for stop in visit.stops):
            raise ValueError(f"{visit.key} stands on the line")
        picture = next(portrait for portrait in portraits.PORTRAITS if portrait.key == visit.portrait)
        smallest = min(visit.edge_px, *(stop.face_px for stop in visit.stops))
        if backdrop.HORIZON_Y + smallest * (_EYE_DROP - _BOB + picture.below_face) < backdrop.COUNTER_Y:
            raise ValueError(f"{visit.key} is so small that the portrait's lower end shows above the counter")
        for other in VISITS:
            if visit.left_to == other.entered_from and 0 < other.start_s - visit.end_s < 3:
                raise ValueError(f"{other.key} follows {visit.key} too closely")
