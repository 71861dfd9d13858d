"""The cables that fault cases cut."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.brokers import wait_until
from tests.conftest import missing
from tools.faults_support.cable import PROGRAMS, cable
from tools.faults_support.case import RightError, find


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Skips where no cable can be laid."""
    for program in PROGRAMS:
        if find(program) is None:
            missing(f"{program} isn't installed")
    with ExitStack() as stack:
        try:
            stack.enter_context(cable())
        except RightError as error:
            pytest.skip(str(error))
        yield stack


def test_each_cable_leads_into_a_network_of_its_own(stack: ExitStack) -> None:
    """Two cases at once, or what was left of one, don't take each other's packets."""
    laid = [stack.enter_context(cable()) for _ in range(2)]
    for each in laid:
        told = subprocess.run(["ip", "-json", "route", "get", each.there], check=True, capture_output=True).stdout
        assert json.loads(told)[0]["dev"] == each.near


def test_nothing_is_left_of_a_run_that_was_killed(stack: ExitStack) -> None:
    """Neither the interface nor the process that held the network."""
    lay = "from tools.faults_support.cable import *\nwith cable() as laid:\n print(laid.near, flush=True)\n input()"
    with subprocess.Popen([sys.executable, "-c", lay], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        near = Path("/sys/class/net", run.stdout.readline().decode().strip())
        assert near.exists()
        run.kill()
    wait_until(lambda: not near.exists(), "the interface is gone")
