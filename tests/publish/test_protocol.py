"""MQTT 5 as a subscriber sees it, 3.1.1 where that is all there is, and brokers that send what nobody asked for."""

import base64
import hashlib
import logging
import random
import re
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edged.messages.common import Stamp, utc
from edged.messages.window import Span, WindowMessage
from edged.outbox import Outbox
from edged.publish.happenings import Failed, Happening
from edged.publish.link import LARGEST_PACKET, Link
from tests.brokers import DEADLINE_S, HOST, Mosquitto, Subscriber, wait_until
from tests.listener import Listener
from tests.outbox.making import window
from tests.publish.conftest import Configure, Running
from tests.publish.gate import Doorman, Impostor

Run = Callable[..., Running]
Subscribe = Callable[..., Subscriber]

WELCOME = b"\x20\x03\x00\x00\x00"
"""CONNACK of MQTT 5, success, no properties."""
DAY_S = 86_400

pytestmark = pytest.mark.usefixtures("soon")


def told(caplog: pytest.LogCaptureFixture, words: str) -> Callable[[], bool]:
    """Whether the log has said this."""
    return lambda: any(words in record.getMessage() for record in list(caplog.records))


class Reader:
    """Subscribes in MQTT 5 and keeps what stands beside each message."""

    def __init__(self, port: int) -> None:
        self.properties: dict[str, Any] = {}
        self.ready = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.on_connect = lambda client, *_: client.subscribe("edged/#", qos=1)
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._take
        self.client.connect(HOST, port)
        self.client.loop_start()
        assert self.ready.wait(DEADLINE_S)

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        assert message.properties is not None
        self.properties[message.topic] = message.properties.json()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_mqtt5_says_what_a_message_is(mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run) -> None:
    """JSON in UTF-8, by which schema, and of use for 90 days from the end of its window."""
    ended = time.time() - 10 * DAY_S

    def lately(stamp: Stamp) -> WindowMessage:
        span = Span(start=utc(ended - 900), end=utc(ended), duration_s=900, clock="synchronised", partial=False)
        return window(stamp).model_copy(update={"window": span})

    reader = Reader(mosquitto.port)
    outbox.append(lately)
    run(configure(mosquitto.port))
    wait_until(lambda: {"edged/shop/door/window", "edged/shop/status"} <= set(reader.properties), "both")
    reader.close()
    beside = {"PayloadFormatIndicator": 1, "ContentType": "application/json"}
    status, figures = reader.properties["edged/shop/status"], reader.properties["edged/shop/door/window"]
    assert status == beside | {"UserProperty": [("schema", "edged.status/1")]}
    assert 80 * DAY_S - 300 <= figures.pop("MessageExpiryInterval") <= 80 * DAY_S
    assert figures == beside | {"UserProperty": [("schema", "edged.window/1")]}


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(b"\x20\x02\x00\x01", id="return-code-1"),
        pytest.param(b"\x20\x03\x00\x84\x00", id="reason-code-0x84"),
        pytest.param(b"", id="hangs-up"),
    ],
)
def test_a_broker_that_turns_mqtt5_away_is_served_in_the_older_version(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe, refusal: bytes
) -> None:
    """At once, without a delay, in each of the ways in which old brokers refuse; the silent kind is amqtt's."""
    doorman = Doorman(mosquitto.port, refusal)
    subscriber = subscribe(mosquitto.port)
    for _ in range(5):
        outbox.append(window)
    assert run(configure(doorman.port), drain=True).wait() == 0
    wait_until(lambda: subscriber.has_all(5), "all five")
    assert doorman.turned_away == 1
    doorman.close()


def test_a_broker_that_takes_only_qos_0_is_refused(
    outbox: Outbox, configure: Configure, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an acknowledgement nothing could be promised."""
    impostor = Impostor(b"\x20\x05\x00\x00\x02\x24\x00")
    run(configure(impostor.port))
    wait_until(told(caplog, "it doesn't support QoS 1"), "the words")
    impostor.close()


def test_the_brokers_keep_alive_is_taken_over(
    outbox: Outbox, configure: Configure, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Server Keep Alive (MQTT 5, 3.2.2.3.14) is kept, and the log says so."""
    caplog.set_level(logging.INFO)
    impostor = Impostor(b"\x20\x06\x00\x00\x03\x13\x00\x05")
    run(configure(impostor.port))
    wait_until(told(caplog, "keep alive 5 s"), "the words")
    impostor.close()


class Flood(Listener):
    """A broker that welcomes whoever comes and then sends, again and again, what `packets` gives."""

    def __init__(self, packets: Callable[[], Iterator[bytes]]) -> None:
        self._packets = packets
        self.sent = 0
        super().__init__()

    def serve(self, near: socket.socket) -> None:
        near.settimeout(DEADLINE_S)
        with near:
            greeting = near.recv(4096)
            if greeting.startswith(b"GET "):
                near.sendall(switched(greeting))
                near.recv(4096)
            else:
                near.sendall(WELCOME)
            for packet in self._packets():
                near.sendall(packet)
                self.sent += 1


def switched(request: bytes) -> bytes:
    """The answer of a web server that agrees to a websocket (RFC 6455, section 4.2.2)."""
    (key,) = re.findall(rb"Sec-WebSocket-Key: (\S+)", request)
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
    )


def endure(configure: Configure, port: int, **broker: object) -> list[Happening]:
    """Hold one connection until it fails; give all that happened."""
    link = Link(configure(port, **broker).broker, "edged-shop", None, mqtt5=True, listen_to="homeassistant/status")
    happened: list[Happening] = []
    deadline = time.monotonic() + DEADLINE_S
    while not any(isinstance(each, Failed) for each in happened):
        assert time.monotonic() < deadline, "it did not give up"
        happened += link.poll(0.1)
        del happened[:-100]
    link.abandon()
    return happened


def grown_mb(work: Callable[[], object]) -> float:
    """How many MB this process has more after some work than before."""
    before = resident_mb()
    work()
    return resident_mb() - before


def resident_mb() -> float:
    """This process's memory, by proc(5)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def huge() -> Iterator[bytes]:
    """A PUBLISH of 256 MB, sent bit by bit."""
    yield b"\x30\xff\xff\xff\x7f"
    while True:
        yield bytes(100_000)


def frame() -> Iterator[bytes]:
    """The same in one frame of a websocket."""
    yield b"\x82\x7f" + (1 << 28).to_bytes(8, "big") + WELCOME
    yield from huge()


def unasked() -> Iterator[bytes]:
    """QoS 2 messages without end, never released."""
    for mid in range(1, 65_536):
        yield b"\x34\x88\x01\x00\x01a" + mid.to_bytes(2, "big") + b"\x00" + bytes(130)


@pytest.mark.parametrize(("packets", "transport"), [(huge, "tcp"), (unasked, "tcp"), (frame, "websockets")])
def test_a_broker_that_sends_without_measure_is_left(
    configure: Configure, packets: Callable[[], Iterator[bytes]], transport: str
) -> None:
    """Memory stays what it was."""
    flood = Flood(packets)
    happened: list[Happening] = []
    assert grown_mb(lambda: happened.extend(endure(configure, flood.port, transport=transport))) < 12
    assert "sent more than edged asked for" in str(happened[-1])
    flood.close()


def fuzz(draw: random.Random) -> Callable[[], Iterator[bytes]]:
    """Packets that are nearly right: lengths that fit and contents that don't; the last one is fatal."""

    def packets() -> Iterator[bytes]:
        for _ in range(400):
            kind = draw.choice([0x30, 0x40, 0x40, 0x40, 0x40, 0xD0, 0xD0, 0xC0, 0x90, 0xB0, 0x62, 0x50])
            body = {
                0x30: lambda: b"\x00\x01a\x00" + draw.randbytes(draw.randrange(40)),
                0x40: lambda: draw.randbytes(2) + draw.choice([b"", b"\x10\x00", b"\x87\x00", b"\x97\x00"]),
                0x90: lambda: draw.randbytes(2) + b"\x00\x87",
                0xB0: lambda: draw.randbytes(2) + b"\x00\x00",
                0x62: lambda: draw.randbytes(2),
                0x50: lambda: draw.randbytes(2),
            }.get(kind, lambda: b"")()
            yield bytes([kind, len(body)]) + body
        yield bytes([draw.randrange(256), 20]) + draw.randbytes(20)
        yield b"\xff\xff\xff\xff\xff\xff"

    return packets


def test_a_broker_that_sends_rubbish_ends_connections_and_nothing_else(configure: Configure) -> None:
    """A hundred thousand packets that are nearly right: typed failures only, and memory stays what it was."""
    draw = random.Random(5)
    flood = Flood(fuzz(draw))

    def endure_many(count: int) -> None:
        for _ in range(count):
            happened = endure(configure, flood.port)
            assert isinstance(happened[-1], Failed)

    endure_many(20)
    assert grown_mb(lambda: endure_many(480)) < 8
    assert flood.sent > 100_000
    flood.close()


def test_a_broker_is_told_how_much_it_may_send(configure: Configure) -> None:
    """Maximum Packet Size (MQTT 5, 3.1.2.11.4) goes with the greeting, and no session is asked for."""
    heard = bytearray()
    with socket.create_server((HOST, 0)) as listener:
        link = Link(configure(listener.getsockname()[1]).broker, "edged-shop", None, mqtt5=True)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(DEADLINE_S)
            while b"edged-shop" not in heard:
                heard += connection.recv(4096)
        link.abandon()
    assert b"\x11\x00\x00\x00\x00" in heard
    assert b"\x27" + LARGEST_PACKET.to_bytes(4, "big") in heard
