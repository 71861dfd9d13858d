"""Faults are told in words."""

import errno
import socket
import ssl

import pytest

from edged.publish import reasons
from edged.publish.reasons import Fault, Kind, Verdict


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x86, "bad user name or password"),
        (0x87, "not authorised"),
        (0x88, "unavailable"),
        (0x8D, "heard nothing from us for too long"),
        (0x93, "more at a time than it allows"),
        (0x95, "larger than it allows"),
        (0x97, "quota for us is used up"),
        (0x9A, "doesn't support retained messages"),
        (0xC7, "0xC7"),
    ],
)
def test_a_refusal_names_the_broker_and_the_reason(code: int, words: str) -> None:
    """One sentence a technician can act on."""
    assert reasons.refused("mq:1883", code).text.startswith("the broker at mq:1883 refuses the connection: ")
    assert words in reasons.refused("mq:1883", code).text


def alert(reason: str) -> ssl.SSLError:
    """What OpenSSL raises when the other side ends the handshake."""
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "name is unknown"),
        (ConnectionRefusedError(), "nothing listens"),
        (TimeoutError(), "no answer"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no route"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (ConnectionResetError(), "closed the connection"),
        (ssl.SSLError(1, "wrong version number"), "does this port speak TLS"),
        (alert("SSLV3_ALERT_CERTIFICATE_EXPIRED"), "this device's certificate has expired"),
        (alert("TLSV1_ALERT_PROTOCOL_VERSION"), "it speaks no TLS from 1.2 on"),
        (ValueError("secret"), "ValueError"),
    ],
)
def test_an_unreachable_broker_is_told_by_cause(error: Exception, words: str) -> None:
    """Name, network, port and TLS are different errands."""
    text = reasons.unreachable("mq:8883", error).text
    assert words in text
    assert "secret" not in text


def test_an_unknown_protocol_version_asks_for_the_older_one() -> None:
    """MQTT 3.1.1 is tried when 5 is refused."""
    assert reasons.refused("mq", 0x84).kind is Kind.OLD_BROKER


def test_a_taken_client_id_asks_for_patience() -> None:
    """Two devices of one id don't throw each other out for ever."""
    fault = reasons.thrown_out("mq", 0x8E)
    assert fault.kind is Kind.RIVAL
    assert "another client with the same client id" in fault.text


def test_a_suspected_rival_is_told_with_the_client_id() -> None:
    """Whoever reads it knows what to look for on the other device."""
    fault = reasons.rival_suspected(Fault("the broker at mq hung up", Kind.HUNG_UP), "edged-shop")
    assert "another client probably uses the client id 'edged-shop'" in fault.text
    assert "device.id" in fault.text


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (0x00, Verdict.TAKEN),
        (0x10, Verdict.TAKEN),
        (0x87, Verdict.NOT_NOW),
        (0x97, Verdict.NOT_NOW),
        (0x95, Verdict.NEVER),
        (0x99, Verdict.NEVER),
    ],
)
def test_only_what_is_wrong_with_the_message_itself_gives_it_up(code: int, verdict: Verdict) -> None:
    """A refusal that a person can mend loses nothing."""
    assert reasons.verdict(code) is verdict
