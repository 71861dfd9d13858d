"""A subscription to what devices send, held for as long as it is wanted.

Strategy: one thread does all that waits for the network and puts what happened into a queue. A broker that can't be
reached is tried again for ever; whoever reads the queue decides whether the first failure is the last.

Rules:
  - MQTT 5, so that the broker keeps what arrives during a short absence (SESSION_EXPIRY_S, given back at the end);
    MQTT 3.1.1 for a broker that knows no better, and then what is sent during an absence is missed.
  - The queue is bounded: a reader that can't keep up slows the broker down, it doesn't fill the memory.
  - It subscribes; it never publishes.
"""

import queue
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edged.config.model import Broker
from edged.publish import reasons
from edged.publish.credentials import UnreadableError, password_of, tls_context
from edged.publish.reasons import Fault, Kind

KEEPALIVE_S: Final = 15
CONNECT_DEADLINE_S: Final = 10.0
MQTT5_DEADLINE_S: Final = 2.0
"""So long a greeting in MQTT 5 may go unanswered: some old brokers just ignore what they don't understand."""
SESSION_EXPIRY_S: Final = 600
RETRY_S: Final = 2.0
POLL_S: Final = 0.2
QUEUE_SIZE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker has accepted the subscription."""

    resumed: bool
    """It has kept what came since the last connection."""


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no connection; it is tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message."""

    topic: str
    body: bytes
    retained: bool


Happening = Subscribed | Lost | Arrival


class Subscription:
    """It begins to dial at once."""

    def __init__(self, broker: Broker, topics: str) -> None:
        self._broker = broker
        self._topics = topics
        self._where = f"{broker.host}:{broker.port}"
        self._client_id = f"edged-watch-{uuid.uuid4().hex[:8]}"
        self._happened: queue.Queue[Happening] = queue.Queue(QUEUE_SIZE)
        self._closed = threading.Event()
        self._mqtt5 = True
        self._met = False
        self._fault: Fault | None = None
        self._subscribed = self._resumed = False
        self._thread = threading.Thread(target=self._run, name="subscription", daemon=True)
        self._thread.start()

    def next(self, timeout_s: float) -> Happening | None:
        """Wait for what happens next; None when nothing does."""
        try:
            return self._happened.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Go away in good order."""
        self._closed.set()
        self._thread.join(CONNECT_DEADLINE_S)

    def _run(self) -> None:
        while not self._closed.is_set():
            fault = self._connection()
            if fault.kind is Kind.OLD_BROKER and self._mqtt5 and not self._met:
                self._mqtt5 = False
            elif not self._closed.is_set():
                self._tell(Lost(fault.text))
                self._closed.wait(RETRY_S)

    def _connection(self) -> Fault:
        """Hold one connection to its end; tell why it ended."""
        self._fault, self._subscribed = None, False
        client = self._client()
        try:
            if self._broker.username is not None:
                client.username_pw_set(self._broker.username, password_of(self._broker))
            if self._broker.tls:
                client.tls_set_context(tls_context(self._broker))
            if self._mqtt5:
                session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                session.SessionExpiryInterval = SESSION_EXPIRY_S
                # No clean start even at first: mosquitto 2.0 would not write the session down then.
                client.connect(self._broker.host, self._broker.port, KEEPALIVE_S, clean_start=False, properties=session)
            else:
                client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
        except UnreadableError as error:
            return Fault(str(error))
        except Exception as error:  # paho raises many kinds
            return reasons.unreachable(self._where, error)
        return self._loop(client)

    def _loop(self, client: Client) -> Fault:
        begun = time.monotonic()
        while not self._closed.is_set():
            try:
                code = client.loop(POLL_S)
            except Exception:  # whatever a broker makes paho stumble over
                code = MQTTErrorCode.MQTT_ERR_PROTOCOL
            if self._fault is not None:
                return self._fault
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                told = "sent what is no MQTT" if code == MQTTErrorCode.MQTT_ERR_PROTOCOL else "hung up"
                return Fault(f"the broker at {self._where} {told}", Kind.OLD_BROKER)
            waited = time.monotonic() - begun
            if not self._subscribed and waited > (MQTT5_DEADLINE_S if self._mqtt5 else CONNECT_DEADLINE_S):
                return Fault(f"the broker at {self._where} does not answer our greeting", Kind.OLD_BROKER)
        self._leave(client)
        return Fault("closed")

    def _leave(self, client: Client) -> None:
        if self._mqtt5:
            farewell = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
            farewell.SessionExpiryInterval = 0
            client.disconnect(properties=farewell)
        else:
            client.disconnect()

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._mqtt5 else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._mqtt5 else True,
            transport=self._broker.transport,
            reconnect_on_failure=False,
        )
        if self._broker.transport == "websockets":
            client.ws_set_options(self._broker.websocket_path)
        client.connect_timeout = CONNECT_DEADLINE_S
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(
        self, client: Client, _data: object, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._fault = reasons.refused(self._where, reason.value)
            return
        self._resumed = flags.session_present
        client.subscribe(self._topics, qos=1)

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if codes and codes[0].is_failure:
            why = reasons.words(codes[0].value)
            self._fault = Fault(f"the broker at {self._where} refuses the subscription to {self._topics}: {why}")
            return
        self._subscribed = self._met = True
        self._tell(Subscribed(self._resumed))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._tell(Arrival(message.topic, bytes(message.payload), message.retain))

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._fault = reasons.thrown_out(self._where, reason.value)

    def _tell(self, happening: Happening) -> None:
        while not self._closed.is_set():
            try:
                self._happened.put(happening, timeout=POLL_S)
            except queue.Full:
                continue
            return
