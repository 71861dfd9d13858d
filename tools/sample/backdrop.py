"""The shop in which the people of the sample video walk: drawn, not photographed, so that it belongs to nobody.

Strategy: everything is drawn at twice the size and reduced at the end (that is the anti-aliasing). Two pictures come
out: the room behind the people, a little out of focus, and the counter in front of them, which hides where the
portraits end. Rules: colours are BGR; the only chance is a seeded generator, so the room is the same on every run.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Room = npt.NDArray[np.float32]
Colour = tuple[float, float, float]

WIDTH, HEIGHT = 640, 480
HORIZON_Y = 140.0
"""Row of the camera's own height: the higher a person's face lies over the lens, the farther it moves from here."""
COUNTER_Y = 392
"""Upper edge of the counter in the foreground."""

_FLOOR_Y = 316
_PRODUCTS: tuple[Colour, ...] = (
    (92, 132, 196), (150, 118, 70), (96, 150, 110), (80, 92, 178), (178, 168, 148), (70, 150, 190), (140, 96, 120),
    (190, 190, 196), (108, 128, 88), (76, 110, 150),
)  # fmt: skip


def _box(room: Room, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
    """A filled rectangle; coordinates in video pixels."""
    cv2.rectangle(room, (round(2 * x0), round(2 * y0)), (round(2 * x1) - 1, round(2 * y1) - 1), colour, -1)


def _fade(room: Room, x0: float, y0: float, x1: float, y1: float, top: Colour, bottom: Colour) -> None:
    """A filled rectangle whose colour runs from `top` to `bottom`."""
    rows = slice(round(2 * y0), round(2 * y1))
    part = np.linspace(0, 1, rows.stop - rows.start, dtype=np.float32)[:, None]
    room[rows, round(2 * x0) : round(2 * x1)] = (
        np.asarray(top, np.float32) * (1 - part) + np.asarray(bottom, np.float32) * part
    )[:, None, :]


def _glow(room: Room, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
    """Light added around a point, falling off softly."""
    ys, xs = np.mgrid[0 : room.shape[0], 0 : room.shape[1]].astype(np.float32)
    falloff = np.exp(-(((xs - 2 * x) ** 2 + (ys - 2 * y) ** 2) / (2 * (2 * radius) ** 2)))
    room += strength * falloff[..., None] * np.asarray(colour, np.float32) / 255


def _shelves(room: Room, rng: np.random.Generator, x0: int, x1: int) -> None:
    """A wooden unit with goods on four boards."""
    _box(room, x0 - 5, 84, x1 + 5, _FLOOR_Y + 2, (72, 98, 128))
    boards = (138, 190, 242, 296)
    top = 90
    for board in boards:
        _fade(room, x0, top, x1, board, (54, 72, 92), (84, 108, 134))
        x = float(x0 + 4)
        while x < x1 - 10:
            kind = int(rng.integers(3))
            width, height = float(rng.uniform(10, 22)), float(rng.uniform(20, board - top - 8))
            copies = int(rng.integers(1, 5))
            colour = _PRODUCTS[int(rng.integers(len(_PRODUCTS)))]
            for _ in range(copies):
                if x + width > x1 - 4:
                    break
                _goods(room, kind, x, board, width, height, colour)
                x += width + 1.5
            x += float(rng.uniform(1, 6))
        _box(room, x0, board, x1, board + 5, (104, 138, 172))
        _box(room, x0, board + 5, x1, board + 7, (46, 62, 80))
        top = board + 7


def _goods(room: Room, kind: int, x: float, y: float, width: float, height: float, colour: Colour) -> None:
    """A carton, a bottle or a jar standing on row `y`."""
    light: Colour = (min(255, colour[0] + 34), min(255, colour[1] + 34), min(255, colour[2] + 34))
    if kind == 0:
        _box(room, x, y - height, x + width, y, colour)
        _box(room, x + 1.5, y - height * 0.72, x + width - 1.5, y - height * 0.4, light)
    elif kind == 1:
        _box(room, x, y - height * 0.66, x + width * 0.8, y, colour)
        _box(room, x + width * 0.26, y - height, x + width * 0.54, y - height * 0.6, colour)
        _box(room, x, y - height * 0.46, x + width * 0.8, y - height * 0.16, light)
    else:
        tall = min(height, width * 1.5)
        _box(room, x, y - tall, x + width * 0.9, y, light)
        _box(room, x - 0.5, y - tall - 3, x + width * 0.9 + 0.5, y - tall + 1, colour)


def _doorway(room: Room, x0: int, x1: int) -> None:
    """A glass door to a bright street."""
    _box(room, x0 - 8, 62, x1 + 8, _FLOOR_Y, (58, 64, 70))
    _fade(room, x0, 70, x1, 205, (240, 232, 218), (226, 222, 212))
    _fade(room, x0, 205, x1, _FLOOR_Y, (186, 190, 188), (160, 166, 168))
    for left, top, right, colour in (
        (0.0, 120, 0.3, (178, 186, 196)), (0.3, 142, 0.52, (188, 178, 166)), (0.7, 108, 1.0, (170, 178, 184)),
    ):  # fmt: skip
        _box(room, x0 + left * (x1 - x0), top, x0 + right * (x1 - x0), 215, colour)
    street = room[140 : 2 * _FLOOR_Y, 2 * x0 : 2 * x1]
    street[:] = np.asarray(cv2.GaussianBlur(street, (0, 0), 9))
    middle = (x0 + x1) / 2
    _box(room, middle - 3, 70, middle + 3, _FLOOR_Y, (58, 64, 70))
    for handle in (middle - 9, middle + 6):
        _box(room, handle, 196, handle + 3, 236, (196, 200, 204))
    _box(room, x0 + 14, 118, x0 + 62, 140, (70, 92, 120))
    cv2.putText(room, "OPEN", (2 * x0 + 35, 268), cv2.FONT_HERSHEY_DUPLEX, 1.1, (236, 240, 244), 2, cv2.LINE_AA)


def _floor(room: Room) -> None:
    """Tiles that run towards the horizon, with the daylight of the door on them."""
    _fade(room, 0, _FLOOR_Y, WIDTH, HEIGHT, (134, 146, 156), (158, 170, 180))
    for step in range(-14, 15):
        far = 320 + step * 44
        near = 320 + (far - 320) * (HEIGHT - HORIZON_Y) / (_FLOOR_Y - HORIZON_Y)
        ends = (round(2 * far), 2 * _FLOOR_Y), (round(2 * near), 2 * HEIGHT)
        cv2.line(room, *ends, (122, 134, 144), 2, cv2.LINE_AA)
    for depth in (1.0, 1.15, 1.33, 1.55, 1.83):
        y = round(2 * (HORIZON_Y + (_FLOOR_Y - HORIZON_Y) * depth))
        cv2.line(room, (0, y), (2 * WIDTH, y), (122, 134, 144), 2, cv2.LINE_AA)
    _box(room, 0, _FLOOR_Y - 9, WIDTH, _FLOOR_Y, (88, 100, 110))


def room() -> Room:
    """What is behind the people: BGR, shape (480, 640, 3), 0..255."""
    rng = np.random.default_rng(20)
    canvas: Room = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.float32)
    _fade(canvas, 0, 0, WIDTH, _FLOOR_Y, (176, 190, 200), (196, 208, 214))
    _fade(canvas, 0, 0, WIDTH, 46, (150, 160, 168), (170, 182, 190))
    _box(canvas, 0, 44, WIDTH, 48, (140, 152, 162))
    _floor(canvas)
    _doorway(canvas, 262, 398)
    _shelves(canvas, rng, 18, 226)
    _shelves(canvas, rng, 434, 622)
    for lamp in (122, 330, 528):
        _box(canvas, lamp - 0.7, 0, lamp + 0.7, 22, (60, 66, 72))
        corners = np.array([[lamp - 5, 20], [lamp + 5, 20], [lamp + 17, 38], [lamp - 17, 38]]) * 2
        cv2.fillPoly(canvas, [corners.astype(np.int32)], (64, 78, 92), cv2.LINE_AA)
        cv2.ellipse(canvas, (2 * lamp, 76), (32, 7), 0, 0, 360, (214, 240, 255), -1, cv2.LINE_AA)
        _glow(canvas, lamp, 56, 54, (150, 205, 240), 46)
    _glow(canvas, 330, 200, 90, (235, 225, 210), 26)
    _glow(canvas, 330, 345, 70, (225, 220, 210), 26)
    small = cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    soft = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.5), np.float32)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    vignette = 1 - 0.2 * (((xs - 320) / 400) ** 2 + ((ys - 240) / 300) ** 2)
    return np.asarray(np.clip(soft * vignette[..., None], 0, 255), np.float32)


def counter() -> tuple[Room, Room]:
    """What is in front of the people: BGR (480, 640, 3) and its coverage (480, 640), 0..1."""
    rng = np.random.default_rng(21)
    canvas: Room = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.float32)
    cover: Room = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.float32)
    _fade(canvas, 0, COUNTER_Y, WIDTH, HEIGHT, (88, 124, 158), (70, 102, 134))
    for _ in range(90):  # the grain of the wood: long, faint, nearly level strokes
        y, x, length = rng.uniform(2 * COUNTER_Y + 8, 2 * HEIGHT), rng.uniform(-200, 2 * WIDTH), rng.uniform(200, 700)
        shade = float(rng.uniform(-9, 9))
        ends = (round(x), round(y)), (round(x + length), round(y + rng.uniform(-5, 5)))
        cv2.line(canvas, *ends, (80 + shade, 114 + shade, 147 + shade), 2, cv2.LINE_AA)
    _box(canvas, 0, COUNTER_Y, WIDTH, COUNTER_Y + 3, (132, 172, 206))
    _box(cover, 0, COUNTER_Y, WIDTH, HEIGHT, (1, 1, 1))
    for layer, body, screen, keys in (
        (canvas, (58, 56, 54), (168, 182, 150), (128, 126, 122)), (cover, (1, 1, 1), (1, 1, 1), (1, 1, 1)),
    ):  # fmt: skip
        stand = np.array([[548, 372], [600, 372], [612, 452], [540, 452]]) * 2
        cv2.fillPoly(layer, [stand.astype(np.int32)], body, cv2.LINE_AA)
        _box(layer, 554, 379, 595, 398, screen)
        for row in range(3):
            for column in range(3):
                _box(layer, 554 + column * 15, 406 + row * 13, 564 + column * 15, 414 + row * 13, keys)
    _plant(canvas, cover, rng)
    blurred = cv2.GaussianBlur(cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), (0, 0), 0.8)
    edge = cv2.GaussianBlur(cv2.resize(cover, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), (0, 0), 0.8)[..., 0]
    # Outside the counter its picture is black and must not darken the blurred edge.
    coverage = np.asarray(edge, np.float32)
    return np.asarray(blurred, np.float32) / np.maximum(coverage, 1e-3)[..., None], coverage


def _plant(canvas: Room, cover: Room, rng: np.random.Generator) -> None:
    """A pot with leaves at the left end of the counter, low enough to hide no face."""
    for _ in range(34):
        angle, length = rng.uniform(-1.25, 1.25), rng.uniform(26, 52)
        tip = (64 + length * np.sin(angle), 412 - length * np.cos(angle))
        centre = (round(64 + tip[0]), round(412 + tip[1]))
        tilt = float(np.degrees(angle)) - 90
        green = float(rng.uniform(-22, 22))
        size = (round(length), round(rng.uniform(7, 11)))
        cv2.ellipse(canvas, centre, size, tilt, 0, 360, (70 + green, 122 + green, 84 + green), -1, cv2.LINE_AA)
        cv2.ellipse(cover, centre, size, tilt, 0, 360, (1, 1, 1), -1, cv2.LINE_AA)
    pot = np.array([[38, 408], [90, 408], [82, 456], [46, 456]]) * 2
    for layer, clay in ((canvas, (86, 112, 168)), (cover, (1, 1, 1))):
        cv2.fillPoly(layer, [pot.astype(np.int32)], clay, cv2.LINE_AA)
    _box(canvas, 35, 404, 93, 413, (98, 126, 184))
    _box(cover, 35, 404, 93, 413, (1, 1, 1))
