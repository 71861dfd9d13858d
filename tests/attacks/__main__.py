"""Plays all attacks at length and prints the table of docs/ATTACKS.md: `python -m tests.attacks [--brief]`."""

import sys

from tests.attacks.game import BRIEF, LONG, Score
from tests.attacks.policies import OURS, WEAK
from tests.attacks.suite import ADDING_UP, ATTACKS, STRONGER


def told(score: Score) -> str:
    return f"{score.advantage:.2f} ({max(score.low, 0):.2f}–{max(score.high, 0):.2f})"


def main() -> None:
    effort = BRIEF if "--brief" in sys.argv else LONG
    for title, attacks in (("attack", ATTACKS), ("adding up", ADDING_UP), ("stronger adversary", STRONGER)):
        print(f"| {title} | weak policy | default policy |\n| --- | --- | --- |")
        for attack in attacks:
            scores = (told(attack.score(policy, effort)) for policy in (WEAK, OURS))
            print(f"| {attack.name} | {' | '.join(scores)} |", flush=True)
        print()


if __name__ == "__main__":
    main()
