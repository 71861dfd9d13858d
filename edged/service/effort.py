"""How many pictures a second a device looks at: as many as configured, and fewer when it is too slow or too hot. Pure.

First what comes too fast is dropped: only the newest picture of a camera waits. That helps no device whose processor
is held back, for it still works all the time. So when finding faces in all the pictures that come would take nearly all
of the time or more, or the processor is held back, half as many pictures are wanted; and twice as many again when there
is ample time.

Rules:
  - What counts is the time of finding faces in one picture, times the pictures that come (looked at or dropped): both
    are the same for an empty shop and a full one. How many pictures are wanted must not tell how many people there are.
  - Steps of two with a wide gap between up and down, each after a whole span of time: the rate doesn't flap.
  - What is told goes to "reduced" at once and back at a full hour only, for heat and load lag behind who was there.
"""

from typing import Final, Literal

SPAN_S: Final = 30.0
"""One decision in so many seconds."""
TOO_MUCH: Final = 0.9
AMPLE: Final = 0.3
"""Share of the time that finding faces would take: above the first half as many, below the second twice as many."""
LEAST_FPS: Final = 1.0
CALM_SPANS: Final = 2
"""So many spans in a row must be ample before the rate goes up."""
HOUR_S: Final = 3600.0


class Effort:
    """The rate of a device. All times are monotonic seconds."""

    def __init__(self, max_fps: float, now: float) -> None:
        self._max_fps = max_fps
        self.rate = max_fps
        """Pictures per second and camera that are wanted."""
        self._span_end = now + SPAN_S
        self._busy_s = 0.0
        self._looks = 0
        self._dropped = 0
        self._held_back = False
        self._calm = 0
        self._hour = now // HOUR_S
        self._reduced_this_hour = self._told = False

    def looked(self, seconds: float) -> None:
        """Note how long finding faces took in one picture, without what comes after for each face."""
        self._busy_s += seconds
        self._looks += 1

    def advance(self, now: float, *, held_back: bool, dropped: int) -> None:
        """Let time pass.

        Args:
            now: monotonic seconds.
            held_back: whether the processor is throttled now, by heat or by a weak power supply.
            dropped: pictures that came too fast, since the beginning.
        """
        self._held_back |= held_back
        if now >= self._span_end:
            came = self._looks + dropped - self._dropped
            each = self._busy_s / self._looks if self._looks else 0.0
            self._decide(each * came / (now - self._span_end + SPAN_S))
            self._span_end, self._busy_s, self._looks, self._dropped = now + SPAN_S, 0.0, 0, dropped
            self._held_back = False
        self._tell(now)

    @property
    def told(self) -> Literal["full", "reduced"]:
        """What the status may say."""
        return "reduced" if self._told else "full"

    def _decide(self, load: float) -> None:
        if self._held_back or load > TOO_MUCH:
            self._calm = 0
            self.rate = min(self.rate, max(self.rate / 2, LEAST_FPS))
        elif load < AMPLE:
            self._calm += 1
            if self._calm >= CALM_SPANS:
                self._calm = 0
                self.rate = min(self.rate * 2, self._max_fps)
        else:
            self._calm = 0

    def _tell(self, now: float) -> None:
        if now // HOUR_S != self._hour:
            self._hour = now // HOUR_S
            self._told, self._reduced_this_hour = self._reduced_this_hour, False
        if self.rate < self._max_fps:
            self._told = self._reduced_this_hour = True
