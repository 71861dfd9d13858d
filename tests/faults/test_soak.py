"""tools/soak: its line, and the tool itself in a short form."""

import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.brokers import wait_until
from tools.soak_support.trend import trend


def test_slope_of_a_straight_line_is_certain() -> None:
    """No scatter, no margin."""
    found = trend([(x, 3 + 2 * x) for x in range(5)])
    assert found is not None
    assert found.slope == pytest.approx(2)
    assert found.margin == pytest.approx(0)


def test_slope_and_its_margin_are_those_of_the_textbook() -> None:
    """Slope 0.8, standard error sqrt(3.6 / 3 / 10), t(3; 97.5 %) = 3.182."""
    found = trend([(1, 1), (2, 3), (3, 2), (4, 5), (5, 4)])
    assert found is not None
    assert found.slope == pytest.approx(0.8)
    assert found.margin == pytest.approx(3.182 * math.sqrt(3.6 / 3 / 10), rel=0.02)


def test_too_few_points_tell_nothing() -> None:
    """A line through two points is always straight."""
    assert trend([(0, 1), (1, 2), (2, 3)]) is None


def test_soak_stopped_by_ctrl_c_gives_the_verdict_so_far(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """The whole service through a lost camera and a lost broker: nothing lost, the same descriptors and threads."""
    require_tool("ffmpeg")
    require_tool("mosquitto")
    log = tmp_path / "soak.jsonl"
    words = ["--minutes=60", "--warm-up=0", "--every=11", "--out=8", "--sample=0.5", f"--log={log}", "--json"]
    soak = subprocess.Popen([sys.executable, "tools/soak", *words], stdout=subprocess.PIPE, text=True)
    try:
        wait_until(
            lambda: (log.exists() and "broker killed" in log.read_text()) or soak.poll() is not None,
            "a camera and a broker were lost",
            180,
        )
        soak.send_signal(signal.SIGINT)
        told, _ = soak.communicate(timeout=120)
    finally:
        soak.kill()
    found = json.loads(told)
    assert soak.returncode == 0, found
    assert found["held"]
    assert found["faults"] == "1× broker killed, 1× camera killed"
    assert found["arrived"] == found["committed"] > 0
