"""Home Assistant's MQTT discovery: the message that announces a device with all of its entities.

Source: home-assistant.io, "MQTT", sections "Device discovery payload" and "Using availability topics"; "MQTT sensor"
and "MQTT binary sensor" for what a component may say. Device discovery came with Home Assistant 2024.11. The rules by
which it refuses a payload are validators here; `tools/homeassistant` asks Home Assistant itself.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edged.messages.common import Part

StateClass = Literal["measurement", "total", "total_increasing"]
DeviceClass = Literal["duration", "enum", "temperature", "timestamp", "problem", "data_size"]
"""Those that edged uses."""
EntityCategory = Literal["diagnostic"]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Template = Annotated[str, Field(pattern=r"\{\{.*\}\}")]
"""A Jinja2 template; the message is `value_json` in it."""


class Availability(Part):
    """Where Home Assistant reads whether the device is there."""

    topic: str
    value_template: Template
    payload_available: str = "online"
    payload_not_available: str = "offline"


class DeviceInfo(Part):
    """The device that the entities belong to."""

    identifiers: tuple[str, ...] = Field(min_length=1)
    name: Name
    model: str
    manufacturer: str
    sw_version: str


class Origin(Part):
    """Who has made the announcement."""

    name: str
    sw_version: str


class Sensor(Part):
    """A value."""

    platform: Literal["sensor"] = "sensor"
    unique_id: str
    name: Name
    state_topic: str
    value_template: Template
    device_class: DeviceClass | None = None
    state_class: StateClass | None = None
    unit_of_measurement: str | None = None
    suggested_display_precision: int | None = Field(default=None, ge=0)
    options: tuple[str, ...] | None = None
    last_reset_value_template: Template | None = None
    entity_category: EntityCategory | None = None
    icon: str | None = Field(default=None, pattern=r"^mdi:[a-z0-9-]+$")
    expire_after: int = Field(ge=1)
    qos: Literal[0, 1] = 1

    @model_validator(mode="after")
    def _is_accepted(self) -> Self:
        if (self.device_class == "enum") != (self.options is not None):
            raise ValueError("options and the device class enum go together")
        if self.device_class == "enum" and (self.state_class or self.unit_of_measurement):
            raise ValueError("an enum has neither state class nor unit")
        if self.last_reset_value_template is not None and self.state_class != "total":
            raise ValueError("last_reset_value_template needs the state class total")
        return self


class BinarySensor(Part):
    """A yes or no."""

    platform: Literal["binary_sensor"] = "binary_sensor"
    unique_id: str
    name: Name
    state_topic: str
    value_template: Template
    device_class: DeviceClass | None = None
    payload_on: str = "ON"
    payload_off: str = "OFF"
    entity_category: EntityCategory | None = None
    expire_after: int = Field(ge=1)
    qos: Literal[0, 1] = 1


class DeviceDiscovery(Part):
    """One payload for a device; an empty one in its place takes the device away again."""

    device: DeviceInfo
    origin: Origin
    availability: tuple[Availability, ...]
    components: dict[str, Sensor | BinarySensor]

    @model_validator(mode="after")
    def _is_unique(self) -> Self:
        ids = [component.unique_id for component in self.components.values()]
        if len(set(ids)) < len(ids):
            raise ValueError("two components have the same unique_id")
        return self


def discovery_topic(prefix: str, device: str) -> str:
    """Topic of the retained announcement."""
    return f"{prefix}/device/edged_{device}/config"


def birth_topic(prefix: str) -> str:
    """Where Home Assistant says `online` when it has started."""
    return f"{prefix}/status"
