"""The wire as a document for machines: AsyncAPI 3.0, and the JSON Schema of each message, made of the models.

Sources: asyncapi.com, "AsyncAPI 3.0.0 specification"; github.com/asyncapi/bindings, "MQTT bindings 0.2.0".

Rules:
  - Nothing is described by hand that a model says; what stands here is what a model can't know: who sends it, how.
  - Schemas describe what is on the wire (serialisation), so every field is required, and no other is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from edged.messages.gap import GapMessage
from edged.messages.homeassistant import DeviceDiscovery, birth_topic, discovery_topic
from edged.messages.status import StatusMessage
from edged.messages.topics import gap_topic, status_topic, window_topic
from edged.messages.window import WindowMessage

MESSAGES: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {"window": WindowMessage, "gap": GapMessage, "status": StatusMessage}
)
"""The messages of edged, by name."""

_BINDING_VERSION: Final = "0.2.0"
_PARAMETERS: Final = MappingProxyType(
    {
        "device": "Id of the device (device.id).",
        "camera": "Id of the camera (cameras.id).",
        "prefix": "Home Assistant's discovery prefix (homeassistant.prefix), usually homeassistant.",
    }
)


@dataclass(frozen=True, slots=True)
class _Channel:
    name: str
    address: str
    title: str
    model: type[BaseModel]
    retain: bool
    summary: str


_CHANNELS: Final = (
    _Channel(
        "window",
        window_topic("{device}", "{camera}"),
        "Window",
        WindowMessage,
        False,
        "What one camera saw in one stretch of time. One message at the end of every window, whoever was there.",
    ),
    _Channel(
        "gap",
        gap_topic("{device}"),
        "Gap",
        GapMessage,
        False,
        "Messages that will never come: the outbox had to drop them before they were sent.",
    ),
    _Channel(
        "status",
        status_topic("{device}"),
        "Status",
        StatusMessage,
        True,
        "Is the device well: at birth, every minute, at every change, at the end, and as the will.",
    ),
    _Channel(
        "discovery",
        discovery_topic("{prefix}", "{device}"),
        "Home Assistant discovery",
        DeviceDiscovery,
        True,
        "Announces the device to Home Assistant; only when homeassistant.discovery is on.",
    ),
)


def json_schema(name: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one of MESSAGES, as it is on the wire."""
    return MESSAGES[name].model_json_schema(mode="serialization")


def document(version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of everything that edged sends and receives.

    Args:
        version: of edged.
    """
    _, schemas = models_json_schema(
        [(channel.model, "serialization") for channel in _CHANNELS], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "edged",
            "version": version,
            "description": "Anonymised window aggregates of shop cameras over MQTT, at least once and in order for "
            "each device: drop what you have seen by (device, epoch, sequence). See docs/SUBSCRIBERS.md.",
        },
        "defaultContentType": "application/json",
        "servers": {"clear": _server("mqtt", "1883"), "tls": _server("mqtts", "8883")},
        "channels": {channel.name: _channel(channel) for channel in _CHANNELS} | {"birth": _birth_channel()},
        "operations": {f"send_{channel.name}": _send(channel) for channel in _CHANNELS}
        | {"receive_birth": {"action": "receive", "channel": _ref("channels", "birth"), "bindings": _qos(retain=None)}},
        "components": {
            "messages": {channel.name: _message(channel) for channel in _CHANNELS},
            "schemas": schemas["$defs"],
        },
    }


def _server(protocol: str, port: str) -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "protocol": protocol,
        "protocolVersion": "5",
        "description": "Your broker. MQTT 3.1.1 serves too, and so do websockets.",
        "variables": {
            "host": {"description": "Name or address of the broker.", "default": "localhost"},
            "port": {"default": port},
        },
    }


def _channel(channel: _Channel) -> dict[str, Any]:
    named = {name: {"description": text} for name, text in _PARAMETERS.items() if f"{{{name}}}" in channel.address}
    return {
        "address": channel.address,
        "title": channel.title,
        "summary": channel.summary,
        "parameters": named,
        "messages": {channel.name: _ref("components", "messages", channel.name)},
    }


def _birth_channel() -> dict[str, Any]:
    return {
        "address": birth_topic("{prefix}"),
        "title": "Home Assistant's birth",
        "summary": "The only topic that edged ever subscribes to, and only when homeassistant.discovery is on.",
        "parameters": {"prefix": {"description": _PARAMETERS["prefix"]}},
        "messages": {
            "birth": {"name": "birth", "contentType": "text/plain", "payload": {"type": "string", "example": "online"}}
        },
    }


def _send(channel: _Channel) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": _ref("channels", channel.name),
        "summary": channel.summary,
        "messages": [_ref("channels", channel.name, "messages", channel.name)],
        "bindings": _qos(retain=channel.retain),
    }


def _message(channel: _Channel) -> dict[str, Any]:
    message = {
        "name": channel.name,
        "title": channel.title,
        "contentType": "application/json",
        "payload": _ref("components", "schemas", channel.model.__name__),
        "bindings": {
            "mqtt": {
                "payloadFormatIndicator": 1,
                "contentType": "application/json",
                "bindingVersion": _BINDING_VERSION,
            }
        },
    }
    if channel.name in MESSAGES:
        schema_id = channel.model.model_fields["schema_id"].default
        message["headers"] = {
            "type": "object",
            "description": "With MQTT 5: the user property that says what the message is.",
            "properties": {"schema": {"type": "string", "const": schema_id}},
        }
    return message


def _qos(*, retain: bool | None) -> dict[str, Any]:
    retained = {} if retain is None else {"retain": retain}
    return {"mqtt": {"qos": 1, **retained, "bindingVersion": _BINDING_VERSION}}


def _ref(*parts: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(parts)}
