"""Is a live camera's picture worth looking at, or is it dark or frozen? Pure: time and pixels come in.

Dark is a picture that is black and without contrast: a cap on the lens, a shop without light. Frozen is one in which
nothing new is seen, not even noise: a driver that gives its last picture again and again, or a camera whose sensor
has stopped while its encoder goes on.

Rules:
  - A live sensor's noise changes samples all over the picture, whatever stands still in the scene. A frozen one's
    pictures may differ all the same: an encoder gives the same picture in the few versions of its own cycle (key
    frame, refinements), and a clock that the camera writes into the picture goes on. So a picture is new when more than
    a fiftieth of its samples differ from each of the versions that were seen lately.
  - What really moves is told from an encoder's versions by how far samples move, so a looped film isn't frozen.
  - Time without pictures shows nothing, neither that they change nor that they don't.
  - Two thresholds each way, and a time: a state that hangs on one of them would flap.
"""

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

FROZEN_AFTER_S: Final = 25.0
"""Without anything new for so long it is frozen: a little longer than the longest usual time between key frames."""
DARK_AFTER_S: Final = 5.0
DARK_BELOW: Final = 10.0
LIGHT_ABOVE: Final = 14.0
"""Mean of green, 0 to 255."""
FLAT_BELOW: Final = 6.0
CONTRAST_ABOVE: Final = 9.0
"""Standard deviation of green."""

_EVERY_S: Final = 0.45
"""Two looks a second are enough; a little less than half, for cameras of whole frames per second."""
_GAP_S: Final = 3.0
"""A longer time between two pictures was an interruption."""
_COLUMNS, _ROWS = 64, 48
_NEW_SHARE: Final = 0.02
_MOVED_LEVELS: Final = 16
_MOVED_SHARE: Final = 0.01
_VERSIONS: Final = 64


class Condition(StrEnum):
    """How a picture is."""

    CLEAR = "clear"
    DARK = "dark"
    FROZEN = "frozen"


class ConditionMeter:
    """Follows one camera, also from one opening to the next."""

    def __init__(self) -> None:
        self.condition = Condition.CLEAR
        self._looked_at = 0.0
        self._light_at: float | None = None
        self._new_at = 0.0
        self._versions: list[NDArray[np.int16]] = []

    def unchanged_s(self, now: float) -> float:
        """Seconds since a picture last showed anything new."""
        return now - self._new_at

    def note(self, now: float, pixels: NDArray[np.uint8]) -> Condition:
        """Take in a picture, (height, width, 3) uint8; return how the camera's pictures are."""
        passed = now - self._looked_at
        if passed >= _EVERY_S:
            if passed > _GAP_S and self.condition is not Condition.FROZEN:
                self._new_at += passed
            self._looked_at = now
            self.condition = self._judge(now, _sampled(pixels))
        return self.condition

    def _judge(self, now: float, samples: NDArray[np.int16]) -> Condition:
        if self._is_dark(now, samples):
            self._versions.clear()
            return Condition.DARK
        if self._is_new(samples):
            self._new_at = now
        return Condition.FROZEN if now - self._new_at >= FROZEN_AFTER_S else Condition.CLEAR

    def _is_dark(self, now: float, samples: NDArray[np.int16]) -> bool:
        was_dark = self.condition is Condition.DARK
        mean_limit, deviation_limit = (LIGHT_ABOVE, CONTRAST_ABOVE) if was_dark else (DARK_BELOW, FLAT_BELOW)
        if samples.mean() >= mean_limit or samples.std() >= deviation_limit or self._light_at is None:
            self._light_at = now
            return False
        return was_dark or now - self._light_at >= DARK_AFTER_S

    def _is_new(self, samples: NDArray[np.int16]) -> bool:
        if not self._versions or self._versions[0].shape != samples.shape:
            self._versions = [samples]
            return True
        differences = np.abs(np.stack(self._versions) - samples)
        if np.count_nonzero(differences[0] >= _MOVED_LEVELS) > _MOVED_SHARE * samples.size:
            self._versions = [samples]
            return True
        if np.count_nonzero(differences, axis=(1, 2)).min() <= _NEW_SHARE * samples.size:
            return False
        self._versions = [*self._versions[-_VERSIONS + 1 :], samples]
        return True


def _sampled(pixels: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return single pixels of green from all over the picture: a mean of several would hide the noise."""
    height, width = pixels.shape[:2]
    rows = np.linspace(0, height - 1, min(_ROWS, height)).astype(np.intp)
    columns = np.linspace(0, width - 1, min(_COLUMNS, width)).astype(np.intp)
    green: NDArray[np.uint8] = pixels[rows[:, None], columns, 1]
    return green.astype(np.int16)
