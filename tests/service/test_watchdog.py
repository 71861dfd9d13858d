"""When a loop counts as stuck, decided without a process."""

import pytest

from edged.service.watchdog import LOOKS, Stage, Suspicion

LIMIT_S = 20.0


@pytest.mark.parametrize("between_s", [LIMIT_S / LOOKS, 2 * LIMIT_S / LOOKS])
def test_loop_that_stands_still_is_stuck_after_the_limit(between_s: float) -> None:
    """Not later, when a busy machine lets the witness look half as often: the supervisor's limit is next."""
    suspicion, now = Suspicion((Stage.LOOK, 7), 0.0), 0.0
    while not suspicion.grown((Stage.LOOK, 7), now, LIMIT_S):
        now += between_s
    assert now == LIMIT_S


def test_process_that_was_halted_is_not_stuck() -> None:
    """It stood still for an hour, with its witness, and has had no time to go on."""
    suspicion = Suspicion((Stage.LOOK, 7), 0.0)
    assert not suspicion.grown((Stage.LOOK, 7), 3600.0, LIMIT_S)


def test_loop_that_goes_on_is_never_stuck() -> None:
    """It is in the same stage at every look, each time anew."""
    suspicion = Suspicion((Stage.LOOK, 0), 0.0)
    assert not any(suspicion.grown((Stage.LOOK, turn), 2.0 * turn, LIMIT_S) for turn in range(1, 100))
