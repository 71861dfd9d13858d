"""Makes all checks at the same time, each within its time: one that hangs is told of, and holds nobody up.

Rule: a check that is over its time is left behind in its thread, which ends with the process.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from edged.doctor.finding import Finding, failure
from edged.errors import EdgedError


@dataclass(slots=True)
class Check:
    """Something to look at."""

    subject: str
    limit_s: float
    """It may take so long."""
    look: Callable[[], list[Finding]]
    done: threading.Event = field(default_factory=threading.Event)
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        """Look, and keep what was found."""
        try:
            self.findings = self.look()
        except EdgedError as error:
            self.findings = [failure(self.subject, str(error), "")]
        except Exception as error:  # a check that fails must not take the others with it
            told = f"the check itself failed ({type(error).__name__}: {error})"
            self.findings = [failure(self.subject, told, "tell the makers of edged")]
        self.done.set()


def make(checks: Sequence[Check], clock: Callable[[], float] = time.monotonic) -> Iterator[Finding]:
    """Make the checks; yield what each found, in their order."""
    began = clock()
    for check in checks:
        threading.Thread(target=check.run, name=check.subject, daemon=True).start()
    for check in checks:
        if check.done.wait(max(began + check.limit_s - clock(), 0.0)):
            yield from check.findings
        else:
            yield failure(
                check.subject,
                f"no answer within {check.limit_s:g} s",
                "what it looks at hangs: unplug it and plug it in again, or restart the device",
            )
