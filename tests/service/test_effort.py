"""A device that is too slow or too hot looks at fewer pictures, and says so."""

from pathlib import Path

import pytest

from edged.service.effort import HOUR_S, LEAST_FPS, SPAN_S, Effort
from edged.service.heat import held_back

START = 100 * HOUR_S + 10.0
STEP_S = 5.0


class Device:
    """One whose looks take a time, for as long as it is told to run."""

    def __init__(self, max_fps: float = 10.0) -> None:
        self.now = START
        self.effort = Effort(max_fps, START)
        self.dropped = 0

    def run(self, seconds: float, look_s: float, *, hot: bool = False, per_look_s: float = 0.0) -> list[float]:
        """Let it run with `look_s` for finding faces and `per_look_s` for what they show; return the rates."""
        rates = []
        for _ in range(round(seconds / STEP_S)):
            came = round(self.effort.rate * STEP_S)
            looks = min(came, max(int(STEP_S / (look_s + per_look_s)), 1))
            for _ in range(looks):
                self.effort.looked(look_s)
            self.dropped += came - looks
            self.now += STEP_S
            self.effort.advance(self.now, held_back=hot, dropped=self.dropped)
            rates.append(self.effort.rate)
        return rates

    def told(self) -> str:
        return self.effort.told


def test_a_device_with_ample_time_looks_as_often_as_configured() -> None:
    """Nothing is changed, and nothing is said."""
    device = Device()
    assert set(device.run(600, 0.01)) == {10.0}
    assert device.told() == "full"


def test_a_slow_device_looks_half_as_often_until_it_keeps_up() -> None:
    """Looks of 0.3 s fit three times a second: 2.5 is what is left of ten after two steps."""
    device = Device()
    assert device.run(SPAN_S, 0.3)[-1] == 5.0
    assert device.run(600, 0.3)[-1] == 2.5
    assert device.told() == "reduced"


def test_it_never_goes_below_one_picture_a_second() -> None:
    """However slow it is; and one that was set lower stays where it was set."""
    device = Device()
    assert device.run(600, 5.0)[-1] == LEAST_FPS
    seldom = Device(max_fps=0.2)
    assert set(seldom.run(600, 5.0)) == {0.2}


def test_it_recovers_step_by_step_when_there_is_time_again() -> None:
    """Up again after a longer while than down."""
    device = Device()
    device.run(300, 0.3)
    rates = device.run(600, 0.01)
    assert rates[: int(SPAN_S / STEP_S)].count(2.5) >= int(SPAN_S / STEP_S) - 1
    assert rates[-1] == 10.0
    assert sorted(set(rates)) == [2.5, 5.0, 10.0]


@pytest.mark.parametrize("look_s", [0.02, 0.05, 0.08, 0.1, 0.15, 0.25, 0.4, 0.8])
def test_it_does_not_flap(look_s: float) -> None:
    """At any speed the rate settles."""
    device = Device()
    rates = device.run(3600, look_s)
    assert len(set(rates[len(rates) // 3 :])) == 1


@pytest.mark.parametrize("look_s", [0.02, 0.05, 0.08, 0.1, 0.15, 0.25, 0.4, 0.8])
def test_a_full_shop_changes_nothing(look_s: float) -> None:
    """Faces cost time and pictures are dropped, but the rate is that of an empty shop."""
    empty, full = Device(), Device()
    assert full.run(900, look_s, per_look_s=1.0) == empty.run(900, look_s)


def test_a_hot_device_rests() -> None:
    """A processor that is held back works less, although it would keep up."""
    device = Device()
    assert device.run(SPAN_S, 0.01, hot=True)[-1] == 5.0
    assert device.run(300, 0.01, hot=True)[-1] == LEAST_FPS
    assert device.run(900, 0.01)[-1] == 10.0


def test_what_is_told_goes_back_at_a_full_hour_only() -> None:
    """The end of a rush isn't to be seen in the status."""
    device = Device()
    device.run(60, 0.01, hot=True)
    assert device.told() == "reduced"
    device.run(1200, 0.01)
    assert device.effort.rate == 10.0
    assert device.told() == "reduced"
    device.run(HOUR_S, 0.01)
    assert device.told() == "reduced"
    device.run(HOUR_S, 0.01)
    assert device.told() == "full"


@pytest.mark.parametrize(
    ("bits", "answer"), [("0x0", False), ("50005", True), ("50000", False), ("8", True), ("x", False)]
)
def test_a_raspberry_pi_says_what_holds_it_back(tmp_path: Path, bits: str, answer: bool) -> None:
    """Bits 0 to 3 are of now, 16 to 19 of the past."""
    file = tmp_path / "devices/platform/soc/soc:firmware/get_throttled"
    file.parent.mkdir(parents=True)
    file.write_text(f"{bits}\n")
    assert held_back(tmp_path) is answer


@pytest.mark.parametrize(
    ("kind", "state", "answer"),
    [("thermal-cpufreq-0", 3, True), ("Processor", 1, True), ("Processor", 0, False), ("pwm-fan", 4, False)],
)
def test_a_cooling_processor_is_held_back(tmp_path: Path, kind: str, state: int, answer: bool) -> None:
    """A fan that turns is not."""
    device = tmp_path / "class/thermal/cooling_device0"
    device.mkdir(parents=True)
    (device / "type").write_text(f"{kind}\n")
    (device / "cur_state").write_text(f"{state}\n")
    assert held_back(tmp_path) is answer


def test_a_device_that_knows_nothing_is_not_held_back(tmp_path: Path) -> None:
    """No sensor, no alarm."""
    assert not held_back(tmp_path)
