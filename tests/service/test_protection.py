"""The differential policy in a camera's line: what its messages say of the budget, and what an empty one looks like."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from edged.anonymise.budget import MICRO, Ledger, MemoryLedger
from edged.config.model import Camera, Config, Visits, Windows
from edged.config.privacy import Privacy
from edged.messages.common import Stamp
from edged.messages.window import WindowMessage
from edged.service.clock import Reading
from edged.service.line import Line, Sees
from edged.service.protection import gate_of
from edged.vision.sighting import Box, Sighting
from edged.visits.visit import Visit
from edged.windows.schedule import Clock
from edged.windows.tally import Tally
from edged.words import Scores
from tests.conftest import missing

NOON = 1_795_348_800.0
"""2026-11-22T12:00:00Z."""
SEES = Sees((), "litert 2.3.0 on cpu")
HAPPY: Scores = (0.1, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
Scene = Iterator[tuple[float, list[Sighting]]]


@pytest.fixture(autouse=True)
def opendp() -> None:
    if find_spec("opendp") is None:
        missing("OpenDP isn't installed")


def config(k: int, epsilon: float = 10.0, daily_epsilon: float = 100.0) -> Config:
    """Noise of ε = 10 stays below 40 but for once in 10^30 windows: what must be told is told, what mustn't isn't."""
    privacy = Privacy(policy="differential", k=k, epsilon=epsilon, daily_epsilon=daily_epsilon)
    return Config(windows=Windows(length_s=60), visits=Visits(same_person_s=0), privacy=privacy)


def crowd(seconds: int) -> Scene:
    """Show a new face every second, in a place of its own among ten."""
    for i in range(seconds * 10):
        x = 0.05 + 0.1 * (i // 10 % 10)
        yield i / 10, [Sighting(Box(x - 0.02, 0.4, 0.04, 0.06), 0.9, 60, 0.0, 0.0, HAPPY)]


def nobody(seconds: int) -> Scene:
    return ((i / 10, []) for i in range(seconds * 10))


def play(config: Config, scene: Scene, ledger: Ledger | None = None, camera: str = "door") -> list[WindowMessage]:
    line = Line(config, Camera(id=camera), SEES, Reading(0.0, NOON, Clock.RECORDING), ledger)
    composed = []
    for now, sightings in scene:
        composed += line.advance(Reading(now, NOON + now, Clock.RECORDING))
        line.see(now, sightings, SEES)
    return [compose(Stamp("shop", "0a1b2c3d", i + 1)) for i, compose in enumerate(composed)]


def visits(count: int) -> Tally:
    return sum((Tally.of(Visit(0.0, 12.0, 3.0, HAPPY)) for _ in range(count)), Tally(live_ms=60_000))


def budgets(messages: list[WindowMessage]) -> list[tuple[str, float, float]]:
    found = [(message.state, message.privacy.budget) for message in messages]
    return [(state, budget.spent, budget.left) for state, budget in found if budget is not None]


def test_every_message_says_what_is_spent_and_left() -> None:
    """A full window costs ε; an empty one costs the question how many there were."""
    full = play(config(k=2), crowd(125))
    assert budgets(full) == [("released", 10.0, 90.0), ("released", 20.0, 80.0)]
    assert full[0].privacy.policy == "differential"
    assert full[0].privacy.grid is None
    assert full[0].in_view is not None
    assert full[0].in_view.most is None
    assert budgets(play(config(k=42), nobody(125))) == [("withheld", 2.0, 98.0), ("withheld", 4.0, 96.0)]


def test_window_without_budget_reads_like_an_empty_one() -> None:
    """Fifty visits when the budget is spent, and nobody when it isn't, differ in the budget alone."""
    spent = MemoryLedger(100 * MICRO)
    assert spent.spend(95 * MICRO)
    crowded, empty = play(config(k=42), crowd(125), spent), play(config(k=42), nobody(125))
    without = [[m.model_dump_json(exclude={"privacy": {"budget"}}) for m in messages] for messages in (crowded, empty)]
    assert without[0] == without[1]
    assert budgets(crowded) == [("withheld", 95.0, 5.0), ("withheld", 95.0, 5.0)]


def test_withheld_and_empty_window_are_the_same_bytes() -> None:
    """Two visits, with noise below k, leave the trace that nobody leaves."""
    two = play(config(k=50), ((now, faces if now < 2 else []) for now, faces in crowd(125)))
    assert [m.model_dump_json() for m in two] == [m.model_dump_json() for m in play(config(k=50), nobody(125))]


def test_cameras_share_the_budget() -> None:
    """Whoever passes two cameras is paid for twice from the same purse."""
    purse = MemoryLedger(25 * MICRO)
    door, till = play(config(2), crowd(65), purse), play(config(2), crowd(125), purse, "till")
    assert [state for state, _, _ in budgets([*door, *till])] == ["released", "released", "withheld"]


def test_steps_of_the_wall_clock_give_nothing_back() -> None:
    """The camera's line hears of a day that has gone by in a second; the budget doesn't."""
    purse = MemoryLedger(10 * MICRO)
    line = Line(config(2), Camera(id="door"), SEES, Reading(0.0, NOON, Clock.SYNCHRONISED), purse)
    composed, wall = [], NOON
    for now, sightings in crowd(400):
        wall += 86_400 * (now > 0 and now % 100 == 0) + 0.1
        composed += line.advance(Reading(now, wall, Clock.SYNCHRONISED))
        line.see(now, sightings, SEES)
    states = [compose(Stamp("shop", "0a1b2c3d", i + 1)).state for i, compose in enumerate(composed)]
    assert len(states) > 6
    assert states.count("released") == 1


def test_nothing_is_carried() -> None:
    """Visits of a withheld window are forgotten: asked about twice they would have to be paid for twice."""
    gate = gate_of(config(k=60).privacy, Camera(), MemoryLedger(100 * MICRO), lambda below: 0)
    assert [gate.close(visits(20)) for _ in range(5)] == [None] * 5
    assert gate.close(visits(100)) is not None
