"""The connection's table, and the delay between attempts."""

import itertools
from collections import Counter

import pytest

from edged.errors import FaultError
from edged.publish.state import LEAST_DELAY_S, LONGEST_DELAY_S, TABLE, Event, State, after, begin_after_s, delay_s


def test_the_usual_life_of_a_connection() -> None:
    """Dial, be online, finish, say good-bye."""
    state = State.WAITING
    for event in (Event.DUE, Event.ACCEPTED, Event.STOP, Event.FLUSHED, Event.FLUSHED):
        state = after(state, event)
    assert state is State.STOPPED


@pytest.mark.parametrize("state", [State.DIALLING, State.ONLINE])
def test_failed_waits_for_another_attempt(state: State) -> None:
    """Retrying never ends by itself."""
    assert after(state, Event.FAILED) is State.WAITING


@pytest.mark.parametrize("state", [State.FINISHING, State.FAREWELL])
def test_failed_while_stopping_stops(state: State) -> None:
    """A broker that vanishes holds no one up who wants to go."""
    assert after(state, Event.FAILED) is State.STOPPED


def test_stopped_is_reached_from_everywhere_and_left_never() -> None:
    """Every state has a way to the end."""
    reached = {State.STOPPED}
    for _ in State:
        reached |= {state for (state, _), following in TABLE.items() if following in reached}
    assert reached == set(State)
    assert not [event for state, event in TABLE if state is State.STOPPED]


def test_what_the_table_does_not_name_is_a_fault() -> None:
    """No event is swallowed."""
    for state, event in set(itertools.product(State, Event)) - set(TABLE):
        with pytest.raises(FaultError, match=f"{event.name} while {state.name}"):
            after(state, event)


def test_the_delay_doubles_up_to_a_minute() -> None:
    """A broker that stays away is asked once a minute at the most."""
    assert [delay_s(failures, 1.0) for failures in (1, 2, 3, 7, 100)] == [4, 8, 16, LONGEST_DELAY_S, LONGEST_DELAY_S]


@pytest.mark.parametrize(("failures", "most"), [(1, 27), (2, 14), (10, 2)])
def test_a_thousand_devices_come_back_spread_over_the_delay(failures: int, most: int) -> None:
    """No stampede: each tenth of a second sees no more than its share of them, from the first attempt on."""
    delays = [delay_s(failures, device / 1000) for device in range(1000)]
    assert max(Counter(int(delay * 10) for delay in delays).values()) <= most
    assert min(delays) >= LEAST_DELAY_S


def test_a_device_that_has_just_booted_takes_its_time() -> None:
    """After a power cut everybody boots at once; a service that is merely restarted begins at once."""
    spread = [begin_after_s(60, device / 1000) for device in range(1000)]
    assert max(Counter(int(delay) for delay in spread).values()) <= 35
    assert begin_after_s(86_400, 0.5) == 0
