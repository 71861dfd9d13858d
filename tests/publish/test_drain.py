"""What the drain makes of an outbox that can't be used."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edged.errors import StoreError
from edged.outbox import Outbox
from edged.publish.drain import PROBE_AFTER_S, STORE_RETRY_S, Drain
from tests.outbox.making import report


class Fickle:
    """Lets the disk of an outbox take nothing, for as long as wanted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fails = False
        probe = Outbox.probe

        def try_to_probe(outbox: Outbox) -> None:
            if self.fails:
                raise StoreError("the outbox can't be used just now (disk I/O error)")
            probe(outbox)

        monkeypatch.setattr(Outbox, "probe", try_to_probe)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Fickle:
    return Fickle(monkeypatch)


@pytest.fixture
def sense(tmp_path: Path) -> Iterator[Outbox]:
    """The sensing process's end."""
    opened = Outbox.open(tmp_path, "shop")
    yield opened
    opened.close()


@pytest.fixture
def outbox(tmp_path: Path, sense: Outbox) -> Iterator[Outbox]:
    """The publishing process's end."""
    opened = Outbox.open(tmp_path, "shop")
    yield opened
    opened.close()


def test_a_disk_that_takes_nothing_is_noticed_when_nobody_writes(outbox: Outbox, disk: Fickle) -> None:
    """The status says `degraded` although there is nothing to settle, and says why; later it is well again."""
    notes: list[str] = []
    drain = Drain(outbox, 90, notes.append)
    now = 1000.0
    drain.tend(now)
    disk.fails = True
    now += PROBE_AFTER_S - 1
    drain.tend(now)
    assert not drain.degraded
    now += 2
    drain.tend(now)
    assert drain.degraded
    assert notes == ["the outbox can't be used just now (disk I/O error)"]
    disk.fails = False
    now += STORE_RETRY_S
    drain.tend(now)
    assert not drain.degraded


def test_a_device_in_good_order_is_never_probed(outbox: Outbox, sense: Outbox, disk: Fickle) -> None:
    """Reports of the sensing process are writes enough: a probe would only wear the card."""
    drain = Drain(outbox, 90, lambda _text: None)
    disk.fails = True
    for moment in range(0, 600, 10):
        if moment % 30 == 0:
            sense.report(report(at=moment))
        drain.tend(1000.0 + moment)
    assert not drain.degraded


def test_a_sensing_process_that_cannot_write_makes_the_store_degraded(outbox: Outbox, sense: Outbox) -> None:
    """Reading and settling may still work where its commits fail."""
    drain = Drain(outbox, 90, lambda _text: None)
    sense.report(report().model_copy(update={"store": "degraded"}))
    drain.tend(1000.0)
    assert drain.degraded
    sense.report(report(at=1))
    drain.tend(1001.0)
    assert not drain.degraded
