"""How far it is, in a line; and nothing where nobody could see it."""

import sys

import pytest

from edged.cli.progress import Progress, describe


@pytest.mark.parametrize(
    ("done", "total", "took", "seconds", "expected"),
    [
        (30.0, 120.0, 3.0, True, "film  [######..................]  25 %  0:30 of 2:00  10.0 × real time  0:09 left"),
        (3700.0, None, 370.0, True, "film  1:01:40  10.0 × real time"),
        (4, 16, 2.0, False, "film  [######..................]  25 %  4  0:06 left"),
        (130.0, 120.0, 13.0, True, "film  [########################] 100 %  2:10 of 2:00  10.0 × real time  0:00 left"),
    ],
)
def test_line_says_how_far_how_fast_and_how_long(
    done: float, total: float | None, took: float, seconds: bool, expected: str
) -> None:
    """With a known end, without one, for things that have no length, and beyond an end that was announced wrongly."""
    assert describe("film", done, total, took, seconds) == expected


def test_nothing_is_said_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    """A log file is not for lines that overwrite themselves."""
    progress = Progress("film", 10.0, seconds=True)
    progress.at(10.0)
    progress.wipe()
    assert capfd.readouterr().err == ""


def test_the_line_makes_way_for_the_answer(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Where both are on one terminal, no answer begins behind a line."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("edged.cli.progress.EVERY_S", 0.0)
    progress = Progress("film", 10.0, seconds=True)
    progress.at(5.0)
    progress.tell("{}\n")
    said = capfd.readouterr()
    assert said.out == "{}\n"
    assert said.err.startswith("\r\x1b[Kfilm")
    assert said.err.endswith("\r\x1b[K")
