"""`edged bench` on a real video, with the models that ship and those that a user brings."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from edged.vision.card import FaceCard, load_cards
from tests.brokers import HOST
from tests.vision import tiny_models

REACH = "\n[reach]\ncanvas_px = [5.0, 10.0]\nrecall = [0.1, 0.3]\n"


def test_bench_measures_recommends_and_tells_nobody(tmp_path: Path, repository: Path) -> None:
    """Every stage; every face model whose card says what it finds; and the broker that is configured isn't called.

    What is being measured is said, so that nobody waits in the dark.
    """
    clip = tmp_path / "clip.avi"
    film = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for _ in range(8):
        film.write(np.zeros((240, 320, 3), np.uint8))
    film.release()
    with tiny_models.write_face(tmp_path, "mine").open("a") as card:
        card.write(REACH)
    tiny_models.write_face(tmp_path, "unmeasured")
    with socket.socket() as broker:
        broker.bind((HOST, 0))
        broker.listen()
        broker.setblocking(False)
        settings = [f"vision.models_folder={tmp_path}", f"broker.port={broker.getsockname()[1]}"]
        command = [sys.executable, "-m", "edged", "bench", str(clip), "--face-px", "60", "--json"]
        command += [argument for setting in settings for argument in ("--set", setting)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=repository)
        assert done.returncode == 0, done.stderr
        assert called(broker) is False
    figures = json.loads(done.stdout)
    assert figures["frames"] == 7, "the first warms up"
    assert figures["overhead_ratio"] > 1
    assert all(stage["median_ms"] >= 0 for stage in figures["stages"].values())
    assert min(figures["sense_peak_rss_mb"], figures["publish_peak_rss_mb"]) > 10
    advice = figures["recommendation"]
    with_reach = {name for name, card in load_cards().items() if isinstance(card, FaceCard) and card.reach}
    judged = {choice["model"] for choice in advice["choices"]}
    assert judged == with_reach | {"mine"}
    assert all(f"edged: measuring {name}\n" in done.stderr for name in judged)
    assert "edged: measuring sense on the video" in done.stderr
    assert advice["face_model"] in judged | {"auto"}


def called(broker: socket.socket) -> bool:
    """Whether anybody has connected; the kernel keeps who did."""
    try:
        broker.accept()[0].close()
    except BlockingIOError:
        return False
    return True
