"""Puts a release and what it rests on into the words of the wire."""

from dataclasses import dataclass

from edged.anonymise.budget import MICRO, Balance
from edged.anonymise.figures import EmotionFigures, Release, Shares, TimeFigures
from edged.config import model as config
from edged.messages import window as wire
from edged.messages.common import Stamp, utc
from edged.service.estimate import estimate
from edged.vision.card import Estimate
from edged.windows.coverage import Coverage
from edged.windows.schedule import Span
from edged.words import EMOTIONS


@dataclass(frozen=True, slots=True)
class Basis:
    """What a window's message says whether it is released or withheld."""

    camera: config.Camera
    span: Span
    coverage: Coverage
    privacy: config.Privacy
    models: tuple[wire.ModelUsed, ...]
    runtime: str
    balance: Balance | None
    """After the window; None when the policy has no budget."""
    estimate: Estimate | None
    """What is known of the emotion model's answers to whole windows."""
    starts: tuple[float, ...]
    """When the windows up to this one began, in Unix seconds: as many as a release can cover."""


def window_message(basis: Basis, release: Release | None, stamp: Stamp) -> wire.WindowMessage:
    """Compose the message of one window; no release, no figures."""
    camera, span, told = basis.camera, basis.span, release
    return wire.WindowMessage(
        device=stamp.device,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
        camera=camera.id,
        window=wire.Span(
            start=utc(span.start),
            end=utc(span.end),
            duration_s=round(span.duration, 3),
            clock=span.clock.value,
            partial=span.partial,
        ),
        state="released" if told else "withheld",
        visits=told.visits if told else None,
        dwell=wire.Times(mean_s=told.dwell.mean_s, histogram=_histogram(told.dwell)) if told else None,
        attention=_attention(told) if told else None,
        in_view=wire.InView(mean=told.in_view_mean, most=told.in_view_most) if told else None,
        crossings=_crossings(camera, told) if told else None,
        zones=_zones(camera, told) if told else None,
        emotion=_emotion(told.emotion, basis) if told and told.emotion else None,
        coverage=wire.Coverage(
            open_share=basis.coverage.open_share,
            live_share=basis.coverage.live_share,
            dropped_share=basis.coverage.dropped_share if told else None,
        ),
        privacy=_privacy(basis, told.windows_covered if told else 0),
        models=basis.models,
        runtime=basis.runtime,
    )


def _privacy(basis: Basis, windows_covered: int) -> wire.Privacy:
    privacy, balance = basis.privacy, basis.balance
    return wire.Privacy(
        policy=privacy.policy,
        k=privacy.k,
        grid=None if balance else privacy.rounding,
        budget=_budget(privacy, balance) if balance else None,
        windows_covered=windows_covered,
        covered_from=utc(basis.starts[-windows_covered]) if windows_covered else None,
    )


def _budget(privacy: config.Privacy, balance: Balance) -> wire.Budget:
    return wire.Budget(
        epsilon=privacy.epsilon,
        daily_epsilon=privacy.daily_epsilon,
        spent=round(balance.spent / MICRO, 6),
        left=round(balance.left / MICRO, 6),
    )


def _histogram(figures: TimeFigures) -> wire.TimeHistogram:
    return wire.TimeHistogram(**dict(zip(wire.TimeHistogram.model_fields, figures.histogram, strict=True)))


def _attention(release: Release) -> wire.Attention:
    figures = release.attention
    return wire.Attention(mean_s=figures.mean_s, histogram=_histogram(figures), share=release.attention_share)


def _crossings(camera: config.Camera, release: Release) -> tuple[wire.Crossings, ...]:
    counts = release.crossings
    return tuple(
        wire.Crossings(id=line.id, inwards=counts[2 * i], outwards=counts[2 * i + 1])
        for i, line in enumerate(camera.lines)
    )


def _zones(camera: config.Camera, release: Release) -> tuple[wire.ZoneTimes, ...]:
    return tuple(
        wire.ZoneTimes(id=zone.id, mean_s=figures.mean_s, histogram=_histogram(figures))
        for zone, figures in zip(camera.zones, release.zones, strict=True)
    )


def _emotion(figures: EmotionFigures, basis: Basis) -> wire.Emotion:
    return wire.Emotion(
        visits=figures.visits,
        face_distribution=_shares(figures.face_distribution),
        mean_scores=_shares(figures.mean_scores),
        estimate=_estimate(figures, basis, basis.estimate) if basis.estimate else None,
    )


def _estimate(figures: EmotionFigures, basis: Basis, known: Estimate) -> wire.Estimate:
    shares, errors = estimate(figures, basis.privacy, basis.camera, known)
    return wire.Estimate(shares=_shares(shares), standard_errors=_shares(errors))


def _shares(shares: Shares) -> wire.EmotionShares:
    return wire.EmotionShares(**dict(zip(EMOTIONS, shares, strict=True)))
