"""The differential policy: what a visit can move, what noise is drawn, what is paid; figures stay in bounds."""

import ast
import math
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edged.anonymise.budget import MICRO, Balance, MemoryLedger
from edged.anonymise.differential import Differential, Noise, answers, nearest, opendp_laplace, plan
from edged.anonymise.figures import Release
from edged.anonymise.release import Gate
from edged.visits.visit import Visit
from edged.windows.tally import SCORE_STEPS, Counts, Tally
from edged.words import EMOTIONS, Scores
from tests.conftest import missing

LINES, ZONES = 3, 2
SAMPLES = 20_000
NEVER = 1e-10
"""Chance that a test of random numbers fails though all is well."""
CLOSE = math.sqrt(math.log(2 / NEVER) / (2 * SAMPLES))
"""How far a frequency (Hoeffding) or a whole distribution (Dvoretzky, Kiefer, Wolfowitz, Massart) may then be off."""


def of(weights: tuple[float, ...]) -> Scores:
    a, b, c, d, e, f, g, h = (weight / sum(weights) for weight in weights)
    return a, b, c, d, e, f, g, h


visits = st.builds(
    lambda dwell, attention, scores, crossings, zones: Visit(0.0, dwell, attention, scores, crossings, zones),
    st.floats(0, 1e5),
    st.floats(0, 1e5),
    st.none() | st.tuples(*[st.floats(0.001, 1)] * len(EMOTIONS)).map(of),
    st.frozensets(st.tuples(st.integers(0, LINES - 1), st.booleans())),
    st.tuples(*[st.floats(0, 1e5)] * ZONES),
)
tallies = st.lists(visits, max_size=6).map(lambda each: sum(map(Tally.of, each), Tally()))
EVERYWHERE = Visit(
    0.0, 70.0, 40.0, of((1,) * 8), frozenset((i, way) for i in range(LINES) for way in (True, False)), (3.0, 50.0)
)


def moved(with_it: Counts, without: Counts) -> int:
    return sum(abs(a - b) for a, b in zip(with_it, without, strict=True))


def exact(answer: Counts, sensitivity: int, epsilon: float) -> Counts:
    return answer


def seen(tally: Tally) -> Tally:
    return tally + Tally(live_ms=900_000)


def release_of(tally: Tally, noise: Noise = exact, k: int = 10) -> Release | None:
    return Gate(Differential(k, MICRO, MemoryLedger(MICRO), noise), 0, LINES, ZONES).close(tally)


@pytest.fixture(scope="module")
def laplace() -> Noise:
    if find_spec("opendp") is None:
        missing("OpenDP isn't installed")
    return opendp_laplace()


@given(tallies, visits)
def test_no_visit_moves_an_answer_by_more_than_is_stated(tally: Tally, visit: Visit) -> None:
    """Windows that differ by one visit have answers within the stated distance, whatever the visit and the others."""
    with_it, without = (answers(each, LINES, ZONES) for each in (tally + Tally.of(visit), tally))
    for name, paid in plan(MICRO, LINES, ZONES).items():
        assert moved(with_it[name], without[name]) <= paid.sensitivity, name


def test_stated_sensitivities_are_reached() -> None:
    """One who did everything moves every answer by all that is stated: no query pays for more than it needs."""
    with_it, without = (answers(each, LINES, ZONES) for each in (Tally.of(EVERYWHERE), Tally()))
    for name, paid in plan(MICRO, LINES, ZONES).items():
        assert moved(with_it[name], without[name]) == paid.sensitivity, name


@given(tallies, st.lists(st.sampled_from(["people", "most"]), max_size=2))
def test_no_answer_rests_on_what_others_records_say(tally: Tally, marks: list[str]) -> None:
    """Whether a visit continues another, and how many were in view beside it, is in no answer."""
    people, most = ("people" in marks) * 7, ("most" in marks) * 99
    assert answers(tally + Tally(people=people, most=most), LINES, ZONES) == answers(tally, LINES, ZONES)


@given(st.integers(10_000, 10 * MICRO), st.integers(0, 8), st.integers(0, 8))
def test_shares_of_the_queries_are_within_epsilon(micro: int, lines: int, zones: int) -> None:
    """What is paid for all queries together is ε or a few millionths less, and each gets some of it."""
    paid = [query.micro for query in plan(micro, lines, zones).values()]
    assert micro - len(paid) <= sum(paid) <= micro
    assert min(paid) > 0


def test_what_is_not_configured_costs_nothing() -> None:
    """Without lines and zones all of ε goes to the other figures."""
    assert not {"crossings", "zones"} & set(plan(MICRO, 0, 0))
    assert plan(MICRO, 0, 0)["visits"].micro > plan(MICRO, 1, 0)["visits"].micro > plan(MICRO, 1, 1)["visits"].micro


@given(st.integers(1, 1000), st.floats(0.001, 10))
def test_opendp_confirms_that_a_query_keeps_to_its_epsilon(laplace: Noise, sensitivity: int, epsilon: float) -> None:
    """OpenDP's own account of the measurement that made the noise gives ε or less."""
    from opendp import measurements

    made = []

    def noted(*arguments: object, **named: object) -> object:
        made.append(measurements_laplace(*arguments, **named))
        return made[-1]

    measurements_laplace: Callable[..., object] = measurements.make_laplace
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measurements, "make_laplace", noted)
        opendp_laplace()((0,), sensitivity, epsilon)
    (last,) = made[-1:]
    assert last.map(sensitivity) <= epsilon  # type: ignore[attr-defined]


@pytest.mark.parametrize(("sensitivity", "epsilon"), [(1, 0.2), (1, 2.0), (SCORE_STEPS, 0.15)])
def test_noise_is_discrete_laplace(laplace: Noise, sensitivity: int, epsilon: float) -> None:
    """Its distribution is P(x) = (1 − a) / (1 + a) · a^|x|, a = exp(−ε / sensitivity): no more noise, and no less."""
    drawn = Counter(laplace((0,) * SAMPLES, sensitivity, epsilon))
    a = math.exp(-epsilon / sensitivity)
    below = 0
    for x in range(min(drawn), max(drawn) + 1):
        below += drawn[x]
        expected = a**-x / (1 + a) if x < 0 else 1 - a ** (x + 1) / (1 + a)
        assert abs(below / SAMPLES - expected) <= CLOSE, x


def test_one_visit_changes_the_chance_of_a_release_by_its_bound_at_most(laplace: Noise) -> None:
    """At k − 1 and at k visits a window is told with frequencies within e^ε of each other, as they come out in fact."""
    paid = plan(MICRO, 0, 0)["visits"]
    epsilon, k = paid.micro / MICRO, 10
    told = [sum(n >= k for n in laplace((n,) * SAMPLES, paid.sensitivity, epsilon)) / SAMPLES for n in (k - 1, k)]
    assert max(told) <= math.exp(epsilon) * min(told) + (1 + math.exp(epsilon)) * CLOSE


@given(st.lists(visits, min_size=10, max_size=30))
def test_figures_without_noise_are_the_truth(each: list[Visit]) -> None:
    """Counts and shares are what they are; a mean takes every visit for the middle of its class."""
    tally = sum(map(Tally.of, each), Tally(live_ms=1000))
    release = release_of(tally)
    assert release is not None
    assert (release.visits, release.windows_covered, release.in_view_most) == (len(each), 1, None)
    assert release.dwell.histogram == answers(tally, LINES, ZONES)["dwell"]
    assert sum(release.attention.histogram) == sum(visit.attention > 0 for visit in each)
    assert release.crossings == answers(tally, LINES, ZONES)["crossings"]
    assert [sum(zone.histogram) for zone in release.zones] == [sum(v.zones[i] > 0 for v in each) for i in range(ZONES)]
    assert release.dwell.mean_s == pytest.approx(
        sum(count * middle for count, middle in zip(release.dwell.histogram, (2.5, 10, 22.5, 45, 90), strict=True))
        / len(each),
        abs=0.051,
    )
    known = sum(visit.scores is not None for visit in each)
    assert (release.emotion is not None) == (known >= 10)
    if release.emotion is not None:
        assert release.emotion.visits == known
        expected = [count / known for count in answers(tally, 0, 0)["dominant"][:-1]]
        assert release.emotion.face_distribution == pytest.approx(expected, abs=0.0051)


@given(tallies, st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40), st.integers(0, 999))
def test_figures_stay_in_bounds_whatever_the_noise(tally: Tally, first: int, step: int, salt: int) -> None:
    """No negative count, no share above one, no mean beyond the last class, nothing that isn't a number."""

    def wild(answer: Counts, sensitivity: int, epsilon: float) -> Counts:
        return tuple(value + first * (i * salt % 7 - 1) + step for i, value in enumerate(answer))

    release = release_of(seen(tally), wild)
    if release is None:
        return
    assert release.visits >= 10
    for times in (release.dwell, release.attention, *release.zones):
        assert times.mean_s is not None
        assert 0 <= times.mean_s <= 90
        assert all(0 <= count <= release.visits for count in times.histogram)
    assert release.attention_share is not None
    assert release.in_view_mean is not None
    assert 0 <= release.attention_share <= 1
    assert release.in_view_mean >= 0
    assert all(0 <= count <= release.visits for count in release.crossings)
    if release.emotion is not None:
        assert 10 <= release.emotion.visits <= release.visits + 1
        for shares in (release.emotion.face_distribution, release.emotion.mean_scores):
            assert all(0 <= share <= 1 for share in shares)
            assert sum(shares) == pytest.approx(1, abs=0.06)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), st.integers(0, 10_000))
def test_nearest_parts_are_parts_of_the_whole(noisy: list[float], whole: int) -> None:
    """They are not negative, add up to the whole, and keep their order."""
    parts = nearest(noisy, whole)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(whole, abs=1e-3)
    assert [parts[i] for i in sorted(range(len(parts)), key=noisy.__getitem__)] == sorted(parts)


class Watched(MemoryLedger):
    """Notes payments among what else happens."""

    def __init__(self, daily: int, events: list[str]) -> None:
        super().__init__(daily)
        self._events = events

    def spend(self, amount: int, reserve: int = 0) -> bool:
        """Note that it was asked for."""
        paid = super().spend(amount, reserve)
        self._events.append(f"paid {amount}" if paid else "refused")
        return paid


def happenings(tally: Tally, daily: int = MICRO, k: int = 10) -> tuple[list[str], Balance]:
    events: list[str] = []

    def noted(answer: Counts, sensitivity: int, epsilon: float) -> Counts:
        events.append(f"asked for {round(epsilon * MICRO)}")
        return answer

    ledger = Watched(daily, events)
    Gate(Differential(k, MICRO, ledger, noted), carry=0).close(tally)
    return events, ledger.balance()


def crowd(count: int) -> Tally:
    return sum((Tally.of(Visit(0.0, 12.0, 3.0, of((1, 2, 1, 1, 1, 1, 1, 1)))) for _ in range(count)), Tally())


def test_is_paid_before_it_is_asked() -> None:
    """First the number of visits is paid and asked; only when it suffices the rest is paid, then asked."""
    events, balance = happenings(seen(crowd(12)))
    assert events[:3] == ["paid 200000", "asked for 200000", "paid 800000"]
    assert sum(int(event.split()[-1]) for event in events[3:]) == 800_000
    assert balance == Balance(MICRO, 0)


def test_too_few_cost_only_the_question_how_many() -> None:
    """A window withheld for too few visits has been asked about once, and pays for that."""
    assert happenings(seen(crowd(3))) == (["paid 200000", "asked for 200000"], Balance(200_000, 800_000))


def test_nothing_is_asked_without_budget_for_a_whole_window() -> None:
    """Whether a window could be paid for doesn't depend on who was there."""
    assert happenings(seen(crowd(500)), daily=MICRO - 1) == (["refused"], Balance(0, MICRO - 1))


def test_blind_window_is_not_asked_about() -> None:
    """A camera that was never live costs nothing, and what is left from the window before is forgotten."""
    assert happenings(crowd(500)) == ([], Balance(0, MICRO))


def test_anonymise_draws_no_random_numbers_of_its_own(repository: Path) -> None:
    """No module of the room imports a source of random numbers, and OpenDP is imported by one function only."""
    for path in sorted((repository / "edged" / "anonymise").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
        }
        imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {"random", "numpy", "secrets", "os", "uuid"}, path.name
        at_import = {str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)}
        assert not any(module.startswith("opendp") for module in at_import), path.name
