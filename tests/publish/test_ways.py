"""The ways to a broker: certificates of both sides, files that are replaced, websockets."""

import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from edged.config.model import Broker
from edged.outbox import Outbox
from edged.publish import credentials
from edged.publish.credentials import UnreadableError, Watch, tls_context
from edged.publish.link import Link
from tests.authority import Authority
from tests.brokers import DEADLINE_S, HOST, Mosquitto, Subscriber, free_port, wait_until
from tests.outbox.making import window
from tests.publish.conftest import Configure, Running
from tests.publish.gate import Impostor

Run = Callable[..., Running]
Subscribe = Callable[..., Subscriber]

pytestmark = pytest.mark.usefixtures("soon")


@pytest.fixture
def authority(tmp_path: Path, require_tool: Callable[[str], str]) -> Authority:
    return Authority.founded(tmp_path, require_tool("openssl"), "authority")


@pytest.fixture
def strict(mosquitto: Mosquitto, authority: Authority) -> Mosquitto:
    """A broker that wants to see a certificate, and takes its name for the user's."""
    key, pem = authority.issue("localhost", "server")
    mosquitto.start_anew(
        [
            *(f"keyfile {key}", f"certfile {pem}", f"cafile {authority.pem}"),
            *("require_certificate true", "use_identity_as_username true", "log_type all"),
        ]
    )
    return mosquitto


def told(caplog: pytest.LogCaptureFixture, words: str) -> Callable[[], bool]:
    """Whether the log has said this."""
    return lambda: any(words in record.getMessage() for record in list(caplog.records))


def arrived(broker: Mosquitto, user: str) -> int:
    """How many times the broker has let this user in."""
    return (broker.folder / "broker.log").read_text().count(f"u'{user}'")


def test_a_broker_that_asks_for_a_certificate_gets_it(
    strict: Mosquitto, authority: Authority, outbox: Outbox, configure: Configure, run: Run
) -> None:
    """The device is known by its certificate, without a password."""
    key, pem = authority.issue("shop", "device")
    outbox.append(window)
    config = configure(
        strict.port, host="localhost", tls=True, ca_file=authority.pem, certificate_file=pem, key_file=key
    )
    assert run(config, drain=True).wait() == 0
    assert arrived(strict, "shop") == 1


def test_a_missing_certificate_is_said_in_words(
    strict: Mosquitto, authority: Authority, outbox: Outbox, configure: Configure, run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """TLS 1.3 refuses it only after the handshake; the words are the right ones all the same."""
    run(configure(strict.port, host="localhost", tls=True, ca_file=authority.pem))
    wait_until(told(caplog, "it asks for a certificate of this device"), "the words")


def test_a_certificate_of_a_stranger_is_said_in_words(
    strict: Mosquitto, authority: Authority, outbox: Outbox, configure: Configure, run: Run, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Its authority is not the broker's."""
    (tmp_path / "elsewhere").mkdir()
    key, pem = Authority.founded(tmp_path / "elsewhere", authority.openssl, "stranger").issue("shop", "device")
    run(configure(strict.port, host="localhost", tls=True, ca_file=authority.pem, certificate_file=pem, key_file=key))
    wait_until(told(caplog, "it doesn't trust the authority of this device's certificate"), "the words")


def test_a_replaced_certificate_is_taken_up_and_a_broken_one_is_not(
    strict: Mosquitto, authority: Authority, outbox: Outbox, configure: Configure, run: Run,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Without a restart, and without losing a connection that works."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(credentials, "LOOK_EVERY_S", 0.1)
    key, pem = authority.issue("shop", "device")
    run(configure(strict.port, host="localhost", tls=True, ca_file=authority.pem, certificate_file=pem, key_file=key))
    wait_until(lambda: arrived(strict, "shop") == 1, "the connection")
    good = pem.read_bytes()
    pem.write_bytes(b"half a certif")
    wait_until(told(caplog, "the connection goes on with what was there before"), "the refusal of the broken one")
    outbox.append(window)
    wait_until(lambda: outbox.counts().waiting == 0, "delivery meanwhile")
    assert arrived(strict, "shop") == 1
    pem.write_bytes(good)
    authority.issue("renamed", "device")
    wait_until(lambda: arrived(strict, "renamed") == 1, "the connection with the new one")
    assert told(caplog, "have been replaced; connecting anew")()


@pytest.mark.parametrize("tls", [False, True])
def test_websockets_carry_it_too(
    mosquitto: Mosquitto, authority: Authority, outbox: Outbox, configure: Configure, run: Run, subscribe: Subscribe,
    tls: bool,
) -> None:  # fmt: skip
    """In the clear and encrypted."""
    port = free_port()
    key, pem = authority.issue("localhost", "server")
    mosquitto.start_anew(
        [
            "allow_anonymous true",
            *(f"listener {port}", "protocol websockets"),
            *((f"keyfile {key}", f"certfile {pem}") if tls else ()),
        ]
    )
    subscriber = subscribe(mosquitto.port)
    for _ in range(30):
        outbox.append(window)
    trusted = {"tls": True, "ca_file": authority.pem} if tls else {}
    assert run(configure(port, host="localhost", transport="websockets", **trusted), drain=True).wait() == 0
    wait_until(lambda: subscriber.has_all(30), "30 messages")


def test_what_is_no_websocket_is_said_in_words(
    outbox: Outbox, configure: Configure, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """A web server without one."""
    impostor = Impostor(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    run(configure(impostor.port, transport="websockets"))
    wait_until(told(caplog, "no websocket answers there"), "the words")
    impostor.close()


def test_the_brokers_name_goes_with_the_greeting(authority: Authority, configure: Configure) -> None:
    """Server Name Indication (RFC 6066): behind one address there may be many brokers; and TLS is 1.2 at least."""
    key, pem = authority.issue("localhost", "server")
    asked_for: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with socket.create_server((HOST, 0)) as listener:
        config = configure(listener.getsockname()[1], host="localhost", tls=True, ca_file=authority.pem)
        link = Link(config.broker, "edged-shop", None, mqtt5=True)
        connection, _ = listener.accept()
        connection.settimeout(DEADLINE_S)
        with context.wrap_socket(connection, server_side=True) as secured:
            version = secured.version()
            assert secured.recv(4096)
        link.abandon()
    assert asked_for == ["localhost"]
    assert version in {"TLSv1.2", "TLSv1.3"}
    assert tls_context(config.broker).minimum_version == ssl.TLSVersion.TLSv1_2


def broker(**keys: object) -> Broker:
    return Broker.model_validate({"tls": True, **keys})


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(authority: Authority, tmp_path: Path) -> None:
    """A service has no terminal."""
    key, pem = authority.issue("shop", "device")
    locked = tmp_path / "locked.key"
    authority._run("ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out", locked)
    with pytest.raises(UnreadableError, match=f"{pem} and its key {locked} can't be used: .* without a passphrase"):
        tls_context(broker(certificate_file=pem, key_file=locked))
    with pytest.raises(UnreadableError, match="No such file or directory"):
        tls_context(broker(certificate_file=pem, key_file=tmp_path / "absent.key"))


def test_a_file_counts_as_replaced_when_it_has_settled(tmp_path: Path) -> None:
    """One that is just being written is left alone; one that was there all along is no news."""
    file = tmp_path / "ca.pem"
    file.write_text("old")
    watch = Watch(broker(ca_file=file))
    assert not watch.changed(now=0)
    file.write_text("half")
    assert not watch.changed(now=10)
    file.write_text("a whole new one")
    assert not watch.changed(now=20)
    assert not watch.changed(now=21), "it looked again too soon"
    assert watch.changed(now=30)
    watch.remember()
    assert not watch.changed(now=40)
    file.unlink()
    assert not watch.changed(now=50)
    assert watch.changed(now=60)
