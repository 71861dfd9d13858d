"""The ledger: pays no more than a day's budget in any 24 hours, whatever happens to process, power and clocks."""

import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edged.anonymise.budget import DAY_S, Balance, Ledger, MemoryLedger
from edged.config.model import Config, Outbox, Privacy
from edged.errors import StateFolderError
from edged.service.ledger import FILE, DurableLedger

Make = Callable[[int], Ledger]


class Uptime:
    """Time since boot, as a test wants it."""

    def __init__(self, up_s: float = 1000.0) -> None:
        self.up_s = up_s

    def __call__(self) -> float:
        return self.up_s


@pytest.fixture(params=["memory", "durable"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Every implementation."""
    if request.param == "memory":
        return MemoryLedger
    return lambda daily: DurableLedger(tmp_path / FILE, daily, Uptime())


def test_spends_until_nothing_is_left(make: Make) -> None:
    """What fits is paid to the last millionth, what doesn't is refused and not noted."""
    ledger = make(100)
    assert ledger.spend(60)
    assert not ledger.spend(41)
    assert ledger.balance() == Balance(60, 40)
    assert ledger.spend(40)
    assert ledger.balance() == Balance(100, 0)
    assert not ledger.spend(1)


def test_reserve_must_be_there_but_is_not_spent(make: Make) -> None:
    """A first part is paid only when the rest could be paid as well."""
    ledger = make(100)
    assert not ledger.spend(20, reserve=81)
    assert ledger.spend(20, reserve=80)
    assert ledger.balance() == Balance(20, 80)


def test_restart_gives_nothing_back(tmp_path: Path) -> None:
    """The next process goes on where the last one was."""
    first = DurableLedger(tmp_path / FILE, 100, Uptime())
    assert first.spend(70)
    first.close()
    assert DurableLedger(tmp_path / FILE, 100, Uptime()).balance() == Balance(70, 30)


def test_what_was_confirmed_survives_kill_9(tmp_path: Path, repository: Path) -> None:
    """A process that is killed while it spends as fast as it can has spent at least what it was told it had."""
    program = (
        "import sys, pathlib; from edged.service.ledger import DurableLedger\n"
        "ledger = DurableLedger(pathlib.Path(sys.argv[1]), 10**12)\n"
        "while ledger.spend(1): print('paid', flush=True)\n"
    )
    for _ in range(3):
        before = DurableLedger(tmp_path / FILE, 10**12).balance().spent
        command = [sys.executable, "-c", program, str(tmp_path / FILE)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repository) as child:
            assert child.stdout is not None
            confirmed = [child.stdout.readline() for _ in range(20)]
            child.send_signal(signal.SIGKILL)
            confirmed += child.stdout.readlines()
        assert child.returncode == -signal.SIGKILL
        after = DurableLedger(tmp_path / FILE, 10**12).balance().spent
        assert after - before >= len(confirmed) >= 20


def test_what_was_spent_comes_back_after_24_hours_of_running(tmp_path: Path) -> None:
    """Each spending for itself, not all at a midnight."""
    clock = Uptime()
    ledger = DurableLedger(tmp_path / FILE, 100, clock)
    assert ledger.spend(60)
    clock.up_s += 3600
    assert ledger.spend(40)
    clock.up_s += DAY_S - 3601
    assert not ledger.spend(1)
    clock.up_s += 1
    assert ledger.balance() == Balance(40, 60)
    clock.up_s += 3600
    assert ledger.balance() == Balance(0, 100)


def test_steps_of_the_wall_clock_give_nothing_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is set to, forwards or backwards."""
    ledger = DurableLedger(tmp_path / FILE, 100)
    assert ledger.spend(100)
    now = time.time()
    for step in (-400 * DAY_S, -DAY_S, DAY_S, 2 * DAY_S, 400 * DAY_S):
        monkeypatch.setattr(time, "time", lambda step=step: now + step)
        assert not ledger.spend(1)
        again = DurableLedger(tmp_path / FILE, 100)
        assert not again.spend(1)
        again.close()


def test_reboot_counts_only_the_time_since_boot(tmp_path: Path) -> None:
    """However long the power was off: a device that runs 8 hours a day has its budget back on the fourth."""
    budgets = []
    for _day in range(5):
        clock = Uptime(60.0)
        ledger = DurableLedger(tmp_path / FILE, 100, clock)
        budgets.append(ledger.balance().left)
        ledger.spend(100)
        clock.up_s += 8 * 3600
        ledger.spend(0)
        ledger.close()
    assert budgets == [100, 0, 0, 100, 0]


def test_reboots_one_after_the_other_give_nothing_back(tmp_path: Path) -> None:
    """Plugging it out and in a hundred times is a hundred minutes."""
    assert DurableLedger(tmp_path / FILE, 100, Uptime()).spend(100)
    for _ in range(100):
        ledger = DurableLedger(tmp_path / FILE, 100, Uptime(60.0))
        assert not ledger.spend(1)
        ledger.close()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["run", "crash", "reboot"]), st.floats(0, 1.2 * DAY_S), st.integers(1, 60)),
        max_size=15,
    )
)
def test_no_24_hours_cost_more_than_the_budget(happenings: list[tuple[str, float, int]]) -> None:
    """Through any sequence of running, crashes, reboots and time with the power off."""
    with tempfile.TemporaryDirectory() as folder:
        now, clock = 0.0, Uptime(5000.0)
        ledger = DurableLedger(Path(folder) / FILE, 100, clock)
        spent: list[tuple[float, int]] = []
        for what, seconds, amount in happenings:
            now += seconds
            clock.up_s += seconds
            if what != "run":
                ledger.close()
                if what == "reboot":
                    clock.up_s = min(seconds, 30.0)
                ledger = DurableLedger(Path(folder) / FILE, 100, clock)
            if ledger.spend(amount):
                spent.append((now, amount))
            assert sum(paid for when, paid in spent if when > now - DAY_S) <= 100
        ledger.close()


def test_nothing_is_spent_when_it_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A full or dead disk withholds windows, says so once, and ends nothing."""
    ledger = DurableLedger(tmp_path / FILE, 100, Uptime())
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON spent BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    assert not ledger.spend(1)
    assert not ledger.spend(1)
    assert [record.getMessage() for record in caplog.records] == [
        "the budget can't be written, so windows are withheld: disk full"
    ]
    assert ledger.balance() == Balance(0, 100)
    ledger.close()
    assert not ledger.spend(1)
    assert ledger.balance() == Balance(100, 0)


@pytest.mark.parametrize(
    "damage", [b"no database at all, and long enough to be one", b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_damaged_file_begins_with_nothing_left(tmp_path: Path, damage: bytes) -> None:
    """What was spent can't be known, so all of it was; a day later the budget is back."""
    (tmp_path / FILE).write_bytes(damage)
    clock = Uptime()
    ledger = DurableLedger(tmp_path / FILE, 100, clock)
    assert ledger.balance() == Balance(100, 0)
    assert (tmp_path / f"{FILE}.corrupt").read_bytes() == damage
    ledger.close()
    again = DurableLedger(tmp_path / FILE, 100, clock)
    assert again.balance() == Balance(100, 0)
    clock.up_s += DAY_S
    assert again.balance() == Balance(0, 100)


def test_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(StateFolderError, match=r"nowhere/budget\.sqlite"):
        DurableLedger(tmp_path / "nowhere" / FILE, 100)


def test_ledger_is_kept_only_where_the_policy_has_a_budget(tmp_path: Path) -> None:
    """Under the threshold policy no file appears."""
    assert DurableLedger.of(Config(outbox=Outbox(folder=tmp_path))) is None
    assert list(tmp_path.iterdir()) == []
    ledger = DurableLedger.of(
        Config(outbox=Outbox(folder=tmp_path), privacy=Privacy(policy="differential", daily_epsilon=2.5))
    )
    assert ledger is not None
    assert ledger.balance() == Balance(0, 2_500_000)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
