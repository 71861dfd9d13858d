"""Which of a camera's modes is taken."""

from pathlib import Path

import pytest

from edged.camera.modes import _FORMAT, _INTERVAL, _SIZE, Mode, _within, choose, offered
from edged.config.model import Camera

WEBCAM = [
    Mode("YUYV", 640, 480, 30.0),
    Mode("YUYV", 1280, 720, 10.0),
    Mode("YUYV", 1920, 1080, 5.0),
    *(
        Mode("MJPG", width, height, fps)
        for width, height in ((640, 480), (1280, 720), (1920, 1080))
        for fps in (15.0, 30.0)
    ),
]
"""A usual USB 2 webcam: large uncompressed pictures are slow."""


def chosen(**asked: object) -> Mode | None:
    return choose(WEBCAM, Camera.model_validate({"id": "door", **asked}))


@pytest.mark.parametrize(
    ("asked", "mode"),
    [
        ({}, Mode("YUYV", 1280, 720, 10.0)),
        ({"fps": 15}, Mode("MJPG", 1280, 720, 15.0)),
        ({"width": 1920, "height": 1080}, Mode("MJPG", 1920, 1080, 15.0)),
        ({"width": 1920, "height": 1080, "fps": 5}, Mode("YUYV", 1920, 1080, 5.0)),
        ({"pixel_format": "MJPG"}, Mode("MJPG", 1280, 720, 15.0)),
        ({"pixel_format": "MJPG", "fps": 30}, Mode("MJPG", 1280, 720, 30.0)),
        ({"pixel_format": "YUYV", "fps": 30}, Mode("YUYV", 1280, 720, 10.0)),
        ({"width": 600, "height": 500}, Mode("YUYV", 640, 480, 30.0)),
        ({"pixel_format": "H264"}, Mode("YUYV", 1280, 720, 10.0)),
    ],
    ids=str,
)
def test_the_nearest_that_there_is(asked: dict[str, object], mode: Mode) -> None:
    """What is configured first, the cheapest of the rest."""
    assert chosen(**asked) == mode


def test_a_format_that_can_not_be_read_is_taken_only_when_asked_for() -> None:
    """H.264 from a webcam needs another reader."""
    only = [Mode("H264", 1280, 720, 30.0)]
    assert choose(only, Camera(id="door")) is None
    assert choose(only, Camera(id="door", pixel_format="H264")) == only[0]


@pytest.mark.parametrize(("wanted", "expected"), [(1280, 1280), (1283, 1280), (5000, 1920), (10, 64)])
def test_sizes_by_steps(wanted: int, expected: int) -> None:
    """Some cameras scale to any size between two."""
    assert _within(wanted, 64, 1920, 16) == expected


def test_the_kernel_s_structures_have_their_sizes() -> None:
    """The sizeof of v4l2_fmtdesc, v4l2_frmsizeenum and v4l2_frmivalenum; the kernel refuses any other."""
    assert (_FORMAT.size, _SIZE.size, _INTERVAL.size) == (64, 44, 52)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/video97"])
def test_what_is_no_camera_lists_nothing(device: str) -> None:
    """No error: opening it will say what is wrong."""
    assert offered(Path(device)) == []
