"""The wire: what is written fits the schema that `edged schema` prints, and says times and shares as promised."""

import json
from typing import Any

import jsonschema
import pytest

from edged.messages.common import utc
from edged.messages.gap import GapMessage
from edged.messages.status import StatusMessage
from edged.messages.topics import status_topic, topic_of
from edged.messages.window import (
    Attention,
    Coverage,
    Crossings,
    Emotion,
    EmotionShares,
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
        emotion=Emotion(visits=10, face_distribution=shares, mean_scores=shares) if released else None,
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
        outbox=None,
        last_error=None,
    )


@pytest.mark.parametrize("message", [window(), window(released=False), gap(), status()])
def test_message_fits_its_published_schema(message: WindowMessage | GapMessage | StatusMessage) -> None:
    """A subscriber that validates by `edged schema` accepts every message, and would notice a foreign key."""
    schema = type(message).model_json_schema(mode="serialization")
    wire: dict[str, Any] = json.loads(message.model_dump_json())
    jsonschema.validate(wire, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**wire, "track_id": 1}, schema)


def test_message_comes_back_as_it_was() -> None:
    """What is written can be read by the same model."""
    assert WindowMessage.model_validate_json(window().model_dump_json()) == window()


def test_times_are_rfc3339_in_utc() -> None:
    """Times end in Z and have milliseconds."""
    wire = json.loads(window().model_dump_json())
    assert wire["window"]["start"] == "2026-11-22T12:00:00.000Z"


def test_schema_names_kind_and_version() -> None:
    """A reader sees at once what a message is."""
    assert json.loads(window().model_dump_json())["schema"] == "edged.window/1"
    assert json.loads(gap().model_dump_json())["schema"] == "edged.gap/1"
    assert json.loads(status().model_dump_json())["schema"] == "edged.status/1"


def test_topics_lie_below_the_device() -> None:
    """One ACL line, edged/<device>/#, covers a device."""
    assert topic_of(window()) == "edged/shop/door/window"
    assert topic_of(gap()) == "edged/shop/gap"
    assert status_topic("shop") == "edged/shop/status"


def test_emotions_stand_in_their_order() -> None:
    """The wire has the eight emotions in the order of the whole package."""
    assert tuple(EmotionShares.model_fields) == EMOTIONS
