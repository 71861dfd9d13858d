"""The cases of tools/faults, in their short form."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.conftest import missing
from tools.faults_support import command
from tools.faults_support.case import MissingError, RightError, cases

PATIENT = ("half-open", "two-instances", "tls-rotated", "slow-link")
"""They wait for deadlines and for slow lines, and cost next to nothing meanwhile: they run beside the others."""

ELSEWHERE = "hostile-broker"
"""It has a file of its own."""

Ahead = dict[str, Future[object]]


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest) -> Iterator[Ahead]:
    """The patient ones among the tests that were asked for, begun all at once."""
    asked = {name for name in cases() for item in request.session.items if item.nodeid.endswith(f"[{name}]")}
    with ThreadPoolExecutor(len(PATIENT)) as pool:
        yield {
            name: pool.submit(command.run, cases()[name], cases()[name].short, 1) for name in PATIENT if name in asked
        }


@pytest.mark.parametrize("name", sorted(cases().keys() - {ELSEWHERE}, key=lambda name: (name in PATIENT, name)))
def test_invariants_hold_through(name: str, ahead: Ahead) -> None:
    """I1 to I6, through a few of the faults whose long form docs/RELIABILITY.md tells of."""
    case = cases()[name]
    try:
        if name in ahead:
            ahead[name].result()
        else:
            command.run(case, case.short, seed=1)
    except RightError as error:
        pytest.skip(str(error))
    except MissingError as error:
        missing(str(error))
