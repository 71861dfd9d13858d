"""What failures in a row mean, and when they are forgotten."""

import random

import pytest

from edged.publish.reasons import Fault, Kind
from edged.publish.setbacks import BRIEF_IN_A_ROW, BRIEF_S, FORGET_AFTER_S, HEALTHY_AFTER_S, Setbacks
from edged.publish.state import LONGEST_DELAY_S, delay_s

HUNG_UP = Fault("the broker hung up", Kind.HUNG_UP)
AWAY = Fault("the broker can't be reached")
RIVAL = Fault("another client with the same client id has connected", Kind.RIVAL)
SUSPICION = "another client probably uses the client id 'edged-shop'"


@pytest.fixture
def setbacks() -> Setbacks:
    return Setbacks("edged-shop")


def lose(setbacks: Setbacks, life_s: float, fault: Fault = HUNG_UP) -> str:
    """A connection that lives so long and is lost; give what is said of it."""
    setbacks.accepted(0)
    return setbacks.failed(fault, life_s).text


def test_three_brief_connections_in_a_row_raise_the_suspicion(setbacks: Setbacks) -> None:
    """Not the first, not the second."""
    told = [SUSPICION in lose(setbacks, 1) for _ in range(BRIEF_IN_A_ROW + 1)]
    assert told == [False, False, True, True]


@pytest.mark.parametrize(
    ("life_s", "fault"), [(BRIEF_S + 1, HUNG_UP), (1, Fault("it is shutting down")), (1, Fault("it is no MQTT"))]
)
def test_a_longer_life_or_a_named_reason_begins_the_row_anew(setbacks: Setbacks, life_s: float, fault: Fault) -> None:
    """A bad line or a broker that says why is not put down to a rival."""
    lose(setbacks, 1)
    lose(setbacks, 1)
    lose(setbacks, life_s, fault)
    assert SUSPICION not in lose(setbacks, 1)


def test_a_broker_that_restarts_again_and_again_is_no_rival(setbacks: Setbacks) -> None:
    """While a rival is connected, the broker can be reached."""
    for _ in range(10):
        assert SUSPICION not in lose(setbacks, 1)
        setbacks.failed(AWAY, 2)


def test_the_suspicion_stays_while_the_delays_grow_and_ends_with_a_healthy_connection(setbacks: Setbacks) -> None:
    """A rival's connection lasts as long as our own delay; that is no recovery."""
    for _ in range(BRIEF_IN_A_ROW):
        lose(setbacks, 1)
    assert SUSPICION in lose(setbacks, LONGEST_DELAY_S)
    assert SUSPICION not in lose(setbacks, HEALTHY_AFTER_S)


def test_two_rivals_grow_slower_and_both_say_why() -> None:
    """An hour of two devices with one client id: no ping-pong, whatever the dice say."""
    chance = random.Random(3)
    devices = [Setbacks("edged-shop"), Setbacks("edged-shop")]
    now, kicks, told = 0.0, 0, [0, 0]
    devices[0].accepted(now)
    while now < 3600:
        loser = kicks % 2
        devices[1 - loser].accepted(now)
        told[loser] += SUSPICION in devices[loser].failed(HUNG_UP, now).text
        now += delay_s(devices[loser].failures, chance.random())
        kicks += 1
    assert min(told) > 0
    assert sum(told) >= kicks - 2 * BRIEF_IN_A_ROW
    assert kicks < 3600 / (LONGEST_DELAY_S / 2) * 1.3 + 20


def test_failures_count_until_a_connection_was_healthy(setbacks: Setbacks) -> None:
    """Attempts that never came about are forgotten at once, lost connections are not."""
    setbacks.failed(AWAY, 0)
    setbacks.failed(AWAY, 0)
    assert setbacks.failures == 2
    lose(setbacks, 1)
    assert setbacks.failures == 1
    lose(setbacks, HEALTHY_AFTER_S - 1)
    assert setbacks.failures == 2
    lose(setbacks, HEALTHY_AFTER_S)
    assert setbacks.failures == 1


def test_an_error_is_forgotten_when_a_message_was_acknowledged_after_it(setbacks: Setbacks) -> None:
    """And the connection is no brief one."""
    setbacks.acknowledged()
    setbacks.note("away", now=0)
    setbacks.accepted(0)
    setbacks.tend(BRIEF_S, sound=True)
    assert setbacks.error == "away"
    setbacks.acknowledged()
    setbacks.tend(BRIEF_S - 1, sound=True)
    assert setbacks.error == "away"
    setbacks.tend(BRIEF_S, sound=True)
    assert setbacks.error is None


def test_an_error_is_forgotten_after_a_minute_without_a_message(setbacks: Setbacks) -> None:
    """A quiet shop has nothing to acknowledge; the birth still tells of the error."""
    setbacks.note("away", now=0)
    setbacks.accepted(1000)
    setbacks.tend(1000, sound=True)
    assert setbacks.error == "away"
    setbacks.tend(1000 + FORGET_AFTER_S, sound=True)
    assert setbacks.error is None


def test_an_error_that_goes_on_is_not_forgotten(setbacks: Setbacks) -> None:
    """A message that is refused, a full disk: as long as it lasts."""
    setbacks.accepted(0)
    setbacks.note("refused", now=0)
    setbacks.acknowledged()
    setbacks.tend(10 * FORGET_AFTER_S, sound=False)
    assert setbacks.error == "refused"


@pytest.mark.parametrize("fault", [HUNG_UP, RIVAL])
def test_a_rival_is_not_forgotten_before_the_connection_is_healthy(setbacks: Setbacks, fault: Fault) -> None:
    """It will be back when its delay is over, and in between messages are acknowledged."""
    for _ in range(BRIEF_IN_A_ROW):
        setbacks.note(lose(setbacks, 1, fault), now=0)
    setbacks.accepted(0)
    setbacks.acknowledged()
    setbacks.tend(HEALTHY_AFTER_S - 1, sound=True, leaving=True)
    assert "another client" in str(setbacks.error)
    setbacks.tend(HEALTHY_AFTER_S, sound=True)
    assert setbacks.error is None
