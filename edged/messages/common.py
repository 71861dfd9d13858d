"""What all messages share.

Rules:
  - JSON, UTF-8, snake_case, times in RFC 3339 UTC with milliseconds; units in the names (`_s`).
  - A message is frozen; what a field means stands in its description, which is also the text of the JSON Schema.
  - `schema` names the kind and its version; a change that breaks a reader raises the version.
"""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema


class Stamp(NamedTuple):
    """Which message of which store of which device: what a subscriber drops duplicates by."""

    device: str
    epoch: str
    sequence: int


class Part(BaseModel):
    """A message, or a part of one."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, serialize_by_alias=True, validate_by_name=True
    )


def utc(seconds: float) -> datetime:
    """Turn seconds since the Unix epoch into a moment in UTC, to the millisecond."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


UtcTime = Annotated[
    datetime,
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}),
]
"""A moment; on the wire RFC 3339 in UTC with milliseconds, e.g. 2026-11-22T08:15:00.000Z."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, 0 to 1."""


class Stamped(Part):
    """A message of the outbox: it carries its stamp."""

    device: str = Field(description="Id of the device, as in the topic.")
    epoch: str = Field(description="Id of the device's store; a new one begins when the store was lost.")
    sequence: int = Field(ge=1, description="Counts the messages of an epoch, without gaps.")

    @property
    def stamp(self) -> Stamp:
        """(device, epoch, sequence)."""
        return Stamp(self.device, self.epoch, self.sequence)
