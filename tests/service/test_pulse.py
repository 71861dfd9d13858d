"""The speed that the status tells."""

import pytest

from edged.service.pulse import PERIOD_S, Pulse


@pytest.mark.parametrize(("face_ms", "told"), [(0.2, 1), (7.0, 10), (10.0, 10), (31.0, 50), (51.0, 100), (140.0, 200)])
def test_is_told_in_steps(face_ms: float, told: int) -> None:
    """Coarse enough that the noise of a machine doesn't show."""
    pulse = Pulse()
    pulse.beat(face_ms / 1000, now=0)
    assert pulse.face_ms == told


def test_changes_once_a_period_and_counts_the_shortest() -> None:
    """What else the processor had to do, such as to look at many faces, doesn't count."""
    pulse = Pulse()
    pulse.beat(0.009, now=1)
    for second, face_s in ((2, 0.2), (10, 0.04), (50, 0.3)):
        pulse.beat(face_s, now=second)
        assert pulse.face_ms == 10
    pulse.beat(0.3, now=PERIOD_S)
    assert pulse.face_ms == 50
