"""One camera's straight line: sightings → visits → windows → release → message.

This is the whole daemon but for its I/O. `edged sense` drives it by the clock, `edged analyze` and fast recordings by
the recording's own time stamps; the same sightings at the same times give the same bytes.

Rules:
  - Time is handed in. First `advance` to a moment, then `see` what it showed.
  - Every window that ends gives exactly one message, whoever was there.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from edged.anonymise.budget import Ledger
from edged.config.model import Camera, Config, Visits
from edged.messages.window import ModelUsed
from edged.outbox.row import Compose
from edged.service.clock import Reading
from edged.service.compose import Basis, window_message
from edged.service.lots import Lots
from edged.service.protection import gate_of, ledger_of
from edged.vision.card import Estimate
from edged.vision.sighting import Sighting
from edged.visits.book import VisitBook
from edged.visits.visit import Visit
from edged.windows.coverage import CoverageMeter
from edged.windows.schedule import Clock, Schedule, Span
from edged.windows.tally import Tally, most_at_once

LATENESS = 1.0
"""Seconds that a frame may wait for the models: visits are not ended before such a frame had its chance."""


@dataclass(frozen=True, slots=True)
class Sees:
    """What a camera's messages say of how it sees."""

    models: tuple[ModelUsed, ...]
    runtime: str
    estimate: Estimate | None = None
    """What is known of the emotion model's answers to whole windows."""


class Line:
    """One camera, from sightings to messages."""

    def __init__(
        self, config: Config, camera: Camera, sees: Sees, reading: Reading, ledger: Ledger | None = None
    ) -> None:
        """Begin at a reading. `ledger`: the device's; None: a day's budget in memory, if the policy has one."""
        self._camera = camera
        self._sees = sees
        self._privacy = config.privacy
        self._hours = config.hours
        self.is_open = config.hours.open_at(reading.wall)
        """Whether it is opening hours; outside of them no picture is to be taken."""
        self._book = VisitBook(_visits(config), camera)
        self._schedule = Schedule(config.windows.length_s, reading.now, reading.wall, reading.clock)
        self._coverage = CoverageMeter(_longest_gap(camera), reading.now)
        self._ledger = ledger or ledger_of(config)
        self._lots = Lots(recording=reading.clock is Clock.RECORDING)
        self._gate = gate_of(config.privacy, camera, self._ledger, self._lots.below)
        self._tally = Tally()
        self._stays: list[tuple[float, float]] = []
        """When the visits of the open window began and ended."""
        self._starts: deque[float] = deque(maxlen=config.privacy.carry_windows + 1)
        """When the last windows began, as many as a release can cover."""

    def see(self, captured: float, sightings: Sequence[Sighting], sees: Sees) -> None:
        """Take in what one frame showed, and to which models."""
        self._sees = sees
        self._coverage.frame(captured)
        self._count(self._book.observe(captured, sightings))

    def advance(self, reading: Reading, dropped: int = 0) -> list[Compose]:
        """Let time pass; return the messages of the windows that ended. `dropped`: frames lost since the last call."""
        self.is_open = self._hours.open_at(reading.wall)
        self._coverage.advance(reading.now, is_open=self.is_open)
        self._coverage.drop(dropped)
        self._count(self._book.advance(reading.now - LATENESS))
        ended = self._schedule.advance(reading.now, reading.wall, reading.clock, self._lots.share())
        return [self._close(span) for span in ended]

    def close(self, now: float, *, finished: bool = False) -> Compose:
        """End all visits and the open window: at a stop, or because the recording has been played to its end."""
        self._coverage.advance(now, is_open=self.is_open)
        self._count(self._book.close())
        return self._close(self._schedule.close(now), finished=finished)

    def _count(self, visits: Sequence[Visit]) -> None:
        for visit in visits:
            self._lots.note(visit)
            self._tally += Tally.of(visit)
            self._stays.append((visit.start, visit.end))

    def _close(self, span: Span, *, finished: bool = False) -> Compose:
        coverage = self._coverage.cut(span.monotonic_end, self._lots.share())
        live_ms = round(coverage.live_share * span.duration * 1000)  # no finer than the message says it
        window = self._tally + Tally(live_ms=live_ms, most=most_at_once(self._stays))
        cut = span.partial and span.clock is not Clock.RECORDING and not finished
        release = self._gate.close(window, cut=cut)
        self._tally, self._stays = Tally(), []
        self._starts.append(span.start)
        balance = self._ledger.balance() if self._ledger else None
        sees = self._sees
        basis = Basis(
            camera=self._camera,
            span=span,
            coverage=coverage,
            privacy=self._privacy,
            models=sees.models,
            runtime=sees.runtime,
            balance=balance,
            estimate=sees.estimate,
            starts=tuple(self._starts),
        )
        return partial(window_message, basis, release)


def _visits(config: Config) -> Visits:
    """Return the settings of visits. Noise is for visits as such: whether one continues another may not count there."""
    noisy = config.privacy.policy == "differential"
    return config.visits.model_copy(update={"same_person_s": 0.0}) if noisy else config.visits


def _longest_gap(camera: Camera) -> float:
    """Return how far apart frames may be for the camera to count as live: 2 s, or more for a slow one."""
    return max(2.0, 1.5 / camera.fps) if camera.fps else 2.0
