"""One connection to the broker, on paho-mqtt: from the name look-up to the end, and then never again.

Strategy: paho keeps a queue, resends and reconnects on its own; the outbox does all that better, because it survives a
power cut. So a paho client lives for exactly one connection: it is never asked to reconnect, it holds no more than what
the publisher has in flight, and it is thrown away with whatever was not acknowledged.

Rules:
  - What can block (name, TCP, TLS) runs in a thread of its own, which the owner may abandon at any moment; from the
    CONNECT packet on everything happens in the owner's thread, inside `poll`.
  - `poll` returns what happened; nothing calls back into the owner.
  - Password file and CA file are read for each connection, so that replaced ones are taken up without a restart.
"""

import logging
import socket
import threading
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edged.config.model import Broker
from edged.publish import reasons
from edged.publish.credentials import UnreadableError, password_of, tls_context
from edged.publish.reasons import Fault, Kind, Verdict

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 12
"""A broker that hangs is noticed within twice this; a connection without traffic costs some 20 bytes each time."""
CONNECT_DEADLINE_S: Final = 10.0
TCP_USER_TIMEOUT_MS: Final = 15_000
"""The kernel gives a connection up when sent data stays unacknowledged so long (a cable was cut)."""
LEAST_PACKET: Final = 512
"""Bytes that a PUBLISH may have around its body: topic, properties, headers."""


@dataclass(frozen=True, slots=True)
class Greeted:
    """The broker was reached, and CONNECT is on its way."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker has accepted us."""

    receive_maximum: int
    """At most so many messages may be in flight."""
    largest_body: int | None
    """At most so many bytes may be in a message; None: the broker set no limit."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has answered a PUBLISH."""

    mid: int
    verdict: Verdict
    text: str
    """Why it was refused, in words."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection is over, or it never came about."""

    fault: Fault


Happening = Greeted | Accepted | Acknowledged | Failed


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes when we vanish."""

    topic: str
    body: bytes


class Link:
    """One connection. It begins to dial at once."""

    def __init__(self, broker: Broker, client_id: str, will: Will, *, mqtt5: bool) -> None:
        self._broker = broker
        self._where = f"{broker.host}:{broker.port}"
        self._mqtt5 = mqtt5
        self._happened: list[Happening] = []
        self._dialled = threading.Event()
        self._abandoned = False
        self._over = False
        self._accepted = False
        self._properties = _properties() if mqtt5 else None
        self._client = self._make(client_id, will)
        threading.Thread(target=self._dial, name="dial", daemon=True).start()

    def poll(self, timeout_s: float) -> list[Happening]:
        """Let the network do its work for up to so many seconds; tell what happened."""
        if not self._dialled.is_set():
            if not self._dialled.wait(timeout_s):
                return []
        elif not self._over:
            self._turn(timeout_s)
        happened, self._happened = self._happened, []
        return happened

    def send(self, topic: str, body: bytes, *, retain: bool = False) -> int:
        """Begin to publish at QoS 1; give the packet id that the acknowledgement will carry."""
        return self._client.publish(topic, body, qos=1, retain=retain, properties=self._properties).mid

    def close(self) -> None:
        """End the connection in good order: the broker forgets the will."""
        self._over = True
        if self._accepted:
            self._client.disconnect()
        self.abandon()

    def abandon(self) -> None:
        """Drop the connection as it is; the broker sends the will."""
        self._over = self._abandoned = True
        if self._dialled.is_set():
            _hang_up(self._client)

    def _make(self, client_id: str, will: Will) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._mqtt5 else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._mqtt5 else True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_DEADLINE_S
        client.max_inflight_messages_set(0)  # the owner's window is the only limit
        client.will_set(will.topic, will.body, qos=1, retain=True, properties=None)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        return client

    def _dial(self) -> None:
        """Reach the broker and send CONNECT. Runs in its own thread; the owner waits until `_dialled` is set."""
        try:
            if self._broker.username is not None:
                self._client.username_pw_set(self._broker.username, password_of(self._broker))
            if self._broker.tls:
                self._client.tls_set_context(tls_context(self._broker))
            self._client.connect(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
            self._happened.append(Greeted())
        except UnreadableError as error:
            self._fail(Fault(str(error)))
        except Exception as error:  # paho raises many kinds, and this thread must always report
            self._fail(reasons.unreachable(self._where, error))
        # Set first, looked at second: whichever of the two threads comes later hangs up.
        self._dialled.set()
        if self._abandoned:
            _hang_up(self._client)

    def _turn(self, timeout_s: float) -> None:
        try:
            code = self._client.loop(timeout_s)
        except Exception:  # whatever a hostile broker makes paho stumble over
            log.debug("paho failed on what the broker sent", exc_info=True)
            code = MQTTErrorCode.MQTT_ERR_PROTOCOL
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._fail(self._breakdown(code))

    def _breakdown(self, code: MQTTErrorCode) -> Fault:
        garbled = code == MQTTErrorCode.MQTT_ERR_PROTOCOL
        if not self._accepted:
            # Some old brokers answer a protocol version they don't know by hanging up.
            told, kind = "sent what is no MQTT" if garbled else "hung up on our greeting", Kind.OLD_BROKER
        elif garbled:
            told, kind = "sent what is no MQTT", Kind.PASSING
        else:
            told, kind = "hung up, or the connection was lost", Kind.HUNG_UP
        return Fault(f"the broker at {self._where} {told}", kind)

    def _fail(self, fault: Fault) -> None:
        if not self._over:
            self._over = True
            self._happened.append(Failed(fault))

    def _on_socket_open(self, _client: Client, _data: object, sock: Any) -> None:
        if self._abandoned:
            raise ConnectionAbortedError
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._fail(reasons.refused(self._where, reason.value))
            return
        self._accepted = True
        largest = getattr(properties, "MaximumPacketSize", None)
        self._happened.append(
            Accepted(
                receive_maximum=getattr(properties, "ReceiveMaximum", 65_535),
                largest_body=None if largest is None else max(0, largest - LEAST_PACKET),
            )
        )

    def _on_publish(
        self, _client: Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        text = reasons.words(reason.value) if reason.is_failure else ""
        self._happened.append(Acknowledged(mid, reasons.verdict(reason.value), text))

    def _on_disconnect(
        self, _client: Client, _data: object, flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._fail(reasons.thrown_out(self._where, reason.value))


def _properties() -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.PayloadFormatIndicator = 1
    properties.ContentType = "application/json"
    return properties


def _hang_up(client: Client) -> None:
    # Without the callbacks nothing refers back to the link, so that paho's own descriptors go with the last reference.
    client.on_socket_open = client.on_connect = client.on_publish = client.on_disconnect = None
    sock = client.socket()
    if sock is not None:
        sock.close()
