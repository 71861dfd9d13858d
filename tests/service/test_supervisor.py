"""The supervisor's decisions, without processes; tests/end_to_end has the real ones."""

import pytest

from edged.errors import ExitCode
from edged.service.supervisor import Verdict, delay_after, judge


@pytest.mark.parametrize("code", [ExitCode.CONFIG, ExitCode.DATA, ExitCode.NO_INPUT, ExitCode.CANNOT_CREATE])
def test_fault_for_a_person_is_not_tried_again(code: int) -> None:
    """A damaged model stays damaged: trying again alone helps nobody."""
    assert judge(code) is Verdict.GIVE_UP


@pytest.mark.parametrize("code", [1, -9, -11, ExitCode.SOFTWARE, ExitCode.TRY_LATER])
def test_crash_is_tried_again(code: int) -> None:
    """A kill, a crash and a passing fault start the process again."""
    assert judge(code) is Verdict.AGAIN


def test_delay_doubles_and_stays_bounded() -> None:
    """A hundred crashes in a row are still followed by another try, within half a minute."""
    delays = [delay_after(deaths) for deaths in range(1, 101)]
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert delays == sorted(delays)
    assert delays[-1] == 30.0
