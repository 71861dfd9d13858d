"""Draws that nobody foresees, and that a recording repeats."""

from collections import Counter
from dataclasses import replace

import pytest

from edged.service.lots import Lots
from edged.visits.visit import Visit

VISIT = Visit(12.04, 19.36, 3.2, (0.25, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
LEAST = 1.0000000000000002
"""A float's last bit above 1."""


def drawn(lots: Lots, *visits: Visit, count: int = 20) -> list[int]:
    for visit in visits:
        lots.note(visit)
    return [lots.below(10) for _ in range(count)]


def test_recording_draws_the_same_each_time() -> None:
    """Only so do its messages come out the same, byte by byte."""
    assert drawn(Lots(recording=True), VISIT, VISIT) == drawn(Lots(recording=True), VISIT, VISIT)


@pytest.mark.parametrize(
    "other",
    [
        replace(VISIT, start=12.04 * LEAST),
        replace(VISIT, end=19.36 * LEAST),
        replace(VISIT, attention=3.2 * LEAST),
        replace(VISIT, scores=(0.25, 0.75 * LEAST, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
        replace(VISIT, scores=None),
    ],
)
def test_draws_of_a_recording_hang_on_every_bit_of_its_visits(other: Visit) -> None:
    """Who knows the visits by eye only, and this code, doesn't know where the edges lie."""
    assert drawn(Lots(recording=True), VISIT) != drawn(Lots(recording=True), other)
    assert drawn(Lots(recording=True), VISIT) != drawn(Lots(recording=True), VISIT, VISIT)


def test_every_number_is_as_likely() -> None:
    """Rounding is right on the average only when every edge comes up as often (here: within 4 standard deviations)."""
    lots = Lots(recording=True)
    counts = Counter(drawn(lots, VISIT, count=10_000))
    assert sorted(counts) == list(range(10))
    assert all(abs(count - 1000) < 4 * 30 for count in counts.values())
    assert all(0 <= lots.share() < 1 for _ in range(100))


def test_device_draws_by_chance() -> None:
    """What a device showed repeats no draw."""
    assert drawn(Lots(recording=False), VISIT) != drawn(Lots(recording=False), VISIT)
