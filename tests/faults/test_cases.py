"""Every case of tools/faults, in its short form."""

import pytest

from tests.conftest import missing
from tools.faults_support import command
from tools.faults_support.case import MissingError, RightError, cases


@pytest.mark.parametrize("name", cases())
def test_invariants_hold_through(name: str) -> None:
    """I1 to I6, through a few of the faults whose long form docs/RELIABILITY.md tells of."""
    case = cases()[name]
    try:
        command.run(case, case.short, seed=1)
    except RightError as error:
        pytest.skip(str(error))
    except MissingError as error:
        missing(str(error))
