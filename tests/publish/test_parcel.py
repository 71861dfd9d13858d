"""How long a message is of use, counted from its measurement."""

import pytest

from edged.messages.common import Stamp, utc
from edged.messages.gap import GapMessage
from edged.messages.window import ClockState, Span
from edged.outbox import Row
from edged.publish.parcel import DAY_S, LEAST_EXPIRY_S, parcel_of
from tests.outbox.making import window

NOW = 1_795_348_800.0


def row(ended: float, clock: ClockState = "synchronised") -> Row:
    span = Span(start=utc(ended - 900), end=utc(ended), duration_s=900, clock=clock, partial=False)
    told = window(Stamp("shop", "0a1b2c3d", 7)).model_copy(update={"window": span})
    return Row("0a1b2c3d", 7, "edged/shop/door/window", told.model_dump_json().encode())


@pytest.mark.parametrize(
    ("age_s", "expiry_s"),
    [(0, 90 * DAY_S), (30 * DAY_S, 60 * DAY_S), (90 * DAY_S, LEAST_EXPIRY_S), (-5, 90 * DAY_S)],
)
def test_expiry_counts_from_the_end_of_the_window(age_s: float, expiry_s: int) -> None:
    """Thirty days in the outbox are thirty days less at the broker; what is overdue is still handed on."""
    assert parcel_of(row(NOW - age_s), NOW, 90).expiry_s == expiry_s


@pytest.mark.parametrize("clock", ["unsynchronised", "stepped", "recording"])
def test_a_time_that_cannot_be_trusted_takes_nothing_away(clock: ClockState) -> None:
    """A device that thinks it is 1970 doesn't throw its messages away."""
    assert parcel_of(row(0, clock), NOW, 90).expiry_s == 90 * DAY_S


def test_a_declared_gap_does_not_expire() -> None:
    """It says what is missing, however late."""
    gap = GapMessage(
        device="shop", epoch="e", sequence=2, dropped=1, first_sequence=1, last_sequence=1, reason="outbox_full"
    )
    parcel = parcel_of(Row("e", 2, "edged/shop/gap", gap.model_dump_json().encode()), NOW, 90)
    assert (parcel.schema, parcel.expiry_s) == ("edged.gap/1", None)
