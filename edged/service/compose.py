"""Puts a release and what it rests on into the words of the wire."""

from dataclasses import dataclass

from edged.anonymise.release import EmotionFigures, Release
from edged.config import model as config
from edged.messages.common import Stamp, utc
from edged.messages.window import (
    Coverage,
    Dwell,
    DwellHistogram,
    Emotion,
    EmotionShares,
    InView,
    ModelUsed,
    Privacy,
    WindowMessage,
)
from edged.messages.window import Span as SpanPart
from edged.windows import coverage, schedule
from edged.words import EMOTIONS


@dataclass(frozen=True, slots=True)
class Basis:
    """What a window's message says whether it is released or withheld."""

    camera: str
    span: schedule.Span
    coverage: coverage.Coverage
    privacy: config.Privacy
    models: tuple[ModelUsed, ...]
    runtime: str


def window_message(basis: Basis, release: Release | None, stamp: Stamp) -> WindowMessage:
    """Compose the message of one window; no release, no figures."""
    return WindowMessage(
        device=stamp.device,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
        camera=basis.camera,
        window=SpanPart(
            start=utc(basis.span.start),
            end=utc(basis.span.end),
            duration_s=round(basis.span.duration, 3),
            clock=basis.span.clock.value,
            partial=basis.span.partial,
        ),
        state="released" if release else "withheld",
        visits=release.visits if release else None,
        dwell=_dwell(release) if release else None,
        in_view=InView(mean=release.mean_in_view) if release else None,
        emotion=_emotion(release.emotion) if release and release.emotion else None,
        coverage=Coverage(live_share=basis.coverage.live_share, dropped_share=basis.coverage.dropped_share),
        privacy=Privacy(
            policy=basis.privacy.policy,
            k=basis.privacy.k,
            windows_covered=release.windows_covered if release else 0,
        ),
        models=basis.models,
        runtime=basis.runtime,
    )


def _dwell(release: Release) -> Dwell:
    counts = dict(zip(DwellHistogram.model_fields, release.dwell_histogram, strict=True))
    return Dwell(mean_s=release.mean_dwell_s, histogram=DwellHistogram(**counts))


def _emotion(figures: EmotionFigures) -> Emotion:
    return Emotion(
        visits=figures.visits,
        face_distribution=EmotionShares(**dict(zip(EMOTIONS, figures.face_distribution, strict=True))),
        mean_scores=EmotionShares(**dict(zip(EMOTIONS, figures.mean_scores, strict=True))),
    )
