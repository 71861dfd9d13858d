"""What `edged aim` draws: frames, numbers, lines and five steps of light; never a picture."""

import numpy as np
import pytest

from edged.aim.look import View
from edged.aim.screen import fitted, lines
from edged.aim.sketch import LOST, MAP_COLUMNS, MAP_ROWS, READABLE, SMALL, STEPS, Needs, draw, light_map
from edged.camera.sharpness import Quality, quality
from edged.camera.state import CameraState, Standing
from edged.config.model import Camera, Line, Region, Zone
from edged.vision.sighting import Box, Sighting

NEEDS = Needs(emotion_px=24.0, face_px=15.0)
DARKNESS = np.zeros((MAP_ROWS, MAP_COLUMNS), np.uint8)
CAMERA = Camera(
    id="door",
    region=Region(left=0.1, top=0.1, right=0.9, bottom=0.9),
    lines=(Line(id="way", start=(0.5, 0.9), end=(0.5, 0.1)),),
    zones=(Zone(id="shelf", polygon=((0.1, 0.2), (0.3, 0.2), (0.3, 0.8))),),
    masks=(Zone(id="poster", polygon=((0.8, 0.1), (0.95, 0.1), (0.95, 0.4))),),
)


def sighting(height_px: float, left: float = 0.4) -> Sighting:
    return Sighting(Box(left, 0.4, 0.1, height_px / 480), 0.9, height_px, 0.0, 0.0, None)


def view(*sightings: Sighting, size: tuple[int, int] = (640, 480)) -> View:
    figures = Quality(light=120.0, blown=0.01, black=0.0, sharpness=0.4)
    standing = Standing(CameraState.LIVE, 0.0)
    return View(standing, size, NEEDS, sightings, DARKNESS, figures, 0.6, 9.5)


@pytest.mark.parametrize(("height_px", "style"), [(90.0, READABLE), (24.0, READABLE), (20.0, SMALL), (14.0, LOST)])
def test_a_faces_colour_says_whether_it_is_high_enough(height_px: float, style: str) -> None:
    """And its number is its height."""
    sketch = draw(64, 18, Camera(), NEEDS, [sighting(height_px)], DARKNESS)
    written = {
        cell
        for characters, styles in zip(sketch.characters, sketch.styles, strict=True)
        for cell in zip(characters, styles, strict=True)
    }
    assert {kind for character, kind in written if character != " "} == {style}
    assert set(f"{height_px:.0f}") <= {character for character, _ in written}


def test_lines_and_areas_are_drawn_with_their_names() -> None:
    """Region, zones, masks and lines."""
    drawn = ["".join(row) for row in draw(64, 18, CAMERA, NEEDS, [], DARKNESS).characters]
    for name in ("region", "shelf", "poster", "way"):
        assert any(name in row for row in drawn), name
    assert drawn[9][32] == "·"


def test_a_face_beyond_the_border_is_drawn_as_far_as_it_goes() -> None:
    """Detectors give such boxes."""
    for box in (Box(-0.2, -0.3, 0.4, 0.5), Box(0.9, 0.9, 0.5, 0.5), Box(0.5, 0.5, 0.0, 0.0)):
        sketch = draw(40, 12, Camera(), NEEDS, [Sighting(box, 0.9, 100.0, None, None, None)], DARKNESS)
        assert any("100" in "".join(row) for row in sketch.characters)


def test_of_the_pixels_nothing_is_left_but_a_few_steps_of_light() -> None:
    """16 × 9 fields of five steps: fine detail of a picture changes nothing."""
    height, width = 720, 1280
    plain = np.full((height, width, 3), 100, np.uint8)
    detailed = plain.copy()
    detailed[::2] += 20
    detailed[1::2] -= 20
    assert light_map(plain).shape == (MAP_ROWS, MAP_COLUMNS)
    assert np.array_equal(light_map(plain), light_map(detailed))
    ramp = np.repeat(np.linspace(0, 255, width, dtype=np.uint8)[None, :, None], height, axis=0).repeat(3, axis=2)
    assert set(light_map(ramp).flatten()) == set(range(STEPS))


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (480, 640), (3840, 2160)])
@pytest.mark.parametrize(("width", "height"), [(80, 23), (40, 12), (200, 60)])
def test_every_line_fits_the_terminal(size: tuple[int, int], width: int, height: int) -> None:
    """80×24 over SSH, and whatever else."""
    drawn = lines(view(sighting(90.0), sighting(20.0, 0.7), size=size), CAMERA, width, height)
    assert len(drawn) <= height
    assert all(line.cell_len <= width for line in drawn)
    columns, rows = fitted(size, width, height)
    assert columns <= width
    assert rows <= height


def test_what_is_drawn_is_also_said_in_words() -> None:
    """For who sees no colours."""
    said = "\n".join(line.plain for line in lines(view(sighting(90.0), sighting(20.0, 0.7)), CAMERA, 80, 23))
    for words in (
        "door is live",
        "2, 20 to 90 px high; 1 high enough",
        "24 px for emotion",
        "15 px to be found",
        "turn the focus",
    ):
        assert words in said, words
    assert "turn the focus" in said


def test_without_a_picture_the_camera_says_why() -> None:
    """Dark, frozen, opening."""
    dark = View(Standing(CameraState.DARK, 0.0, "is there light?"))
    assert "is there light?" in "\n".join(line.plain for line in lines(dark, CAMERA, 80, 23))


def test_json_tells_heights_and_places_but_no_scores() -> None:
    """What who points a camera needs."""
    told = view(sighting(90.0)).told()
    assert told["faces"] == [{"height_px": 90, "x": 0.45, "y": 0.49, "emotion": False}]
    assert told["needed_px"] == {"emotion": 24.0, "face": 15.0}
    assert set(told) == {
        *("state", "reason", "width", "height", "needed_px", "faces"),
        *("light", "white_share", "black_share", "sharpness"),
    }


def test_sharpness_falls_with_blur_whatever_the_light() -> None:
    """Whoever turns the ring sees it rise to its best."""
    import cv2

    grain = np.random.default_rng(1).integers(60, 200, (240, 320, 1), np.uint8).repeat(3, axis=2)
    blurred = [np.asarray(cv2.GaussianBlur(grain, (0, 0), sigma), np.uint8) for sigma in (0.5, 1.0, 2.0, 4.0)]
    figures = [quality(picture).sharpness for picture in blurred]
    assert figures == sorted(figures, reverse=True)
    assert figures[0] > figures[-1] + 0.2
    assert quality(np.zeros((48, 64, 3), np.uint8)) == Quality(0.0, 0.0, 1.0, 0.0)
