"""tools/demo: what a newcomer sees first. It runs beside the other tests of this folder; its name puts it last."""

import json
import re
from pathlib import Path

from tests.end_to_end.process import Running


def test_demo_shows_released_and_withheld_windows_beside_the_truth(demo: Running | None, sample: Path) -> None:
    """It ends by itself, with a message as received, both kinds of window, and the visits near the true ones."""
    assert demo is not None
    assert demo.wait() == 0, demo.said()
    said = demo.said()
    assert "withheld" in said
    (received,) = re.findall("as received: (.*)", said)
    assert json.loads(received)["schema"] == "edged.window/1"
    truth = json.loads(sample.with_name("truth.json").read_text())["total"]["visits"]
    (told,) = re.findall(rf"{truth} visits took place, (\d+) were told", said)
    assert abs(int(told) - truth) <= 3
    assert "whose truth is in this row too" in said
    assert "What next" in said
