"""The wire: what is written fits the schema that `edged schema` prints, and says times and shares as promised."""

import json
from typing import Any

import jsonschema
import pytest

from edged.messages.gap import GapMessage
from edged.messages.status import StatusMessage
from edged.messages.topics import status_topic, topic_of
from edged.messages.window import EmotionShares, WindowMessage
from edged.words import EMOTIONS
from tests.messages.making import gap, status, window


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
