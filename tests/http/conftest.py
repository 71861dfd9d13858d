"""The real `edged serve`, started once for most tests, and pictures to send to it."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import cv2
import httpx
import pytest

from tests.end_to_end.conftest import thinned
from tests.end_to_end.process import LONG_S, command, environment, wait_for


class Server:
    """A server under test."""

    def __init__(self, words: Sequence[str], log: Path, verify: str | bool = True) -> None:
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command(["serve", "--port", "0", *words], {}), env=environment(), stderr=file, stdin=subprocess.DEVNULL
            )
        found = wait_for(lambda: re.search(r"serving (\S+?)/ ", self.said()) or self._ended(), "listening", self.said)
        assert isinstance(found, re.Match), self.said()
        self.url = found[1]
        self.client = httpx.Client(base_url=self.url, timeout=LONG_S, verify=verify, trust_env=False)

    def said(self) -> str:
        return self.log.read_text()

    def _ended(self) -> bool:
        return self.process.poll() is not None

    def until_ready(self) -> "Server":
        wait_for(lambda: self.client.get("/readyz").status_code == 200, "ready", self.said)
        return self


@contextmanager
def serving(words: Sequence[str], log: Path, verify: str | bool = True) -> Iterator[Server]:
    """Run a server; none outlives its test."""
    server = Server(words, log, verify)
    try:
        yield server
    finally:
        server.client.close()
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(LONG_S) == 0, server.said()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two threads, ready."""
    with serving(["--threads", "2"], tmp_path_factory.mktemp("serve") / "log") as running:
        yield running.until_ready()


@pytest.fixture(scope="session")
def portrait() -> Path:
    """A picture with one face, 512 × 600."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"


@pytest.fixture(scope="session")
def two_faces(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame of the sample with two faces, 640 × 480."""
    path = tmp_path_factory.mktemp("pictures") / "two.png"
    reader = cv2.VideoCapture(str(repository / "tools" / "sample" / "sample.mp4"))
    reader.set(cv2.CAP_PROP_POS_MSEC, 5000)
    assert cv2.imwrite(str(path), reader.read()[1])
    return path


@pytest.fixture(scope="session")
def clip(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of the sample at five frames a second."""
    target = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return thinned(repository / "tools" / "sample" / "sample.mp4", target, 5, seconds=10)


def memory_bytes(process: int) -> int:
    """Resident memory of a process."""
    with Path(f"/proc/{process}/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
