"""The budget: what counts as time passed."""

from hypothesis import given
from hypothesis import strategies as st

from edged.anonymise.budget import certain_s


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e9))
def test_no_more_time_is_certain_than_has_passed(up_before: float, off: float, up_after: float) -> None:
    """After a reboot, however long the power was off, no more passes than truly did."""
    runs_on = certain_s(up_before, up_before + up_after)
    booted = certain_s(up_before, up_after)
    assert runs_on <= up_after + 1e-6
    assert 0 <= booted <= off + up_after


def test_first_look_proves_nothing() -> None:
    """A file that is new begins its time at nought, however long the device has been up."""
    assert certain_s(None, 1e6) == 0


def test_time_since_boot_counts_after_a_reboot() -> None:
    """The new boot's own uptime has certainly passed."""
    assert certain_s(5000.0, 60.0) == 60.0
