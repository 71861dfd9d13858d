"""Whatever happens to the broker or on the way to it: it is said in words, tried again, and nothing is lost."""

import logging
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from edged.errors import StoreError
from edged.outbox import Outbox, Row
from edged.publish import drain, publisher, setbacks
from tests.brokers import HOST, Amqtt, Mosquitto, Subscriber, free_port, wait_until
from tests.certificates import certificate
from tests.outbox.making import window
from tests.publish.conftest import Configure, Running
from tests.publish.gate import Gate, Impostor

Run = Callable[..., Running]
Subscribe = Callable[..., Subscriber]
SECRET = "hunter2-hunter2"

pytestmark = pytest.mark.usefixtures("soon")


def told(caplog: pytest.LogCaptureFixture, words: str) -> Callable[[], bool]:
    """Whether the log has said this."""
    return lambda: any(words in record.getMessage() for record in list(caplog.records))


def tried_again(caplog: pytest.LogCaptureFixture, words: str) -> Callable[[], bool]:
    """Whether the log has said this more than once, each time with the next attempt."""
    return lambda: (
        sum(words in r.getMessage() and "trying again in" in r.getMessage() for r in list(caplog.records)) > 1
    )


@pytest.fixture
def gate(mosquitto: Mosquitto) -> Iterator[Gate]:
    between = Gate(mosquitto.port)
    yield between
    between.close()


@pytest.mark.parametrize(
    ("host", "words"),
    [(HOST, "nothing listens on that port"), ("no-such-host.invalid", "its name is unknown")],
)
def test_unreachable_is_said_and_tried_again(
    outbox: Outbox, configure: Configure, run: Run, caplog: pytest.LogCaptureFixture, host: str, words: str
) -> None:
    """A broker that isn't there is no reason to end."""
    port = free_port()
    outbox.append(window)
    running = run(configure(port, host=host))
    wait_until(tried_again(caplog, f"the broker at {host}:{port} can't be reached: {words}"), words)
    assert running.end() == 0
    assert outbox.counts().waiting == 1


def test_a_broker_that_comes_late_gets_everything(
    tmp_path: Path, require_tool: Callable[[str], str], outbox: Outbox, configure: Configure, run: Run,
    subscribe: Subscribe, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Retrying ends in delivery."""
    late = Mosquitto(tmp_path, program=require_tool("mosquitto"))
    for _ in range(30):
        outbox.append(window)
    run(configure(late.port))
    wait_until(told(caplog, "can't be reached"), "the first failure")
    late.start()
    subscriber = subscribe(late.port)
    wait_until(lambda: subscriber.has_all(30), "30 messages")
    late.kill()


def test_a_wrong_password_is_said_without_the_password_and_mended_without_a_restart(
    mosquitto: Mosquitto, require_tool: Callable[[str], str], tmp_path: Path, outbox: Outbox, configure: Configure,
    run: Run, subscribe: Subscribe, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Log and status tell it, nothing is lost, a corrected password file is taken up."""
    caplog.set_level(logging.DEBUG)
    users = tmp_path / "users"
    subprocess.run([require_tool("mosquitto_passwd"), "-b", "-c", users, "shop", SECRET], check=True)
    mosquitto.start_anew(["allow_anonymous false", f"password_file {users}"])
    password = tmp_path / "password"
    password.write_text(f"{SECRET}-wrong\n")
    outbox.append(window)
    subscriber = subscribe(mosquitto.port, username="shop", password=SECRET)
    run(configure(mosquitto.port, username="shop", password_file=password))
    wait_until(tried_again(caplog, "user name or password is wrong"), "the refusal")
    password.write_text(f"{SECRET}\n")
    wait_until(lambda: subscriber.has_all(1), "the message")
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth")
    assert "user name or password is wrong" in subscriber.statuses[0]["last_error"]
    assert SECRET not in caplog.text + str(subscriber.statuses)


def test_a_missing_password_file_is_said_and_tried_again(
    mosquitto: Mosquitto,
    outbox: Outbox,
    configure: Configure,
    run: Run,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The file may come later."""
    run(configure(mosquitto.port, username="shop", password_file=tmp_path / "absent"))
    wait_until(tried_again(caplog, f"{tmp_path / 'absent'} can't be read"), "the missing file")


def test_an_access_list_that_refuses_loses_nothing(
    mosquitto: Mosquitto, tmp_path: Path, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """Refused rows wait for the access list to be mended; the status says what is wrong."""
    access = tmp_path / "access"
    rules = "topic read #\ntopic write edged/shop/status\n"
    access.write_text(rules)
    mosquitto.start_anew(["allow_anonymous true", f"acl_file {access}"])
    for _ in range(5):
        outbox.append(window)
    subscriber = subscribe(mosquitto.port)
    config = configure(mosquitto.port)
    running = run(config)
    wait_until(lambda: "not authorised" in str(subscriber.statuses[-1:]), "the status that says so")
    assert outbox.counts().waiting == 5
    running.end()
    access.write_text(f"{rules}topic write edged/#\n")
    mosquitto.reload()
    run(config)
    wait_until(lambda: subscriber.has_all(5), "all five")


def test_an_access_list_that_refuses_one_camera_does_not_block_the_others(
    mosquitto: Mosquitto, tmp_path: Path, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """However many of its windows wait in front."""
    access = tmp_path / "access"
    access.write_text("topic read #\ntopic write edged/shop/status\ntopic write edged/shop/door/window\n")
    mosquitto.start_anew(["allow_anonymous true", f"acl_file {access}"])
    for _ in range(50):
        outbox.append(partial(window, camera="till"))
    for _ in range(50):
        outbox.append(window)
    subscriber = subscribe(mosquitto.port)
    run(configure(mosquitto.port))
    wait_until(lambda: subscriber.sequences == list(range(51, 101)), "the windows of the door")
    wait_until(lambda: outbox.counts().waiting == 50, "those of the till go on waiting")


def test_a_message_too_large_for_the_broker_does_not_block_the_rest(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """A poisoned row is given up and declared; the others arrive."""
    mosquitto.start_anew(["allow_anonymous true", "max_packet_size 4000"])
    outbox.append(window)
    outbox.append(lambda stamp: window(stamp, runtime="x" * 20_000))
    outbox.append(window)
    subscriber = subscribe(mosquitto.port)
    assert run(configure(mosquitto.port), drain=True).wait() == 0
    wait_until(lambda: subscriber.has_all(4), "the others and the declaration")
    assert subscriber.sequences == [1, 3, 4]
    (gap,) = [each.told for each in subscriber.messages if each.topic.endswith("/gap")]
    assert (gap["reason"], gap["first_sequence"], gap["dropped"]) == ("unsendable", 2, 1)


def test_a_broker_killed_again_and_again_gets_everything(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe
) -> None:
    """I1 to I3 at a subscriber that only reconnects, although this broker forgets what it has acknowledged."""
    subscriber = subscribe(mosquitto.port)
    mosquitto.stop()  # it writes the subscriber's session down; nothing that comes later
    mosquitto.start()
    run(configure(mosquitto.port))
    for _ in range(3):
        for _ in range(20):
            last = outbox.append(window).sequence
        wait_until(lambda: outbox.counts().waiting < 20, "some acknowledgements")
        mosquitto.kill()
        for _ in range(20):
            last = outbox.append(window).sequence
        mosquitto.start()
        wait_until(partial(subscriber.has_all, last), "all so far")
    assert subscriber.breaches(last) == []


def test_a_connection_that_answers_nothing_is_given_up(
    gate: Gate, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe, mosquitto: Mosquitto,
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Silence is a fault: PUBACK has a deadline of our own."""
    monkeypatch.setattr(publisher, "PUBACK_DEADLINE_S", 0.5)
    subscriber = subscribe(mosquitto.port)
    run(configure(gate.port))
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth")
    gate.shut()
    outbox.append(window)
    wait_until(told(caplog, "acknowledges nothing any more"), "the deadline")
    gate.open()
    wait_until(lambda: outbox.counts().waiting == 0, "the acknowledgement")
    assert subscriber.has_all(1)
    assert subscriber.breaches(1) == []


def test_a_broker_without_mqtt5_is_spoken_to_in_the_older_version(
    amqtt: Amqtt, outbox: Outbox, configure: Configure, run: Run, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Old brokers are served, and the log says how."""
    monkeypatch.setattr(publisher, "MQTT5_DEADLINE_S", 0.3)
    caplog.set_level(logging.INFO)
    run(configure(amqtt.port))
    wait_until(told(caplog, "connected to the broker with MQTT 3.1.1"), "the connection")


def test_an_outbox_that_cannot_be_written_stops_nothing_and_shows_in_the_status(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """With a full disk messages go on, each once; what was acknowledged is settled when the disk has room again."""
    full = threading.Event()
    full.set()
    settle = Outbox.settle

    def try_to_settle(self: Outbox, rows: Iterable[Row], unheard: Iterable[Row]) -> None:
        if full.is_set():
            raise StoreError("the outbox can't be used just now (database or disk is full)")
        settle(self, rows, unheard)

    monkeypatch.setattr(Outbox, "settle", try_to_settle)
    monkeypatch.setattr(drain, "STORE_RETRY_S", 0.05)
    for _ in range(50):
        outbox.append(window)
    subscriber = subscribe(mosquitto.port)
    run(configure(mosquitto.port))
    wait_until(lambda: subscriber.has_all(50), "all messages")
    wait_until(lambda: subscriber.statuses[-1]["outbox"]["store"] == "degraded", "the status")
    assert "disk is full" in subscriber.statuses[-1]["last_error"]
    assert outbox.counts().waiting == 50
    full.clear()
    wait_until(lambda: outbox.counts().waiting == 0, "all settled")
    wait_until(lambda: subscriber.statuses[-1]["outbox"]["store"] == "ok", "the status")
    assert len(subscriber.messages) == 50


def test_failed_attempts_leave_nothing_behind(
    outbox: Outbox, configure: Configure, run: Run, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I4: descriptors and threads stay the same through a hundred failures."""
    monkeypatch.setattr(publisher, "delay_s", lambda failures, share: 0.001)
    run(configure(free_port()))

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def attempts() -> int:
        return sum("trying again in" in record.getMessage() for record in list(caplog.records))

    wait_until(lambda: attempts() >= 3, "three attempts")
    before, threads = descriptors(), threading.active_count()
    wait_until(lambda: attempts() >= 100, "a hundred attempts")
    assert descriptors() <= before + 6
    assert threading.active_count() <= threads + 1


def test_tls_checks_the_certificate_and_never_falls_back_to_the_clear(
    mosquitto: Mosquitto, require_tool: Callable[[str], str], tmp_path: Path, outbox: Outbox, configure: Configure,
    run: Run, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Untrusted and wrongly named certificates are refused by name; a CA file replaced on disk is taken up."""
    openssl = require_tool("openssl")
    keys = {name: certificate(tmp_path, openssl, name) for name in ("localhost", "elsewhere")}
    trusted = tmp_path / "trusted.pem"

    def serve(name: str) -> None:
        mosquitto.kill()
        key, pem = keys[name]
        mosquitto.lines = ["allow_anonymous true", f"keyfile {key}", f"certfile {pem}"]
        mosquitto.start()

    outbox.append(window)
    serve("localhost")
    trusted.write_bytes(keys["elsewhere"][1].read_bytes())
    run(configure(mosquitto.port, host="localhost", tls=True, ca_file=trusted))
    wait_until(tried_again(caplog, "its TLS certificate is self-signed and not trusted"), "the untrusted one")
    serve("elsewhere")
    wait_until(tried_again(caplog, "its TLS certificate is for another name"), "the wrong name")
    assert outbox.counts().waiting == 1
    trusted.write_bytes(keys["localhost"][1].read_bytes())
    serve("localhost")
    wait_until(lambda: outbox.counts().waiting == 0, "delivery over TLS")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x20\x03\x00\x00\x00\xe0\x02\x8e\x00", "another client with the same client id has connected"),
        (b"\x20\x03\x00\x88\x00", "it is unavailable just now"),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n" * 5, "sent what is no MQTT"),
        (b"\x20\x03\x00\x00\x7f\x01\x02", "sent what is no MQTT"),
        (b"\x20\x03\x00\x00\x00" * 2, "sent what is no MQTT"),
        (b"", "does not answer"),
        (b"\xff" * 4096, "sent what is no MQTT"),
    ],
)
def test_whatever_a_broker_answers_is_said_in_words(
    outbox: Outbox, configure: Configure, run: Run, caplog: pytest.LogCaptureFixture, answer: bytes, words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A broker that misbehaves ends nothing but its connection."""
    monkeypatch.setattr(publisher, "CONNECT_DEADLINE_S", 0.5)
    impostor = Impostor(answer)
    outbox.append(window)
    running = run(configure(impostor.port))
    wait_until(told(caplog, words), words)
    assert running.end() == 0
    impostor.close()
    assert outbox.counts().waiting == 1


def test_another_client_of_the_same_id_is_made_way_for(
    outbox: Outbox, configure: Configure, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """A broker that names the take-over: the next attempt has another client id already."""
    impostor = Impostor(b"\x20\x03\x00\x00\x00\xe0\x02\x8e\x00")
    run(configure(impostor.port))
    wait_until(told(caplog, "another client with the same client id"), "the take-over")
    wait_until(told(caplog, "this one goes on as 'edged-shop-"), "another id")
    impostor.close()


def test_an_error_leaves_the_status_when_it_is_over(
    mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe,
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The birth tells why the broker was not reached; an acknowledged message proves that this is over."""
    monkeypatch.setattr(setbacks, "BRIEF_S", 0.2)
    subscriber = subscribe(mosquitto.port)
    mosquitto.stop()
    run(configure(mosquitto.port))
    outbox.append(window)
    wait_until(told(caplog, "can't be reached"), "the first failure")
    mosquitto.start()
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth")
    assert "can't be reached" in subscriber.statuses[0]["last_error"]
    wait_until(lambda: subscriber.statuses[-1]["last_error"] is None, "the error is gone")
    assert subscriber.statuses[-1]["state"] == "online"


def test_a_drain_that_ends_well_leaves_no_error_in_the_retained_status(
    tmp_path: Path, require_tool: Callable[[str], str], outbox: Outbox, configure: Configure, run: Run,
    subscribe: Subscribe, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Even when it ends before the connection has grown old."""
    late = Mosquitto(tmp_path, program=require_tool("mosquitto"))
    outbox.append(window)
    running = run(configure(late.port), drain=True)
    wait_until(told(caplog, "can't be reached"), "the first failure")
    late.start()
    assert running.wait() == 0
    subscriber = subscribe(late.port)
    wait_until(lambda: len(subscriber.statuses) > 0, "the farewell")
    late.kill()
    (farewell,) = subscriber.statuses
    assert (farewell["state"], farewell["last_error"]) == ("offline", None)


def test_killed_between_publish_and_puback_is_made_good_after_a_restart(
    gate: Gate, mosquitto: Mosquitto, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe,
    launch: Callable[..., subprocess.Popen[bytes]],
) -> None:  # fmt: skip
    """At least once: what was sent and not acknowledged is sent again, byte for byte, by the next process."""
    subscriber = subscribe(mosquitto.port)
    process = launch(configure(gate.port))
    wait_until(lambda: len(subscriber.statuses) > 0, "the birth")
    gate.shut()
    for _ in range(40):
        outbox.append(window)
    wait_until(lambda: subscriber.has_all(20), "a window of messages at the subscriber")
    assert outbox.counts().waiting == 40
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: subscriber.statuses[-1]["state"] == "offline", "the will")
    assert subscriber.statuses[-1]["at"] is None
    gate.open()
    assert run(configure(gate.port), drain=True).wait() == 0
    wait_until(lambda: subscriber.has_all(40), "all forty")
    assert len(subscriber.messages) > 40
    assert subscriber.breaches(40) == []
