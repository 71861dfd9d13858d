"""Home Assistant's side of a value template, as far as the announcement uses it: Jinja2 and two functions of its own.

Source: home-assistant.io, "Templating", sections "Time" and "Processing incoming data".
"""

from datetime import UTC, datetime
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from edged.config.model import Config
from edged.messages.homeassistant import BinarySensor, DeviceDiscovery, Sensor
from edged.messages.status import CameraStatus, MachineStatus, OutboxStatus, SenseReport, StatusMessage
from edged.messages.window import WindowMessage
from tests.messages.making import NOON, window

JUST_AFTER = NOON + 901
"""Seconds since the Unix epoch: the window of `making` has just ended."""


class HomeAssistant:
    """Renders templates at a moment."""

    def __init__(self, at: float = JUST_AFTER) -> None:
        # Stricter than Home Assistant, which lets what is missing pass with a warning.
        self._jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        self._jinja.globals["now"] = lambda: datetime.fromtimestamp(at, UTC)
        self._jinja.globals["as_datetime"] = datetime.fromisoformat

    def shows(self, entity: Sensor | BinarySensor, message: WindowMessage | StatusMessage) -> str | None:
        """What an entity would show; None for unknown, "" when it keeps what it showed."""
        value_json: dict[str, Any] = message.model_dump(mode="json")
        shown = self._jinja.from_string(entity.value_template).render(value_json=value_json)
        return None if shown == "None" else shown


def entity(announced: DeviceDiscovery, key: str) -> Sensor | BinarySensor:
    """The entity whose id ends so."""
    return announced.components[f"edged_shop_{key}"]


def config(discovery: bool = True, **sections: object) -> Config:
    """A shop with one door, one line and one zone; discovery is on."""
    camera = {
        "id": "door",
        "lines": [{"id": "entry", "start": [0.5, 0], "end": [0.5, 1]}],
        "zones": [{"id": "shelf", "polygon": [[0, 0], [1, 0], [1, 1]]}],
    }
    given = {"device": {"id": "shop"}, "cameras": [camera], "homeassistant": {"discovery": discovery}, **sections}
    return Config.model_validate(given)


def released() -> WindowMessage:
    """A window with every figure that `config` has an entity for."""
    full = window()
    assert full.dwell is not None
    assert full.crossings is not None
    parts = full.model_dump(mode="json")
    parts["zones"] = [{"id": "shelf", "mean_s": 4.5, "histogram": parts["dwell"]["histogram"]}]
    return WindowMessage.model_validate(parts)


def without_emotion() -> WindowMessage:
    """One with too few faces seen well."""
    return released().model_copy(update={"emotion": None})


def well(**changes: object) -> StatusMessage:
    """The status of a device that is well."""
    at = "2026-11-22T12:15:01.000Z"
    camera = CameraStatus.model_validate({"id": "door", "state": "live", "since": at, "reason": None})
    status = StatusMessage(
        device="shop",
        state="online",
        at=camera.since,
        version="0.1.0",
        uptime_s=60,
        sense=SenseReport(
            at=camera.since,
            cameras=(camera,),
            models=(),
            runtime="litert",
            face_ms=20,
            clock="synchronised",
            last_error=None,
        ),
        sense_silent=False,
        outbox=OutboxStatus(waiting=2, dropped=0, store="ok"),
        machine=MachineStatus(cpu_temperature_c=50, throttled=(), disk_free_mb=12_300),
        last_error=None,
    )
    return status.model_copy(update=changes)
