"""What the status says, and when it is news."""

from edged.outbox import Counts
from edged.publish.status import SILENT_AFTER_S, Look, SenseWatch, compose, essence, will
from tests.outbox.making import report


def status(*, wall: float = 0, waiting: int = 0, at: float = 0, error: str | None = None, degraded: bool = False):  # type: ignore[no-untyped-def]
    look = Look(Counts(waiting, settled=0, dropped=0, last_sequence=waiting), report(at))
    return compose(
        "shop",
        "online",
        wall=wall,
        interval_s=60,
        uptime_s=wall,
        look=look,
        silent=False,
        degraded=degraded,
        machine=None,
        last_error=error,
    )


def test_times_and_counts_are_no_news() -> None:
    """A status isn't sent for every tick of a clock."""
    assert essence(status(wall=1, waiting=1, at=1)) == essence(status(wall=99, waiting=7, at=95))


def test_an_error_and_a_degraded_store_are_news() -> None:
    """What a person should know is said at once."""
    assert essence(status()) != essence(status(error="the broker is gone"))
    assert essence(status()) != essence(status(degraded=True))


def test_the_will_claims_nothing() -> None:
    """The broker says `offline` for us; it can't know more."""
    assert will("shop", 60).state == "offline"
    assert will("shop", 60).at is None


def test_every_status_says_how_often_one_comes() -> None:
    """A subscriber knows from the message alone when silence begins, also with other settings than its own."""
    assert will("shop", 300).interval_s == 300
    assert status().interval_s == 60


def test_a_sense_that_reports_is_not_silent() -> None:
    """Reports keep it alive."""
    watch = SenseWatch(now=0)
    for now in (0, 30, 60, 90, 120):
        watch.saw(report(at=now), now)
    assert watch.silent(now=150) is False


def test_a_sense_that_stops_reporting_is_silent() -> None:
    """Three missed reports are told."""
    watch = SenseWatch(now=0)
    watch.saw(report(at=0), 0)
    watch.saw(report(at=30), 30)
    assert watch.silent(now=30 + SILENT_AFTER_S) is True


def test_a_report_left_over_from_an_earlier_run_proves_nothing() -> None:
    """A dead camera doesn't look alive after a restart."""
    watch = SenseWatch(now=0)
    watch.saw(report(at=0), 0)
    watch.saw(report(at=0), 50)
    assert watch.silent(now=50) is None
    assert watch.silent(now=SILENT_AFTER_S) is True


def test_a_sense_never_heard_of_is_silent_in_the_end() -> None:
    """No report at all is silence too."""
    assert SenseWatch(now=0).silent(now=1) is None
    assert SenseWatch(now=0).silent(now=SILENT_AFTER_S) is True
