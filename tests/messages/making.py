"""A message of each kind, with every field filled that can be."""

from edged.messages.common import utc
from edged.messages.gap import GapMessage
from edged.messages.status import StatusMessage
from edged.messages.window import (
    Attention,
    Coverage,
    Crossings,
    Emotion,
    EmotionShares,
    Estimate,
    InView,
    Privacy,
    Span,
    TimeHistogram,
    Times,
    WindowMessage,
)
from edged.words import EMOTIONS

NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z."""


def window(released: bool = True) -> WindowMessage:
    shares = EmotionShares(**dict.fromkeys(EMOTIONS, 0.125))
    estimate = Estimate(shares=shares, standard_errors=shares)
    counts = TimeHistogram(under_5_s=4, from_5_s=6, from_15_s=0, from_30_s=0, from_60_s=0)
    return WindowMessage(
        device="shop",
        epoch="0a1b2c3d",
        sequence=7,
        camera="door",
        window=Span(start=utc(NOON), end=utc(NOON + 900), duration_s=900.0, clock="synchronised", partial=False),
        state="released" if released else "withheld",
        visits=10 if released else None,
        dwell=Times(mean_s=7.5, histogram=counts) if released else None,
        attention=Attention(mean_s=2.5, histogram=counts, share=0.33) if released else None,
        in_view=InView(mean=0.08, most=5) if released else None,
        crossings=(Crossings(id="door", inwards=5, outwards=5),) if released else None,
        zones=() if released else None,
        emotion=Emotion(visits=10, face_distribution=shares, mean_scores=shares, estimate=estimate)
        if released
        else None,
        coverage=Coverage(open_share=1.0, live_share=1.0, dropped_share=0.0),
        privacy=Privacy(policy="threshold", k=10, grid=5, windows_covered=int(released)),
        models=(),
        runtime="litert 2.3.0 on cpu",
    )


def gap() -> GapMessage:
    return GapMessage(
        device="shop",
        epoch="0a1b2c3d",
        sequence=8,
        dropped=3,
        first_sequence=1,
        last_sequence=3,
        reason="outbox_full",
    )


def status() -> StatusMessage:
    return StatusMessage(
        device="shop",
        state="offline",
        at=None,
        version="0.1.0",
        uptime_s=None,
        sense=None,
        sense_silent=None,
        machine=None,
        outbox=None,
        last_error=None,
    )
