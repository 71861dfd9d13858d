"""The window message: what one camera saw in one stretch of wall-clock time, or that it says nothing about it.

Rules:
  - A withheld window and an empty one are the same message: every figure is null.
  - What a window rests on (clock, coverage, models) is said always; it doesn't depend on who was in view, and shares
    are rounded: of time to 0.05, of dropped pictures, which the load of many faces moves, to quarters.
"""

from typing import Literal

from pydantic import Field

from edged.messages.common import Part, Share, Stamped, UtcTime

ClockState = Literal["synchronised", "unsynchronised", "stepped", "recording"]
"""How far the times can be trusted: set by NTP; not set; moved during the window; the recording's own."""


class Span(Part):
    """When."""

    start: UtcTime = Field(description="Begin of the window, UTC.")
    end: UtcTime = Field(description="End of the window, UTC.")
    duration_s: float = Field(ge=0, description="Length in seconds on the monotonic clock.")
    clock: ClockState = Field(description="How far start and end can be trusted.")
    partial: bool = Field(description="True when the window is shorter than configured (start, stop, clock step).")


class TimeHistogram(Part):
    """People by how long, in seconds; 0 also where there were too few to be told."""

    under_5_s: int = Field(ge=0)
    from_5_s: int = Field(ge=0, description="5 s or more, less than 15 s.")
    from_15_s: int = Field(ge=0, description="15 s or more, less than 30 s.")
    from_30_s: int = Field(ge=0, description="30 s or more, less than 60 s.")
    from_60_s: int = Field(ge=0, description="60 s or more.")


class Times(Part):
    """How long visits were somewhere."""

    mean_s: float | None = Field(
        ge=0,
        description="Mean seconds; a visit counts up to 120 s. Null when no class can be told. Made of the classes "
        "that are told; what they leave over is taken to be spread over the others, short ones first.",
    )
    histogram: TimeHistogram


class Attention(Times):
    """How long faces were turned towards the camera."""

    share: Share | None = Field(description="Share of the time in view; null when either mean is.")


class InView(Part):
    """How many people at a time."""

    mean: float | None = Field(
        ge=0, description="Mean number of counted visitors in view while the camera was live; null when the dwell is."
    )
    most: int | None = Field(ge=0, description="No more than so many were in view at a time.")


class Crossings(Part):
    """Visits that crossed a line, each once per direction; 0 also where too few did to be told."""

    id: str = Field(description="Id of the line, as configured.")
    inwards: int = Field(ge=0, alias="in")
    outwards: int = Field(ge=0, alias="out")


class ZoneTimes(Times):
    """Time in a zone, of the visits that entered it."""

    id: str = Field(description="Id of the zone, as configured.")


class EmotionShares(Part):
    """One share for each of the eight emotions; each rounded for itself, so they need not add up to 1."""

    neutral: Share
    happiness: Share
    surprise: Share
    sadness: Share
    anger: Share
    disgust: Share
    fear: Share
    contempt: Share


class Estimate(Part):
    """The best estimate of what raters would have said of the faces of people like those who passed."""

    shares: EmotionShares = Field(description="Share of each emotion; they add up to 1, up to rounding.")
    standard_errors: EmotionShares = Field(
        description="Of each share: sampling, the model's own error and what privacy took; the true share lies within "
        "1.645 of them in nine windows of ten."
    )


class Emotion(Part):
    """Emotions as the faces showed them (not what people felt)."""

    visits: int = Field(ge=1, description="Visits that the figures rest on: those whose face was seen well enough.")
    face_distribution: EmotionShares = Field(
        description="Share of visits whose strongest mean score is this emotion; 0 also where too few can be told."
    )
    mean_scores: EmotionShares = Field(description="Mean over visits of each visit's mean scores.")
    estimate: Estimate | None = Field(
        default=None,
        description="Made of mean_scores, visits and the model's card, and of nothing else; null when the card doesn't "
        "say how the model errs.",
    )


class Coverage(Part):
    """How much of the window the camera really saw."""

    open_share: Share = Field(description="Share of the window within opening hours, to 0.05.")
    live_share: Share = Field(description="Share of the window with live pictures, to 0.05.")
    dropped_share: Share | None = Field(
        description="Share of due pictures that came too fast to be analysed, in quarters, up or down by an edge drawn "
        "anew, and right on the average; null when withheld: on a slow device it depends on how many faces there are."
    )


class Budget(Part):
    """What the differential policy has spent, in ε, over all cameras of the device."""

    epsilon: float = Field(gt=0, description="Of one window: the most that it may tell of one visit.")
    daily_epsilon: float = Field(gt=0, description="Of all windows of 24 hours together.")
    spent: float = Field(ge=0, description="In the 24 hours up to this window, itself counted.")
    left: float = Field(ge=0, description="What may be spent now; less than epsilon: windows are withheld unseen.")


class Privacy(Part):
    """Under which rule the figures were let out."""

    policy: Literal["threshold", "differential"] = Field(description="Protected by rounding, or by noise.")
    k: int = Field(ge=2, description="A window is released only with at least so many people.")
    grid: int | None = Field(
        ge=1,
        description="Counts are told in multiples of this, a part never as all of its whole, and one of fewer than k "
        "visits as 0; several lines or zones in multiples of so many grids; null with noise.",
    )
    budget: Budget | None = Field(default=None, description="Null but for the differential policy.")
    windows_covered: int = Field(
        ge=0,
        description="So many windows, this one and those just before it, are summed in the figures; 0 when withheld.",
    )
    covered_from: UtcTime | None = Field(
        default=None, description="Start of the first of these windows, as it was told then; null when withheld."
    )


class ModelUsed(Part):
    """A model that looked at the pictures."""

    task: Literal["face", "emotion"]
    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{12}$", description="First 12 hex digits of the file's SHA-256.")


class WindowMessage(Stamped):
    """One window of one camera."""

    schema_id: Literal["edged.window/1"] = Field(default="edged.window/1", alias="schema")
    camera: str = Field(description="Id of the camera, as in the topic.")
    window: Span
    state: Literal["released", "withheld"] = Field(
        description="withheld: too few visits to tell, or none at all; which of the two is not said."
    )
    visits: int | None = Field(ge=0, description="Visits that ended in the windows covered; null when withheld.")
    dwell: Times | None = Field(description="Time in view.")
    attention: Attention | None
    in_view: InView | None
    crossings: tuple[Crossings, ...] | None = Field(description="One for each configured line.")
    zones: tuple[ZoneTimes, ...] | None = Field(description="One for each configured zone.")
    emotion: Emotion | None = Field(description="Null when withheld, or when too few faces were seen well enough.")
    coverage: Coverage
    privacy: Privacy
    models: tuple[ModelUsed, ...]
    runtime: str = Field(description="Runtime, its version and where it ran, e.g. litert 2.3.0 on cpu.")
