"""Small recordings made on the spot: red on the left, blue on the right, and a white line that moves."""

import subprocess
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 96, 64


def picture(index: int = 0, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = (0, 0, 230)
    image[:, width // 2 :] = (230, 0, 0)
    image[index % height] = 255
    return image


def jpeg(image: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def write_video(path: Path, frames: int = 10, fps: float = 10.0, codec: str = "mp4v") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for index in range(frames):
        writer.write(picture(index))
    writer.release()
    return path


def write_folder(path: Path, pictures: int = 10) -> Path:
    path.mkdir()
    for index in range(pictures):
        (path / f"{index:03}.jpg").write_bytes(jpeg(picture(index)))
    return path


def convert(ffmpeg: str, source: Path, target: Path, *options: str) -> Path:
    subprocess.run([ffmpeg, "-v", "error", "-y", "-i", str(source), *options, str(target)], check=True)
    return target


def is_red_then_blue(pixels: NDArray[np.uint8]) -> bool:
    """Tell whether the picture is the one above, its colours in the order blue, green, red."""
    blue, _, red = range(3)
    middle = pixels.shape[1] // 2
    left, right = pixels[:, : middle - 4].mean(axis=(0, 1)), pixels[:, middle + 4 :].mean(axis=(0, 1))
    return bool(left[red] > left[blue] + 100 and right[blue] > right[red] + 100)
