"""Dark and frozen pictures, told from dull ones."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edged.camera.condition import DARK_AFTER_S, FROZEN_AFTER_S, Condition, ConditionMeter

Picture = NDArray[np.uint8]
NOTICED_WITHIN_S = 30.0


def scene(height: int = 48, width: int = 64, seed: int = 0) -> Picture:
    """A still scene with light and shade."""
    coarse = np.random.default_rng(seed).integers(30, 220, (6, 8, 3))
    return np.kron(coarse, np.ones((height // 6, width // 8, 1))).astype(np.uint8)


def noisy(still: Picture, sigma: float) -> Iterator[Picture]:
    """What a live sensor makes of a still scene."""
    chance = np.random.default_rng(1)
    while True:
        noise = chance.normal(0, sigma, still.shape)
        yield np.clip(np.rint(still + noise), 0, 255).astype(np.uint8)


def cycle(*pictures: Picture) -> Iterator[Picture]:
    while True:
        yield from pictures


def watch(
    pictures: Iterator[Picture], seconds: float, fps: float = 5.0, meter: ConditionMeter | None = None
) -> list[Condition]:
    """The conditions while a camera gives these."""
    meter = meter or ConditionMeter()
    return [meter.note(1000 + index / fps, next(pictures)) for index in range(round(seconds * fps))]


def test_the_same_picture_again_and_again_is_frozen() -> None:
    """Noticed within thirty seconds, and not before the time of the rule."""
    conditions = watch(cycle(scene()), 40)
    first = conditions.index(Condition.FROZEN) / 5
    assert FROZEN_AFTER_S <= first <= NOTICED_WITHIN_S
    assert set(conditions[int(first * 5) :]) == {Condition.FROZEN}


@pytest.mark.parametrize("sigma", [0.3, 0.5, 1.0, 3.0, 10.0])
def test_a_still_scene_with_noise_is_never_frozen(sigma: float) -> None:
    """A quarter of an hour of an empty shop, by sensors of every quality."""
    assert set(watch(noisy(scene(), sigma), 900, fps=2)) == {Condition.CLEAR}


def test_the_versions_of_an_encoder_are_frozen_too() -> None:
    """A sensor has stopped and its encoder goes on: key frame, refinement, refinement, key frame."""
    pictures = noisy(scene(), 2.0)
    versions = [next(pictures) for _ in range(10)]
    assert watch(cycle(*versions), 60, fps=2)[-1] is Condition.FROZEN


def test_a_clock_in_a_frozen_picture_does_not_hide_it() -> None:
    """Cameras write the time into the picture, a small part of it."""

    def with_clock() -> Iterator[Picture]:
        for second in range(10_000):
            picture = scene()
            picture[1:3, 1:12] = (second * 37) % 256
            yield picture

    assert watch(with_clock(), 60, fps=1)[-1] is Condition.FROZEN


def test_a_looped_film_is_not_frozen() -> None:
    """What moves and comes again is no still picture."""
    film = [scene(seed=seed) for seed in range(8)]
    assert set(watch(cycle(*film), 120)) == {Condition.CLEAR}


def test_a_new_picture_ends_it_at_once() -> None:
    """The first picture that shows something new is worth looking at."""
    meter = ConditionMeter()
    assert watch(cycle(scene()), 40, meter=meter)[-1] is Condition.FROZEN
    assert meter.note(2000.0, scene(seed=5)) is Condition.CLEAR


def test_a_camera_that_was_opened_anew_and_gives_the_old_picture_is_still_frozen() -> None:
    """A pause alone shows nothing new."""
    meter = ConditionMeter()
    watch(cycle(scene()), 40, meter=meter)
    assert meter.note(1500.0, scene()) is Condition.FROZEN


def test_a_camera_that_comes_and_goes_with_the_same_picture_is_not_frozen() -> None:
    """A picture now and then, the same each time: that little isn't enough to say that it is frozen."""
    meter = ConditionMeter()
    for opening in range(20):
        conditions = [meter.note(1000 + 30 * opening + index / 2, scene()) for index in range(2)]
        assert set(conditions) == {Condition.CLEAR}


def black(mean: float, sigma: float = 1.0) -> Iterator[Picture]:
    return noisy(np.full((48, 64, 3), mean, np.uint8), sigma)


def test_a_black_picture_is_dark_after_a_while() -> None:
    """A cap on the lens, with the sensor's noise."""
    conditions = watch(black(3), 20)
    assert conditions.index(Condition.DARK) / 5 == pytest.approx(DARK_AFTER_S, abs=0.6)
    assert conditions[-1] is Condition.DARK


def test_a_black_picture_without_any_noise_is_dark_and_not_frozen() -> None:
    """Which of the two it is must not change with time."""
    assert set(watch(black(0, 0), 200)[50:]) == {Condition.DARK}


@pytest.mark.parametrize(
    "dim", [lambda: noisy((scene() // 8).astype(np.uint8), 1.0), lambda: black(20)], ids=["contrast", "grey"]
)
def test_a_dim_picture_is_not_dark(dim: Callable[[], Iterator[Picture]]) -> None:
    """A lamp far away is enough to see somebody by."""
    assert set(watch(dim(), 60)) == {Condition.CLEAR}


def test_a_moment_without_light_is_not_dark() -> None:
    """Somebody walks right past the lens."""
    meter = ConditionMeter()
    for start in range(0, 100, 10):
        clear = noisy(scene(), 1.0)
        for index in range(20):
            picture = next(black(2)) if index < 8 else next(clear)
            assert meter.note(1000 + start + index / 2, picture) is Condition.CLEAR


def test_twilight_does_not_flap() -> None:
    """Light that sways around the threshold changes the state once."""
    sway = [black(mean) for mean in (9, 11, 9.5, 10.5)]
    pictures = (next(sway[index % 4]) for index in range(10_000))
    meter = ConditionMeter()
    assert watch(black(5), 20, meter=meter)[-1] is Condition.DARK
    conditions = [meter.note(1020 + index / 2, next(pictures)) for index in range(200)]
    assert set(conditions) == {Condition.DARK}
    assert meter.note(2000.0, next(black(16))) is Condition.CLEAR


def test_light_after_the_night_is_not_frozen() -> None:
    """A night long nothing was new, and that says nothing about the morning."""
    meter = ConditionMeter()
    watch(black(0, 0), 60, meter=meter)
    assert meter.note(2000.0, scene()) is Condition.CLEAR
    assert meter.note(2001.0, scene()) is Condition.CLEAR


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (47, 63), (1080, 1920)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    """Also one smaller than the grid of samples, and one that changes."""
    meter = ConditionMeter()
    picture = np.full((*size, 3), 99, np.uint8)
    assert watch(cycle(picture), 30, fps=2, meter=meter)[-1] is Condition.FROZEN
    assert meter.note(3000.0, scene()) is Condition.CLEAR
