"""Where a face is expected, and how surprising a sighting would be: a Kalman filter on place and size.

Model: along each of three axes (across, down, logarithm of the height) a face has a speed that is forgotten within
MEMORY_S and wanders meanwhile (an Ornstein-Uhlenbeck process). A walker is expected to walk on at first, and after a
while unseen may as well have stopped or turned.

Rules:
  - All uncertainties are in face sizes, so that one set of numbers serves near and far faces.
  - What widens a forecast is time, not frames: the same people at 5 and at 30 frames a second give the same tracks.
  - Surprise is a negative log-likelihood. A forecast that is vague, because the face is new or long unseen, fits many
    sightings a little; one that is sure fits few, and those better.

The constants were searched on the scenes of tools/scenes with seeds 101 and 102; docs/VISITS.md says what the
neighbouring values cost.
"""

import math
from dataclasses import dataclass

from edged.vision.sighting import Box

MEMORY_S = 1.5
SPEED_X, SPEED_Y, SPEED_SIZE = 8.0, 2.0, 0.4
"""Usual speeds of a newcomer, per second in face widths, in face heights and in the logarithm of the height: a face is
0.15 m wide, and people walk at 1.2 m/s, across the picture rather than up and down in it."""
WANDER = 0.25
"""By how much of its usual speed a face changes it within MEMORY_S: most of those in view stand still or walk on."""
SHAKE, SHAKE_SIZE = 0.045, 0.05
"""Standard deviation of the detector's boxes, in face sizes: 0.01 to 0.035 on the real clips, more when blurred."""
TAIL = 7.0
"""Degrees of freedom of Student's t: who does stop or turn is far off the forecast, yet not out of the question."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What a stretch of time does to a place and a speed (Uhlenbeck and Ornstein 1930)."""

    kept: float
    """Share of the speed that is left."""
    way: float
    """Distance gone for each unit of speed."""
    place: float
    both: float
    speed: float
    """Variances of place and speed and their covariance that come in, for a wandering of 1."""

    @classmethod
    def of(cls, seconds: float) -> "_Step":
        past, kept = seconds / MEMORY_S, math.exp(-seconds / MEMORY_S)
        return cls(
            kept=kept,
            way=MEMORY_S * (1 - kept),
            place=MEMORY_S**2 * max(2 * past - 3 + 4 * kept - kept**2, 0.0),  # rounding can bring it below 0
            both=MEMORY_S * (1 - kept) ** 2,
            speed=1 - kept**2,
        )


@dataclass(frozen=True, slots=True)
class _Axis:
    """Place and speed along one axis, with their variances and covariance in face sizes."""

    at: float
    speed: float
    place_var: float
    both_var: float
    speed_var: float

    def after(self, step: _Step, wander: float) -> "_Axis":
        var = wander * wander
        both = self.both_var + step.way * self.speed_var
        return _Axis(
            self.at + step.way * self.speed,
            step.kept * self.speed,
            self.place_var + step.way * (self.both_var + both) + var * step.place,
            step.kept * both + var * step.both,
            step.kept**2 * self.speed_var + var * step.speed,
        )

    def corrected(self, at: float, shake: float) -> "_Axis":
        total = self.place_var + shake * shake
        gain, gain_speed = self.place_var / total, self.both_var / total
        off = at - self.at
        return _Axis(
            self.at + gain * off,
            self.speed + gain_speed * off,
            (1 - gain) * self.place_var,
            (1 - gain) * self.both_var,
            self.speed_var - gain_speed * self.both_var,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Motion:
    """Where a face is, and where it is going."""

    x: _Axis
    y: _Axis
    size: _Axis
    """Logarithm of the height."""
    width: float
    height: float
    """Of the last box: the face size in which distances count."""

    @classmethod
    def start(cls, box: Box) -> "Motion":
        """Return what is known of a face seen once."""
        x, y = box.centre
        return cls(
            _Axis(x, 0.0, SHAKE**2, 0.0, SPEED_X**2),
            _Axis(y, 0.0, SHAKE**2, 0.0, SPEED_Y**2),
            _Axis(math.log(box.height), 0.0, SHAKE_SIZE**2, 0.0, SPEED_SIZE**2),
            box.width,
            box.height,
        )

    def after(self, seconds: float) -> "Motion":
        """Return the forecast."""
        step = _Step.of(seconds)
        return Motion(
            self.x.after(step, WANDER * SPEED_X),
            self.y.after(step, WANDER * SPEED_Y),
            self.size.after(step, WANDER * SPEED_SIZE),
            self.width,
            self.height,
        )

    def corrected(self, box: Box) -> "Motion":
        """Take in where the face really is."""
        x, y = box.centre
        return Motion(
            self.x.corrected(x, SHAKE),
            self.y.corrected(y, SHAKE),
            self.size.corrected(math.log(box.height), SHAKE_SIZE),
            box.width,
            box.height,
        )

    def surprise(self, box: Box) -> float:
        """Return the negative log-likelihood of a sighting there, but for a constant (Student's t in 3 dimensions)."""
        x, y = box.centre
        off_x, off_y = (x - self.x.at) / self.width, (y - self.y.at) / self.height
        off_size = math.log(box.height) - self.size.at
        x_var, y_var = self.x.place_var + SHAKE**2, self.y.place_var + SHAKE**2
        size_var = self.size.place_var + SHAKE_SIZE**2
        distance = off_x**2 / x_var + off_y**2 / y_var + off_size**2 / size_var
        return ((TAIL + 3) * math.log1p(distance / TAIL) + math.log(x_var * y_var * size_var)) / 2

    @property
    def outside(self) -> bool:
        """Say whether the face's middle is beyond the picture's edge."""
        return not (0 <= self.x.at <= 1 and 0 <= self.y.at <= 1)
