"""The rounds: no check holds up another."""

import threading

from edged.doctor.finding import Finding, Level, ok
from edged.doctor.rounds import Check, make
from edged.errors import CameraError


def test_a_check_that_hangs_is_told_of_and_the_others_are_made() -> None:
    """Whatever hangs, the table is whole, in its order."""
    released = threading.Event()

    def hang() -> list[Finding]:
        released.wait()
        return []

    found = list(make([Check("slow", 0.05, hang), Check("quick", 30.0, lambda: [ok("quick", "well")])]))
    released.set()
    assert [(finding.subject, finding.level) for finding in found] == [("slow", Level.FAILURE), ("quick", Level.OK)]
    assert "within 0.05 s" in found[0].text


def test_a_check_that_fails_is_a_finding() -> None:
    """An error of ours is said in its own words; any other by its name."""

    def lost() -> list[Finding]:
        raise CameraError("the camera is gone")

    def wrong() -> list[Finding]:
        raise KeyError("x")

    first, second = make([Check("camera", 30.0, lost), Check("other", 30.0, wrong)])
    assert first.text == "the camera is gone"
    assert "KeyError" in second.text
