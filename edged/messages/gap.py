"""The gap message: which messages the outbox had to drop before they were sent."""

from typing import Literal

from pydantic import Field

from edged.messages.common import Stamped


class GapMessage(Stamped):
    """So many messages will never come."""

    schema_id: Literal["edged.gap/1"] = Field(default="edged.gap/1", alias="schema")
    dropped: int = Field(ge=1, description="How many.")
    first_sequence: int = Field(ge=1, description="The oldest of them.")
    last_sequence: int = Field(ge=1, description="The newest of them.")
    reason: Literal["outbox_full", "unsendable", "store_failed"] = Field(
        description="The outbox was full; no broker would take the message; the disk could not be written for so long "
        "that memory ran out."
    )
