"""The command line of tools/soak."""

import argparse
import signal
import threading
from pathlib import Path

from tools.faults_support import command
from tools.faults_support.case import Case, Lab
from tools.soak_support.soak import Plan, soak


def main(description: str | None) -> int:
    """Parse, run, print; return the exit code of tools/faults."""
    given = _parser(description).parse_args()
    stop = threading.Event()

    def halt(_number: int, _frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who asks twice does not want a verdict

    signal.signal(signal.SIGINT, halt)
    seconds = 60 * given.minutes
    warm_up_s = seconds / 4 if given.warm_up is None else 60 * given.warm_up
    plan = Plan(seconds, given.every, given.out, given.sample, warm_up_s, given.log)

    def run(lab: Lab) -> None:
        soak(lab, plan, stop)

    case = Case("soak", "the whole service for long", run, given.minutes, 0, ("ffmpeg", "mosquitto"))
    return command.report(case, given.minutes, seed=0, as_json=given.json)


def _parser(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/soak", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=command.positive, default=60, help="how long (default: 60)")
    parser.add_argument(
        "--warm-up", type=float, metavar="MINUTES", help="what is not judged at first (default: a quarter of the time)"
    )
    parser.add_argument("--every", type=float, default=90, metavar="S", help="from one fault to the next (default: 90)")
    parser.add_argument("--out", type=float, default=15, metavar="S", help="how long a fault lasts (default: 15)")
    parser.add_argument("--sample", type=float, default=5, metavar="S", help="from sample to sample (default: 5)")
    parser.add_argument("--log", type=Path, help="write each sample and each fault there, a JSON line each")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
