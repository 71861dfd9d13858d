"""The case that computes for minutes on a busy machine, in a file of its own: it runs beside the others."""

from tools.faults_support import command
from tools.faults_support.case import cases


def test_a_hundred_thousand_fuzzed_packets_do_no_harm() -> None:
    """Typed errors only, memory flat, no row lost."""
    case = cases()["hostile-broker"]
    command.run(case, case.short, seed=1)
