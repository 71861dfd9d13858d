"""What Home Assistant is told about this device: one entity for each figure, and when a value is worth showing.

Rules:
  - A figure that isn't told (null: withheld, or too few faces) renders as `None`: Home Assistant says unknown.
  - Messages come late after an outage, and again after a reconnect. A window that ended longer ago than one window
    lasts is no news: its figures render as nothing, which Home Assistant ignores for numbers. Where the device's clock
    is not set by NTP, this can't be judged and every window counts.
  - No window message for two windows, no status for three intervals: the entity is shown as unavailable.
  - Loaded only when discovery is on.
"""

from collections.abc import Iterator
from typing import Final

from edged import __version__
from edged.config.model import Camera, Config
from edged.messages.homeassistant import (
    Availability,
    BinarySensor,
    DeviceDiscovery,
    DeviceInfo,
    Origin,
    Sensor,
)
from edged.messages.status import CAMERA_STATES
from edged.messages.topics import status_topic, window_topic
from edged.words import EMOTIONS

SLACK_S: Final = 60
"""Seconds that a message may be on its way, and two clocks may differ."""
LONGEST_STATE: Final = 255
"""Home Assistant takes no longer text for a state."""


def announcement(config: Config) -> DeviceDiscovery:
    """Compose the announcement of this device."""
    device = config.device.id
    entities = [*_health(config), *(entity for camera in config.cameras for entity in _figures(config, camera))]
    return DeviceDiscovery(
        device=DeviceInfo(
            identifiers=(f"edged_{device}",),
            name=f"edged {device}",
            model="shop camera that counts",
            manufacturer="edged",
            sw_version=__version__,
        ),
        origin=Origin(name="edged", sw_version=__version__),
        availability=(Availability(topic=status_topic(device), value_template="{{ value_json.state }}"),),
        components={entity.unique_id: entity for entity in entities},
    )


def _figures(config: Config, camera: Camera) -> Iterator[Sensor]:
    """One sensor for each figure of a camera's windows."""
    device, length_s = config.device.id, config.windows.length_s
    fresh = (
        "value_json.window.clock != 'synchronised'"
        f" or (now() - as_datetime(value_json.window.end)).total_seconds() < {length_s + SLACK_S}"
    )

    def sensor(key: str, name: str, figure: str, **more: str | int) -> Sensor:
        return Sensor(
            unique_id=f"edged_{device}_{camera.id}_{key}",
            name=f"{camera.id} {name}",
            state_topic=window_topic(device, camera.id),
            value_template=f"{{% if {fresh} %}}{{{{ {figure} }}}}{{% endif %}}",
            expire_after=2 * length_s + SLACK_S,
            **{"state_class": "measurement", **more},
        )

    def count(key: str, name: str, figure: str, icon: str) -> Sensor:
        return sensor(
            key,
            name,
            figure,
            state_class="total",
            last_reset_value_template="{{ value_json.window.start }}",
            unit_of_measurement="visits",
            icon=icon,
        )

    def share(key: str, name: str, figure: str, icon: str) -> Sensor:
        return sensor(key, name, figure, unit_of_measurement="%", suggested_display_precision=0, icon=icon)

    def seconds(key: str, name: str, part: str) -> Sensor:
        figure = f"value_json.{part}.mean_s if value_json.{part} else None"
        return sensor(
            key, name, figure, device_class="duration", unit_of_measurement="s", suggested_display_precision=1
        )

    yield count("visits", "visits", "value_json.visits", "mdi:account-group")
    yield sensor(
        "in_view",
        "people in view",
        "value_json.in_view.mean if value_json.in_view else None",
        unit_of_measurement="people",
        suggested_display_precision=2,
        icon="mdi:account-multiple",
    )
    yield sensor(
        "in_view_most",
        "most people in view",
        "value_json.in_view.most if value_json.in_view else None",
        unit_of_measurement="people",
        icon="mdi:account-multiple-plus",
    )
    yield seconds("dwell", "mean dwell", "dwell")
    yield seconds("attention", "mean attention", "attention")
    yield share(
        "attention_share",
        "attention share",
        "(value_json.attention.share * 100) | round(1)"
        " if value_json.attention and value_json.attention.share is not none else None",
        "mdi:eye",
    )
    for i, line in enumerate(camera.lines):
        for way in ("in", "out"):
            figure = f"value_json.crossings[{i}]['{way}'] if value_json.crossings else None"
            yield count(f"line_{line.id}_{way}", f"{line.id} {way}", figure, "mdi:transit-transfer")
    for i, zone in enumerate(camera.zones):
        figure = f"value_json.zones[{i}].mean_s if value_json.zones else None"
        yield sensor(
            f"zone_{zone.id}",
            f"{zone.id} mean time",
            figure,
            device_class="duration",
            unit_of_measurement="s",
            suggested_display_precision=1,
        )
    for emotion in EMOTIONS:
        figure = (
            "((value_json.emotion.estimate.shares if value_json.emotion.estimate else value_json.emotion"
            f".face_distribution).{emotion} * 100) | round(1) if value_json.emotion else None"
        )
        yield share(f"emotion_{emotion}", emotion, figure, "mdi:emoticon-outline")
    yield share("coverage", "live pictures", "(value_json.coverage.live_share * 100) | round(1)", "mdi:camera-timer")


def _health(config: Config) -> Iterator[Sensor | BinarySensor]:
    """What the status says of the device's health."""
    device, topic = config.device.id, status_topic(config.device.id)
    expire_after = int(3 * config.broker.status_interval_s) + SLACK_S
    online = "value_json.state == 'online'"

    def sensor(key: str, name: str, figure: str, **more: str | tuple[str, ...]) -> Sensor:
        return Sensor(
            unique_id=f"edged_{device}_{key}",
            name=name,
            state_topic=topic,
            value_template=f"{{{{ {figure} }}}}",
            entity_category="diagnostic",
            expire_after=expire_after,
            **more,
        )

    awake = (
        "value_json.sense and value_json.sense.cameras"
        " | rejectattr('state', 'in', ['live', 'closed', 'opening', 'ended']) | list | count == 0"
    )
    yield BinarySensor(
        unique_id=f"edged_{device}_problem",
        name="problem",
        state_topic=topic,
        value_template=(
            f"{{{{ 'OFF' if {online} and not value_json.last_error and not value_json.sense_silent and {awake} and not"
            " value_json.sense.last_error and value_json.outbox and value_json.outbox.store == 'ok' else 'ON' }}"
        ),
        device_class="problem",
        expire_after=expire_after,
    )
    yield sensor(
        "last_error",
        "last error",
        f"(value_json.last_error or (value_json.sense.last_error if value_json.sense else None) or 'none')"
        f"[:{LONGEST_STATE}]",
        icon="mdi:alert-circle-outline",
    )
    yield sensor(
        "waiting",
        "messages waiting",
        "value_json.outbox.waiting if value_json.outbox else None",
        state_class="measurement",
        unit_of_measurement="messages",
        icon="mdi:tray-full",
    )
    yield sensor(
        "dropped",
        "messages dropped",
        "value_json.outbox.dropped if value_json.outbox else None",
        state_class="total_increasing",
        unit_of_measurement="messages",
        icon="mdi:tray-remove",
    )
    yield sensor(
        "clock",
        "clock",
        "value_json.sense.clock if value_json.sense else None",
        device_class="enum",
        options=("synchronised", "unsynchronised", "recording"),
    )
    yield sensor(
        "face_ms",
        "face model time",
        "value_json.sense.face_ms if value_json.sense else None",
        device_class="duration",
        state_class="measurement",
        unit_of_measurement="ms",
    )
    yield sensor(
        "temperature",
        "processor temperature",
        "value_json.machine.cpu_temperature_c if value_json.machine else None",
        device_class="temperature",
        state_class="measurement",
        unit_of_measurement="°C",
    )
    yield sensor(
        "disk",
        "disk free",
        "value_json.machine.disk_free_mb if value_json.machine else None",
        device_class="data_size",
        state_class="measurement",
        unit_of_measurement="MB",
    )
    for camera in config.cameras:
        yield sensor(
            f"{camera.id}_state",
            f"{camera.id} camera",
            f"(value_json.sense.cameras | selectattr('id', 'eq', '{camera.id}') | map(attribute='state') | list"
            " + [None]) | first if value_json.sense else None",
            device_class="enum",
            options=CAMERA_STATES,
            icon="mdi:cctv",
        )
