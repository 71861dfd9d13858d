"""From the outbox to a subscriber, through real brokers of both protocol versions."""

from collections.abc import Callable

import pytest

from edged.outbox import Outbox
from edged.publish import publisher
from tests.brokers import Broker, Mosquitto, Subscriber, wait_until
from tests.outbox.making import report, window
from tests.publish.conftest import Configure, Running

Run = Callable[..., Running]
Subscribe = Callable[..., Subscriber]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """On loopback a broker that stays silent for so long does not speak MQTT 5."""
    monkeypatch.setattr(publisher, "MQTT5_DEADLINE_S", 0.5)


def test_messages_arrive_in_order_byte_for_byte(
    broker: Broker, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """What was committed is what arrives, oldest first; MQTT 3.1.1 serves where 5 is refused."""
    subscriber = subscribe(broker.port)
    stamps = [outbox.append(window) for _ in range(50)]
    run(configure(broker.port))
    wait_until(lambda: subscriber.has_all(50), "50 messages")
    assert [each.body for each in subscriber.messages] == [window(s).model_dump_json().encode() for s in stamps]
    assert {(each.topic, each.retained) for each in subscriber.messages} == {("edged/shop/door/window", False)}


def test_a_message_appended_while_online_is_sent(
    broker: Broker, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """The other process's commits are noticed."""
    subscriber = subscribe(broker.port)
    run(configure(broker.port))
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth")
    outbox.append(window)
    wait_until(lambda: subscriber.has_all(1), "the message")


def test_draining_ends_when_everything_is_acknowledged(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """`edged run` on a recording ends with nothing left behind."""
    # Not on amqtt: when a sender goes, version 0.12.1 drops what it has acknowledged and not yet handed on.
    subscriber = subscribe(mosquitto.port)
    for _ in range(100):
        outbox.append(window)
    assert run(configure(mosquitto.port), drain=True).wait() == 0
    assert outbox.counts().waiting == 0
    wait_until(lambda: subscriber.has_all(100), "100 messages")


def test_birth_and_farewell_are_retained(
    broker: Broker, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """Whoever subscribes later knows at once whether the device is there."""
    subscriber = subscribe(broker.port)
    running = run(configure(broker.port))
    wait_until(lambda: [each["state"] for each in subscriber.statuses] == ["online"], "the birth")
    birth = subscriber.statuses[0]
    assert (birth["device"], birth["sense"], birth["outbox"]["store"]) == ("shop", None, "ok")
    assert running.end() == 0
    wait_until(lambda: subscriber.statuses[-1]["state"] == "offline", "the farewell")
    assert subscriber.statuses[-1]["at"] is not None, "it was the will, not the farewell"


def test_news_of_the_sensing_process_is_said_at_once(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """The status follows the report, without waiting for its interval."""
    subscriber = subscribe(mosquitto.port)
    outbox.report(report(at=1))
    run(configure(mosquitto.port))
    wait_until(lambda: subscriber.statuses[-1:] != [], "the birth")
    outbox.report(report(at=2, last_error="the camera was unplugged"))
    wait_until(lambda: "unplugged" in str(subscriber.statuses[-1]["sense"]["last_error"]), "the news")


def test_a_full_outbox_declares_on_the_wire_what_is_missing(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """I1 with an overflow: every sequence arrives or is declared, with an exact count."""
    outbox.close()
    small = Outbox.open(configure(mosquitto.port).outbox.folder, "shop", max_messages=100)
    for _ in range(250):
        small.append(window)
    last = small.counts().last_sequence
    small.close()
    subscriber = subscribe(mosquitto.port)
    assert run(configure(mosquitto.port), drain=True).wait() == 0
    wait_until(lambda: subscriber.has_all(last), "all, or its declaration")
    (gap,) = [each.told for each in subscriber.messages if each.topic.endswith("/gap")]
    assert gap["dropped"] == last - len(subscriber.sequences)


def test_what_was_acknowledged_lately_is_sent_again_on_a_new_connection(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """A broker that forgot what it had acknowledged gets it again; duplicates are byte-identical."""
    for _ in range(5):
        outbox.append(window)
    assert run(configure(mosquitto.port), drain=True).wait() == 0
    mosquitto.kill()
    mosquitto.start()
    subscriber = subscribe(mosquitto.port)
    assert run(configure(mosquitto.port), drain=True).wait() == 0
    wait_until(lambda: subscriber.has_all(5), "all five again")
    assert subscriber.breaches(5) == []


def test_what_nobody_could_hear_is_sent_again_when_somebody_listens(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """A broker that was killed forgets its subscribers too; they may be back later than we are."""
    for _ in range(5):
        outbox.append(window)
    run(configure(mosquitto.port, status_interval_s=5))
    wait_until(lambda: outbox.counts().settled == 5, "the acknowledgements")
    subscriber = subscribe(mosquitto.port)
    wait_until(lambda: subscriber.has_all(5), "all five, of which it knows nothing")
    assert subscriber.breaches(5) == []
