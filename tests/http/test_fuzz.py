"""Mutated pictures never stop the server; the long form is tools/fuzz_pictures. And docs/HTTP.md's examples run."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2

from tests.end_to_end.process import environment
from tests.formats.documented import check_aggregate
from tests.http.conftest import Server, memory_bytes


def test_mutated_pictures_never_stop_it(server: Server, two_faces: Path, repository: Path, tmp_path: Path) -> None:
    """Every one is answered, as a picture or with a problem; memory doesn't grow with them."""
    picture = cv2.imread(str(two_faces), cv2.IMREAD_REDUCED_COLOR_4)
    assert picture is not None
    paths = [tmp_path / f"small{suffix}" for suffix in (".jpg", ".png", ".webp", ".bmp", ".tiff")]
    for path in paths:
        assert cv2.imwrite(str(path), picture)
    before = memory_bytes(server.process.pid)
    done = subprocess.run(
        [sys.executable, repository / "tools" / "fuzz_pictures", "--url", server.url, "--count", "200", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert memory_bytes(server.process.pid) < before + 300e6


def test_the_examples_in_the_document_run(
    server: Server, portrait: Path, clip: Path, repository: Path, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """As they are written: three pictures, and a video from handing in to forgetting."""
    for tool in ("curl", "jq"):
        require_tool(tool)
    shutil.copy(portrait, tmp_path / "photo.jpg")
    shutil.copy(clip, tmp_path / "film.mp4")
    (script,) = re.findall(r"```sh\n(.*?)```", (repository / "docs" / "HTTP.md").read_text(), re.DOTALL)
    with_breaks = re.sub(r"(?m)^(curl .*)$", r"\1; echo", script)
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", with_breaks],
        cwd=tmp_path,
        env=environment() | {"EDGED": server.url},
        capture_output=True,
        text=True,
        check=True,
    )
    ours, smartclick, microsoft, *video = done.stdout.split("\n", 3)
    assert len(json.loads(ours)["faces"]) == len(json.loads(smartclick)) == len(json.loads(microsoft)) == 1
    check_aggregate(json.loads(video[0]))
