"""Windows are named by the wall clock and measured by the monotonic one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edged.windows.schedule import BLUR_S, CREEP, STEP, Clock, Schedule

NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z."""
OK = Clock.SYNCHRONISED


def test_windows_are_aligned_to_the_wall_clock() -> None:
    """A service started at 12:07 has its first boundary at 12:15; that first window is marked partial."""
    schedule = Schedule(900, now=50.0, wall=NOON + 420, clock=OK)
    assert schedule.advance(529.9, NOON + 899.9, OK, 0.0) == []
    (first,) = schedule.advance(530.0, NOON + 900.0, OK, 0.0)
    assert (first.start, first.end, first.duration, first.partial) == (NOON + 420, NOON + 900, 480.0, True)
    (second,) = schedule.advance(1430.2, NOON + 1800.2, OK, 0.0)
    assert (second.start, second.end, second.duration, second.partial) == (NOON + 900, NOON + 1800, 900.0, False)


def test_windows_nobody_asked_for_are_told_all_the_same() -> None:
    """After a stall of three windows, three windows are told, in order, without a hole."""
    schedule = Schedule(60, now=0.0, wall=NOON, clock=OK)
    spans = schedule.advance(185.0, NOON + 185, OK, 0.0)
    assert [(s.start - NOON, s.end - NOON) for s in spans] == [(0, 60), (60, 120), (120, 180)]


@pytest.mark.parametrize("step", [1, -1, 3600, -3600, 366 * 86400, -366 * 86400])
def test_clock_step_cuts_and_marks(step: float) -> None:
    """A step of the wall clock ends the open window, marks it and the next, and bends no duration."""
    schedule = Schedule(60, now=0.0, wall=NOON, clock=OK)
    (cut,) = schedule.advance(30.0, NOON + 30 + step, OK, 0.0)
    assert (cut.start, cut.end, cut.duration) == (NOON, NOON + 30, 30.0)
    assert cut.clock is Clock.STEPPED
    assert cut.partial
    now = ((30 + step) // 60 + 1) * 60 - step
    (following,) = schedule.advance(now, NOON + step + now, OK, 0.0)
    assert following.clock is Clock.STEPPED
    assert following.start == NOON + 30 + step
    assert following.end % 60 == 0
    (healed,) = schedule.advance(now + 60, NOON + step + now + 60, OK, 0.0)
    assert (healed.clock, healed.duration, healed.partial) == (OK, 60.0, False)


@given(st.floats(0, 0.999), st.floats(0.1, 59), st.sampled_from([5.0, -5.0, 4000.0]))
def test_step_is_cut_a_drawn_time_before_it_was_noticed(chance: float, noticed: float, step: float) -> None:
    """How long a look took at that moment, which hangs on who is in view, is in no window's times."""
    schedule = Schedule(60, now=0.0, wall=NOON, clock=OK)
    (cut,) = schedule.advance(noticed, NOON + noticed + step, OK, chance)
    assert cut.duration == pytest.approx(noticed - chance * min(BLUR_S, noticed))
    assert cut.end - cut.start == pytest.approx(cut.duration, abs=1e-6)
    following = schedule.advance(noticed + 60, NOON + noticed + 60 + step, OK, 0.0)[0]
    assert following.start == pytest.approx(cut.end + step, abs=1e-6)
    assert following.end - following.start == pytest.approx(following.duration, abs=1e-6)
    assert {cut.clock, following.clock} == {Clock.STEPPED}


def test_creeping_clock_stays_aligned() -> None:
    """A clock that NTP slews by 500 parts per million keeps its boundaries, and its windows are not marked."""
    schedule = Schedule(60, now=0.0, wall=NOON, clock=OK)
    spans = [span for i in range(1, 6001) for span in schedule.advance(i / 10, NOON + i / 10 * 1.0005, OK, 0.0)]
    assert [s.end - NOON for s in spans] == [60.0 * (i + 1) for i in range(10)]
    assert {s.clock for s in spans} == {OK}
    assert all(abs(s.duration - 60) < 0.1 for s in spans)


@pytest.mark.parametrize("rate", [0.01, -0.01, 0.08, -0.08])
def test_creeping_too_fast_is_a_step(rate: float) -> None:
    """A clock that is pushed by hundredths a look, each too small to be a step, leaves no wrong window unmarked."""
    schedule = Schedule(60, now=0.0, wall=NOON, clock=OK)
    spans = [span for i in range(1, 6001) for span in schedule.advance(i / 10, NOON + i / 10 * (1 + rate), OK, 0.0)]
    assert spans
    assert all(span.partial and span.clock is Clock.STEPPED for span in spans)


@given(st.lists(st.tuples(st.floats(0.01, 30), st.floats(-0.49, 0.49)), min_size=1, max_size=60))
def test_window_that_is_not_marked_has_its_length(moves: list[tuple[float, float]]) -> None:
    """However the wall clock is nudged, a whole window lasts as long as configured, but for half a second and 1 ‰."""
    schedule, now, offset = Schedule(60, now=0.0, wall=NOON, clock=OK), 0.0, NOON
    for passed, nudge in moves:
        now, offset = now + passed, offset + nudge
        for span in schedule.advance(now, now + offset, OK, 0.0):
            assert span.partial or abs(span.duration - 60) <= STEP + CREEP * 60 + 1e-6


def test_unsynchronised_clock_is_said() -> None:
    """Without a set clock every window says so."""
    schedule = Schedule(60, now=0.0, wall=10.0, clock=Clock.UNSYNCHRONISED)
    (span,) = schedule.advance(55.0, 65.0, Clock.UNSYNCHRONISED, 0.0)
    assert span.clock is Clock.UNSYNCHRONISED


def test_stop_ends_the_open_window() -> None:
    """What was counted until a stop is told, marked partial."""
    schedule = Schedule(900, now=0.0, wall=NOON, clock=OK)
    span = schedule.close(100.0)
    assert (span.end, span.duration, span.partial) == (NOON + 100, 100.0, True)


@given(st.lists(st.tuples(st.floats(0.01, 500), st.sampled_from([0.0, 0.0, 0.0, 5.0, -5.0, 4000.0])), max_size=40))
def test_durations_add_up_to_the_time_that_passed(moves: list[tuple[float, float]]) -> None:
    """Whatever the wall clock does, windows tile the monotonic time: nothing twice, nothing left out."""
    schedule = Schedule(60, now=0.0, wall=NOON, clock=OK)
    now, offset, told = 0.0, NOON, 0.0
    for passed, step in moves:
        now, offset = now + passed, offset + step
        spans = schedule.advance(now, now + offset, OK, 0.0)
        told += sum(span.duration for span in spans)
        assert all(0 <= span.duration <= 60.01 for span in spans)
    assert told + schedule.close(now).duration == pytest.approx(now)
