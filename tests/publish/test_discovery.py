"""What Home Assistant makes of the announcement and of real messages, templates and all."""

import json

import pytest
from pydantic import ValidationError

from edged.messages.homeassistant import DeviceDiscovery, Sensor
from edged.messages.status import CAMERA_STATES
from edged.publish import status
from edged.publish.discovery import announcement
from edged.words import EMOTIONS
from tests.messages.making import NOON, window
from tests.publish.home_assistant import (
    HomeAssistant,
    config,
    entity,
    released,
    well,
    without_emotion,
)

FIGURES = [
    ("door_visits", "10"),
    ("door_in_view", "0.08"),
    ("door_in_view_most", "5"),
    ("door_dwell", "7.5"),
    ("door_attention", "2.5"),
    ("door_attention_share", "33.0"),
    ("door_line_entry_in", "5"),
    ("door_line_entry_out", "5"),
    ("door_zone_shelf", "4.5"),
    *((f"door_emotion_{emotion}", "12.5") for emotion in EMOTIONS),
]
"""Each figure of a window by its entity, and what it shows of `released`."""


@pytest.fixture(scope="module")
def announced() -> DeviceDiscovery:
    return announcement(config())


@pytest.mark.parametrize(("key", "shown"), FIGURES)
def test_each_figure_has_an_entity(announced: DeviceDiscovery, key: str, shown: str) -> None:
    """Visits, people in view, dwell, attention, each line and direction, each zone, each emotion."""
    assert HomeAssistant().shows(entity(announced, key), released()) == shown


@pytest.mark.parametrize("key", [key for key, _ in FIGURES])
def test_withheld_window_is_unknown(announced: DeviceDiscovery, key: str) -> None:
    """Nothing is told, and nothing is taken for zero."""
    assert HomeAssistant().shows(entity(announced, key), window(released=False)) is None


def test_too_few_faces_leave_emotions_unknown(announced: DeviceDiscovery) -> None:
    """The other figures stand."""
    shown = {key: HomeAssistant().shows(entity(announced, key), without_emotion()) for key, _ in FIGURES}
    assert {key for key, value in shown.items() if value is None} == {f"door_emotion_{each}" for each in EMOTIONS}


def test_estimate_is_shown_where_there_is_one(announced: DeviceDiscovery) -> None:
    """The best estimate is worth more than the plain share of faces."""
    told = released().model_dump(mode="json")
    told["emotion"]["estimate"] = {
        "shares": {emotion: 0.25 if emotion == "anger" else 0.05 for emotion in EMOTIONS},
        "standard_errors": dict.fromkeys(EMOTIONS, 0.02),
    }
    estimated = type(released()).model_validate(told)
    assert HomeAssistant().shows(entity(announced, "door_emotion_anger"), estimated) == "25.0"


def test_window_of_an_hour_ago_is_no_news(announced: DeviceDiscovery) -> None:
    """What comes late after an outage, or again after a reconnect, doesn't move what is shown now."""
    late = HomeAssistant(at=NOON + 900 + 3600)
    for key, _ in FIGURES:
        assert late.shows(entity(announced, key), released()) == ""


def test_window_of_a_device_without_a_clock_is_shown(announced: DeviceDiscovery) -> None:
    """Its age can't be judged."""
    told = released().model_dump(mode="json")
    told["window"]["clock"] = "unsynchronised"
    undated = type(released()).model_validate(told)
    assert HomeAssistant(at=NOON + 7200).shows(entity(announced, "door_visits"), undated) == "10"


def test_counts_begin_anew_with_each_window(announced: DeviceDiscovery) -> None:
    """Home Assistant adds them up over a day only when it knows that each window counts from zero."""
    visits = entity(announced, "door_visits")
    assert isinstance(visits, Sensor)
    assert (visits.state_class, visits.last_reset_value_template) == ("total", "{{ value_json.window.start }}")


HEALTH = [
    ("problem", "OFF"),
    ("last_error", "none"),
    ("waiting", "2"),
    ("dropped", "0"),
    ("clock", "synchronised"),
    ("face_ms", "20"),
    ("temperature", "50"),
    ("disk", "12300"),
    ("door_state", "live"),
]


@pytest.mark.parametrize(("key", "shown"), HEALTH)
def test_health_has_its_entities(announced: DeviceDiscovery, key: str, shown: str) -> None:
    """What the status says of the device."""
    assert HomeAssistant().shows(entity(announced, key), well()) == shown


@pytest.mark.parametrize("key", [key for key, _ in HEALTH])
def test_will_is_understood(announced: DeviceDiscovery, key: str) -> None:
    """The last word of a device that fell silent has nulls everywhere; no template stumbles."""
    shown = HomeAssistant().shows(entity(announced, key), status.will("shop", 60))
    assert shown == {"problem": "ON", "last_error": "none"}.get(key)


@pytest.mark.parametrize(
    "amiss",
    [
        {"last_error": "the broker is gone"},
        {"sense_silent": True},
        {"sense": None},
        {"outbox": well().outbox.model_copy(update={"store": "degraded"})},  # type: ignore[union-attr]
        *(
            {
                "sense": well().sense.model_copy(  # type: ignore[union-attr]
                    update={"cameras": (well().sense.cameras[0].model_copy(update={"state": state}),)}  # type: ignore[union-attr]
                )
            }
            for state in ("offline", "stalled", "frozen", "dark")
        ),
    ],
)
def test_whatever_is_amiss_is_a_problem(announced: DeviceDiscovery, amiss: dict[str, object]) -> None:
    """One entity to hang an alarm on."""
    assert HomeAssistant().shows(entity(announced, "problem"), well(**amiss)) == "ON"


def test_last_error_fits_into_a_state(announced: DeviceDiscovery) -> None:
    """Home Assistant refuses a state of more than 255 characters."""
    shown = HomeAssistant().shows(entity(announced, "last_error"), well(last_error="x" * 999))
    assert shown is not None
    assert len(shown) == 255


def test_camera_states_are_all_known(announced: DeviceDiscovery) -> None:
    """An enum with a value that isn't announced is an error there."""
    shown = entity(announced, "door_state")
    assert isinstance(shown, Sensor)
    assert shown.options == CAMERA_STATES


def test_silence_makes_entities_unavailable_in_time(announced: DeviceDiscovery) -> None:
    """Two windows, three statuses, and a minute on top."""
    assert entity(announced, "door_visits").expire_after == 2 * 900 + 60
    assert entity(announced, "problem").expire_after == 3 * 60 + 60


def test_entities_of_two_cameras_differ() -> None:
    """Each camera has its own, and each id is there once."""
    two = announcement(config(cameras=[{"id": "front"}, {"id": "back", "source": 1}]))
    assert {"edged_shop_front_visits", "edged_shop_back_visits"} <= set(two.components)


def test_payload_leaves_out_what_is_not_said(announced: DeviceDiscovery) -> None:
    """A null would be taken for a value there."""
    assert "null" not in announced.model_dump_json(exclude_none=True)
    assert json.loads(announced.model_dump_json(exclude_none=True))["device"]["identifiers"] == ["edged_shop"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"device_class": "enum"},
        {"options": ("a",)},
        {"device_class": "enum", "options": ("a",), "state_class": "measurement"},
        {"last_reset_value_template": "{{ 1 }}", "state_class": "measurement"},
        {"icon": "account"},
        {"value_template": "value_json.visits"},
    ],
)
def test_what_home_assistant_would_refuse_is_refused_here(wrong: dict[str, object]) -> None:
    """A payload with such a sensor never leaves the device."""
    right = {"unique_id": "u", "name": "n", "state_topic": "t", "value_template": "{{ 1 }}", "expire_after": 60}
    Sensor.model_validate(right)
    with pytest.raises(ValidationError):
        Sensor.model_validate(right | wrong)
