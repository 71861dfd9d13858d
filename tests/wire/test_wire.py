"""Every byte between publish and a real broker through a whole run: only what the schema knows, and no subscription."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from edged.messages.gap import GapMessage
from edged.messages.status import StatusMessage
from edged.messages.window import WindowMessage
from edged.publish.link import LARGEST_PACKET
from tests.brokers import Mosquitto
from tests.end_to_end.process import Settings, finish
from tests.wire.packets import NAMES, Packet, Property, decode
from tests.wire.proxy import Recorder

DEVICE, CAMERA = "wire", "door"
MODELS: dict[str, type[BaseModel]] = {
    f"edged/{DEVICE}/{CAMERA}/window": WindowMessage,
    f"edged/{DEVICE}/gap": GapMessage,
    f"edged/{DEVICE}/status": StatusMessage,
}


def whole_run(video: Path, broker: Mosquitto, state: Path) -> list[Packet]:
    """Run both processes over a recording, and return all that went to the broker."""
    recorder = Recorder(broker.port)
    settings: Settings = {
        "device.id": DEVICE,
        "camera.id": CAMERA,
        "camera.source": str(video),
        "camera.pace": "fast",
        "windows.length_s": 5,
        "privacy.k": 2,
        "visits.lost_after_s": 1.5,
        "visits.same_person_s": 0,
        "broker.host": "127.0.0.1",
        "broker.port": recorder.port,
        "broker.status_interval_s": 5,
        "outbox.folder": str(state),
    }
    try:
        done = finish(["run"], settings)
    finally:
        recorder.close()
    assert done.returncode == 0, done.stderr
    return [packet for connection in recorder.sent for packet in decode(bytes(connection))]


def properties_of(packet: Packet, model: type[BaseModel]) -> list[Property]:
    """What MQTT 5 may say beside a message: no session is kept, what the bytes are, and how long they are of use."""
    session: list[Property] = [("session expiry", 0), ("maximum packet size", LARGEST_PACKET)]
    schema = model.model_fields["schema_id"].default
    expiry: list[Property] = [("message expiry", 90 * 86_400)]  # in full: a recording's clock says nothing about now
    return [
        *(session if packet.kind == "CONNECT" else []),
        ("payload format", 1),
        *(expiry if model is WindowMessage else []),
        ("content type", "application/json"),
        ("user property", ("schema", schema)),
    ]


def check(packets: list[Packet]) -> list[WindowMessage]:
    """Check every packet against the schema; return the window messages."""
    assert {packet.kind for packet in packets} <= set(NAMES.values())
    windows = []
    for packet in packets:
        if packet.kind in {"CONNECT", "PUBLISH"}:
            assert packet.topic in MODELS, packet.topic
            model = MODELS[packet.topic]
            message = model.model_validate_json(packet.payload)  # extra keys are forbidden by the models
            # The same bytes come out again: nothing hides in white space, doubled keys or odd numbers.
            assert message.model_dump_json().encode() == packet.payload
            assert packet.retained == (model is StatusMessage)
            assert list(packet.properties) == properties_of(packet, model)
            if isinstance(message, WindowMessage):
                windows.append(message)
        else:
            assert len(packet.payload) <= 4, f"{packet.kind} carries more than a number and a reason"
        assert packet.client in {None, f"edged-{DEVICE}"}
    assert [packet.kind for packet in packets].count("CONNECT") == 1
    assert packets[0].topic == f"edged/{DEVICE}/status"  # the will
    return windows


def test_only_schema_passes_the_wire(mosquitto: Mosquitto, sample_at_5_fps: Path, tmp_path: Path) -> None:
    """Through a run over the bundled sample each packet is decoded; topics and keys are the schema's, to the byte."""
    windows = check(whole_run(sample_at_5_fps, mosquitto, tmp_path / "state"))
    assert len(windows) >= 14
    assert any(window.state == "released" for window in windows)


@pytest.mark.data
def test_only_schema_passes_the_wire_when_real_people_walk(
    mosquitto: Mosquitto, shared_data: Path, tmp_path: Path
) -> None:
    """The same with people walking through an arcade."""
    assert check(whole_run(shared_data / "videos" / "walkers.mp4", mosquitto, tmp_path / "state"))


@pytest.mark.parametrize("wrong", [b"\x82\x05\x00\x01\x00\x00\x00", b"\x30\x05\x00\x03"])
def test_decoder_lets_nothing_pass_unread(wrong: bytes) -> None:
    """A SUBSCRIBE, or a packet that is cut off, is an error."""
    with pytest.raises((KeyError, EOFError)):
        decode(wrong)
