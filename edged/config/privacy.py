"""What may leave the device."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LARGEST_TRIAL = 3
"""Up to this k figures are exact unless a grid is asked for."""


class Privacy(BaseModel):
    """What may leave the device."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    policy: Literal["threshold", "differential"] = "threshold"
    """How releases are protected. threshold: by k and rounding. differential: by k, noise and a daily budget."""
    k: Annotated[int, Field(ge=2, le=1000)] = 10
    """A window is released only with at least so many visits."""
    grid: Annotated[int, Field(ge=1, le=500)] | None = None
    """threshold: counts are told in multiples of this; None: k, or exactly for a trial's k of 2 or 3, as 1 does."""
    carry_windows: Annotated[int, Field(ge=0, le=96)] = 3
    """threshold: so many windows' visits may wait for k to be reached; then they are dropped unseen."""
    epsilon: Annotated[float, Field(ge=0.01, le=10)] = 1.0
    """differential: the most that a window may tell of one visit; less means more noise."""
    daily_epsilon: Annotated[float, Field(ge=0.01, le=1000)] = 24.0
    """differential: the most that all windows of 24 hours may cost together; what is over is withheld."""

    @property
    def rounding(self) -> int:
        """The grid that is in force."""
        return self.grid or (self.k if self.k > LARGEST_TRIAL else 1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.grid is not None and self.grid > self.k:
            raise ValueError("grid must not be more than k: windows would have to be larger than k asks for")
        if self.epsilon > self.daily_epsilon:
            raise ValueError("epsilon must not be more than daily_epsilon: not even one window would be told")
        return self
