"""Videos that the service is shown, and the brokers it talks to."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from tests.brokers import Mosquitto, mosquitto
from tests.end_to_end.process import Running, environment

__all__ = ["mosquitto"]


def thinned(source: Path, target: Path, keep_every: int, seconds: float | None = None) -> Path:
    """Write a video anew with every n-th frame at an n-th of its rate: the same scene for an n-th of the work."""
    reader = cv2.VideoCapture(str(source))
    fps = reader.get(cv2.CAP_PROP_FPS) / keep_every
    size = int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    assert reader.isOpened()
    assert writer.isOpened()
    number = 0
    while reader.grab() and (seconds is None or number < seconds * fps * keep_every):
        if number % keep_every == 0:
            writer.write(reader.retrieve()[1])
        number += 1
    writer.release()
    reader.release()
    return target


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for videos made for these tests."""
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="session")
def sample(repository: Path) -> Path:
    """The bundled sample video: 70 s, 25 frames a second, known visits."""
    return repository / "tools" / "sample" / "sample.mp4"


@pytest.fixture(scope="session")
def sample_at_5_fps(sample: Path, videos: Path) -> Path:
    """The whole sample at five frames a second."""
    return thinned(sample, videos / "sample-5-fps.mp4", 5)


@pytest.fixture(scope="session")
def short_sample(sample: Path, videos: Path) -> Path:
    """The first ten seconds of the sample at five frames a second: two visits."""
    return thinned(sample, videos / "sample-short.mp4", 5, seconds=10)


@pytest.fixture(scope="module")
def lasting_mosquitto(
    tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]
) -> Iterator[Mosquitto]:
    """A mosquitto that all tests of a module share."""
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"), program=require_tool("mosquitto"))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="session", autouse=True)
def demo(
    request: pytest.FixtureRequest, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running | None]:
    """tools/demo, past its installation, beside the other tests: it takes a minute and hardly any processor."""
    if not any(item.path.name == "test_the_demo.py" for item in request.session.items):
        yield None
        return
    log = tmp_path_factory.mktemp("demo") / "log"
    with log.open("wb") as sink:
        show = repository / "tools" / "demo_support" / "show.py"
        process = subprocess.Popen(
            [sys.executable, str(show)], cwd=repository, env=environment(), stdout=sink, stderr=sink
        )
    yield Running(process, log)
    process.terminate()
    process.wait()
