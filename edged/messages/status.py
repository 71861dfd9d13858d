"""The status message: is the device well. Retained, with a birth and a will; it says nothing of who was in view.

`SenseReport` is the part that the sensing process knows; it reaches the publishing one through the outbox file.
"""

from typing import Final, Literal, get_args

from pydantic import Field

from edged.messages.common import Part, UtcTime
from edged.messages.window import ModelUsed

CameraState = Literal["opening", "live", "stalled", "frozen", "dark", "closed", "offline", "ended"]
CAMERA_STATES: Final[tuple[CameraState, ...]] = get_args(CameraState)
Throttling = Literal["under_voltage", "frequency_capped", "throttled", "soft_temperature_limit"]
THROTTLINGS: Final[tuple[Throttling, ...]] = get_args(Throttling)
"""In the order of the bits of a Raspberry Pi's get_throttled (raspberrypi.com, "vcgencmd")."""


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
    face_ms: int | None = Field(
        default=None,
        ge=1,
        description="Milliseconds that the face model takes for a picture, whoever is in it: the least of a minute, "
        "rounded up to 1, 2 or 5 times a power of ten; null before the first picture.",
    )
    effort: Literal["full", "reduced"] = Field(
        default="full",
        description="reduced: fewer pictures are looked at than configured, because the device is too slow for finding "
        "faces, or its processor is held back; told until a full hour has passed without.",
    )
    clock: Literal["synchronised", "unsynchronised", "recording"]
    store: Literal["ok", "degraded"] = Field(
        default="ok", description="degraded: what it measures waits in memory, because the disk takes nothing."
    )
    last_error: str | None


class OutboxStatus(Part):
    """The queue."""

    waiting: int = Field(
        ge=0, description="Messages never yet acknowledged by the broker; not those that come again after a reconnect."
    )
    dropped: int = Field(ge=0, description="Messages dropped in this epoch, all declared by gap messages.")
    store: Literal["ok", "degraded"]


class MachineStatus(Part):
    """The device itself, too coarse to tell how much there was to look at."""

    cpu_temperature_c: int | None = Field(
        description="Highest of the last full hour (at first: at the start), rounded down to tens; null where unknown."
    )
    throttled: tuple[Throttling, ...] | None = Field(
        description="What has held the processor back since the publishing process began, up to the last full hour; "
        "null where the device can't tell."
    )
    disk_free_mb: int | None = Field(ge=0, description="Free on the disk of the state folder, rounded down to 100 MB.")


class StatusMessage(Part):
    """The device, as its publishing process sees it."""

    schema_id: Literal["edged.status/1"] = Field(default="edged.status/1", alias="schema")
    device: str
    state: Literal["online", "offline"]
    at: UtcTime | None = Field(description="When this was written; null in the will, which the broker sends.")
    version: str = Field(description="Version of edged.")
    interval_s: float | None = Field(
        default=None, gt=0, description="While it is online a status comes at least every so many seconds."
    )
    uptime_s: int | None = Field(ge=0, description="Seconds since the publishing process began.")
    sense: SenseReport | None = Field(description="Null when the sensing process has not reported yet.")
    sense_silent: bool | None = Field(description="True when the sensing process has missed its reports.")
    outbox: OutboxStatus | None
    machine: MachineStatus | None = Field(default=None, description="Null in the will.")
    last_error: str | None = Field(
        description="What is amiss with publishing, in words; null again soon after it is over."
    )
