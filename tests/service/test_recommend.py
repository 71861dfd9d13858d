"""What `edged bench` recommends: seeing first, as long as the device keeps up."""

import pytest

from edged.config.model import Camera, Config, Region
from edged.service.recommend import LEAST_FPS, Choice, choose, recommend
from edged.vision.card import Reach


def choice(model: str, ms: float, found: float, rate: float) -> Choice:
    return Choice(model, ms, "cpu", 10.0, found, rate)


def test_who_sees_most_is_chosen_among_the_quick() -> None:
    """The slowest sees best, but takes too long; of the others the better one wins."""
    chosen = choose([choice("light", 5, 0.4, 50), choice("shop", 20, 0.8, 20), choice("far", 200, 0.9, 3)])
    assert chosen is not None
    assert chosen.model == "shop"


def test_hardly_more_is_not_worth_more_time() -> None:
    """Within what the measurement can tell, the quicker one is taken."""
    chosen = choose([choice("light", 5, 0.79, 50), choice("shop", 20, 0.80, 20)])
    assert chosen is not None
    assert chosen.model == "light"


def test_on_a_device_too_slow_for_all_the_quickest_is_named() -> None:
    """Something is better than nothing, and the caller says that it is too slow."""
    chosen = choose([choice("shop", 900, 0.8, 1.0), choice("light", 300, 0.4, 2.0)])
    assert chosen is not None
    assert chosen.model == "light"
    assert chosen.frames_per_second < LEAST_FPS
    assert choose([]) is None


def test_share_found_rises_between_the_classes() -> None:
    """No step at a class's edge: the share at a middle is the class's, between two middles it lies between."""
    reach = Reach(canvas_px=[5.0, 10.0, 20.0], recall=[0.0, 0.4, 0.8])
    assert reach.found(4.9) == 0.0
    assert reach.found(200**0.5) == pytest.approx(0.4)
    assert reach.found(20) == pytest.approx(0.6)
    assert reach.found(1000) == 0.8


def test_far_faces_get_a_larger_canvas_and_a_region_brings_them_near() -> None:
    """Real models on this machine: all are quick enough for one picture a second, so the height decides."""
    config = Config()
    near = recommend(config, (1280, 720), 200, "centerface-480x288", 0.0, print)
    far = recommend(config, (1280, 720), 35, "centerface-480x288", 0.0, print)
    closer = Config(cameras=(Camera(region=Region(right=0.5, bottom=0.5)),))
    there = recommend(closer, (1280, 720), 35, "centerface-480x288", 0.0, print)
    by_name = {one.model: one for one in far.choices}
    assert by_name["centerface-640x384"].found > by_name["centerface-480x288"].found
    assert near.found > 0.9
    assert far.found < there.found
    assert [one.invoke_ms for one in far.choices] == sorted(one.invoke_ms for one in far.choices)
    assert far.accelerator == "cpu"
