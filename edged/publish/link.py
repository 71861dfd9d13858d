"""One connection to the broker, on paho-mqtt: from the name look-up to the end, and then never again.

Strategy: paho keeps a queue, resends and reconnects on its own; the outbox does all that better, because it survives a
power cut. So a paho client lives for exactly one connection: it is never asked to reconnect, it holds no more than what
the publisher has in flight, and it is thrown away with whatever was not acknowledged.

Rules:
  - What can block (name, TCP, TLS) runs in a thread of its own, which the owner may abandon at any moment; from the
    CONNECT packet on everything happens in the owner's thread, inside `poll`.
  - `poll` returns what happened; nothing calls back into the owner.
  - Nothing is listened to but Home Assistant's birth, and that only when it was asked for.
  - A broker is a stranger: whatever it sends takes up no more than LARGEST_PACKET here, and ends a connection at most.
"""

import logging
import os
import re
import socket
import threading
from typing import Any, Final

from paho.mqtt.client import MQTT_LOG_ERR, Client, ConnectFlags, DisconnectFlags, MQTTMessage, WebsocketConnectionError
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edged.config.model import Broker
from edged.publish import reasons
from edged.publish.credentials import UnreadableError, password_of, tls_context
from edged.publish.happenings import Accepted, Acknowledged, Failed, Greeted, Happening, Heard
from edged.publish.parcel import Parcel
from edged.publish.reasons import Fault, Kind

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 12
"""A broker that hangs is noticed within twice this; a connection without traffic costs some 20 bytes each time."""
CONNECT_DEADLINE_S: Final = 10.0
TCP_USER_TIMEOUT_MS: Final = 15_000
"""The kernel gives a connection up when sent data stays unacknowledged so long (a cable was cut)."""
LEAST_PACKET: Final = 512
"""Bytes that a PUBLISH may have around its body: topic, properties, headers."""
LARGEST_PACKET: Final = 16 * 1024
"""Bytes of the largest packet that a broker may send us; an acknowledgement has five."""


class Link:
    """One connection. It begins to dial at once."""

    def __init__(
        self, broker: Broker, client_id: str, will: Parcel | None, *, mqtt5: bool, listen_to: str | None = None
    ) -> None:
        """Dial.

        Args:
            broker: where to.
            client_id: who we are.
            will: what the broker publishes when we vanish, if anything.
            mqtt5: speak MQTT 5; else 3.1.1.
            listen_to: the one topic to subscribe to, if any.
        """
        self._broker = broker
        self._where = f"{broker.host}:{broker.port}"
        self._mqtt5 = mqtt5
        self._listen_to = listen_to
        self._happened: list[Happening] = []
        self._dialled = threading.Event()
        self._abandoned = False
        self._over = False
        self._accepted = False
        self._alert: str | None = None
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

    def send(self, parcel: Parcel) -> int:
        """Begin to publish at QoS 1; give the packet id that the acknowledgement will carry."""
        properties = _properties(PacketTypes.PUBLISH, parcel) if self._mqtt5 else None
        return self._client.publish(parcel.topic, parcel.body, qos=1, retain=parcel.retain, properties=properties).mid

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

    def _make(self, client_id: str, will: Parcel | None) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._mqtt5 else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._mqtt5 else True,
            transport=self._broker.transport,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_DEADLINE_S
        client.max_inflight_messages_set(0)  # the owner's window is the only limit
        if will is not None:
            properties = _properties(PacketTypes.WILLMESSAGE, will) if self._mqtt5 else None
            client.will_set(will.topic, will.body, qos=1, retain=will.retain, properties=properties)
        client.ws_set_options(path=self._broker.websocket_path)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_log = self._on_log
        return client

    def _dial(self) -> None:
        """Reach the broker and send CONNECT. Runs in its own thread; the owner waits until `_dialled` is set."""
        broker = self._broker
        try:
            if broker.username is not None:
                self._client.username_pw_set(broker.username, password_of(broker))
            if broker.tls:
                self._client.tls_set_context(tls_context(broker))
            properties = _session() if self._mqtt5 else None
            self._client.connect(broker.host, broker.port, keepalive=KEEPALIVE_S, properties=properties)
            self._happened.append(Greeted())
        except UnreadableError as error:
            self._fail(Fault(str(error)))
        except WebsocketConnectionError:
            self._fail(reasons.no_websocket(self._where))
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
        elif _overstepped(self._client):
            self._fail(Fault(f"the broker at {self._where} sent more than edged asked for"))

    def _breakdown(self, code: MQTTErrorCode) -> Fault:
        if self._alert is not None:
            return reasons.tls_alert(self._where, self._alert)
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
        # A websocket has no options of its own: they are set on a second handle of the same connection.
        with socket.socket(fileno=os.dup(sock.fileno())) as connection:
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGEST_PACKET)

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if self._accepted or self._over:  # a second answer to our one greeting
            self._fail(Fault(f"the broker at {self._where} sent what is no MQTT"))
            return
        if reason.is_failure:
            self._fail(reasons.refused(self._where, reason.value))
            return
        if getattr(properties, "MaximumQoS", 1) < 1:
            self._fail(reasons.refused(self._where, reasons.NO_QOS_1))
            return
        self._accepted = True
        largest = getattr(properties, "MaximumPacketSize", None)
        self._happened.append(
            Accepted(
                receive_maximum=getattr(properties, "ReceiveMaximum", 65_535),
                largest_body=None if largest is None else max(0, largest - LEAST_PACKET),
                keep_alive_s=getattr(properties, "ServerKeepAlive", KEEPALIVE_S),
            )
        )
        if self._listen_to is not None:
            client.subscribe(self._listen_to)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        # One that is retained was said before we came; some brokers send what nobody asked for.
        if message.topic == self._listen_to and not message.retain:
            self._happened.append(Heard(bytes(message.payload)))

    def _on_publish(
        self, _client: Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        text = reasons.words(reason.value) if reason.is_failure else ""
        unheard = reason.value == reasons.NOBODY_LISTENS
        self._happened.append(Acknowledged(mid, reasons.verdict(reason.value), text, unheard))

    def _on_disconnect(
        self, _client: Client, _data: object, flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._fail(reasons.thrown_out(self._where, reason.value))

    def _on_log(self, _client: Client, _data: object, level: int, text: str) -> None:
        # The only place where paho tells why TLS ended: in TLS 1.3 a client certificate is refused after the handshake.
        if level == MQTT_LOG_ERR and (found := re.search(r"\[SSL: (\w+)\]", text)):
            self._alert = found[1]


def _session() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    # The session is the outbox: the broker need not keep anything of us once the connection has ended.
    properties.SessionExpiryInterval = 0
    properties.MaximumPacketSize = LARGEST_PACKET
    return properties


def _properties(packet: int, parcel: Parcel) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    properties.PayloadFormatIndicator = 1
    properties.ContentType = "application/json"
    if parcel.schema is not None:
        properties.UserProperty = ("schema", parcel.schema)
    if parcel.expiry_s is not None:
        properties.MessageExpiryInterval = parcel.expiry_s
    return properties


def _overstepped(client: Client) -> bool:
    """Whether a packet is under way that is too large, or QoS 2 messages pile up: paho alone would take them all."""
    return client._in_packet["remaining_length"] > LARGEST_PACKET or bool(client._in_messages)


def _hang_up(client: Client) -> None:
    # Without the callbacks nothing refers back to the link, so that paho's own descriptors go with the last reference.
    client.on_socket_open = client.on_connect = client.on_message = client.on_publish = None
    client.on_disconnect = client.on_log = None
    sock = client.socket()
    if sock is not None:
        sock.close()
