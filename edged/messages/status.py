"""The status message: is the device well. Retained, with a birth and a will; it says nothing of who was in view.

`SenseReport` is the part that the sensing process knows; it reaches the publishing one through the outbox file.
"""

from typing import Literal

from pydantic import Field

from edged.messages.common import Part, UtcTime
from edged.messages.window import ModelUsed

CameraState = Literal["opening", "live", "stalled", "frozen", "dark", "closed", "offline", "ended"]


class CameraStatus(Part):
    """One camera."""

    id: str
    state: CameraState
    since: UtcTime = Field(description="When it came into this state.")
    reason: str | None = Field(description="Why it isn't live, in words.")


class SenseReport(Part):
    """What the sensing process says of itself."""

    at: UtcTime
    cameras: tuple[CameraStatus, ...]
    models: tuple[ModelUsed, ...]
    runtime: str
    clock: Literal["synchronised", "unsynchronised", "recording"]
    last_error: str | None


class OutboxStatus(Part):
    """The queue."""

    waiting: int = Field(
        ge=0, description="Messages never yet acknowledged by the broker; not those that come again after a reconnect."
    )
    dropped: int = Field(ge=0, description="Messages dropped in this epoch, all declared by gap messages.")
    store: Literal["ok", "degraded"]


class StatusMessage(Part):
    """The device, as its publishing process sees it."""

    schema_id: Literal["edged.status/1"] = Field(default="edged.status/1", alias="schema")
    device: str
    state: Literal["online", "offline"]
    at: UtcTime | None = Field(description="When this was written; null in the will, which the broker sends.")
    version: str = Field(description="Version of edged.")
    uptime_s: int | None = Field(ge=0, description="Seconds since the publishing process began.")
    sense: SenseReport | None = Field(description="Null when the sensing process has not reported yet.")
    sense_silent: bool | None = Field(description="True when the sensing process has missed its reports.")
    outbox: OutboxStatus | None
    last_error: str | None = Field(
        description="What is amiss with publishing, in words; null again soon after it is over."
    )
