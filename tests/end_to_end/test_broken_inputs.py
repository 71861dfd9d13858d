"""What is broken is said in one clear sentence, with an exit code that tells who must act; what may pass is retried."""

import subprocess
from pathlib import Path

import pytest

from edged.errors import ExitCode
from tests.brokers import Mosquitto, Subscriber, free_port
from tests.end_to_end.process import Settings, finish, finish_plain, running, wait_for


def refused(done: subprocess.CompletedProcess[str], code: ExitCode, *words: str) -> None:
    """Check that a command has ended with this code and a sentence that holds these words, without a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    sentences = [line for line in done.stderr.splitlines() if line.startswith("edged: ")]
    assert len(sentences) == 1, done.stderr
    for word in words:
        assert word in sentences[0]


def recording(source: Path, state: Path) -> Settings:
    """A recording, whose trouble ends the service at once."""
    return {"camera.source": str(source), "camera.pace": "fast", "outbox.folder": str(state)}


@pytest.mark.parametrize("words", [["sense"], ["run"]])
def test_video_is_missing(words: list[str], tmp_path: Path) -> None:
    """Exit code 66, under the supervisor as well: trying again would help nobody."""
    path = tmp_path / "none.mp4"
    refused(finish(words, recording(path, tmp_path / "state")), ExitCode.NO_INPUT, str(path), "no file")


def test_video_is_empty(tmp_path: Path) -> None:
    """Exit code 65: a file, but nothing in it."""
    path = tmp_path / "empty.mp4"
    path.touch()
    refused(finish(["sense"], recording(path, tmp_path / "state")), ExitCode.DATA, str(path), "empty")


def test_video_is_text(tmp_path: Path) -> None:
    """Exit code 65: a name is not a format."""
    path = tmp_path / "notes.mp4"
    path.write_text("milk\nbread\n" * 1000)
    refused(finish(["sense"], recording(path, tmp_path / "state")), ExitCode.DATA, str(path), "not a video")


def test_real_time_recording_is_text(tmp_path: Path) -> None:
    """Exit code 65 in real time too, where another thread meets the file."""
    path = tmp_path / "notes.mp4"
    path.write_text("milk\nbread\n" * 1000)
    settings = {**recording(path, tmp_path / "state"), "camera.pace": "real-time"}
    refused(finish(["sense"], settings), ExitCode.DATA, str(path), "not a video")


@pytest.fixture
def damaged(repository: Path, tmp_path: Path) -> Path:
    """A folder with a sound card and a model file in which one bit is wrong."""
    folder = tmp_path / "models"
    folder.mkdir()
    card = (repository / "models" / "centerface-320x256.toml").read_text()
    (folder / "damaged.toml").write_text(card.replace("centerface-320x256", "damaged"))
    content = bytearray((repository / "models" / "centerface-320x256.tflite").read_bytes())
    content[len(content) // 2] ^= 0x10
    (folder / "damaged.tflite").write_bytes(content)
    return folder


def test_model_has_one_flipped_bit(sample: Path, damaged: Path, tmp_path: Path) -> None:
    """Exit code 65, before the interpreter sees the file."""
    vision = {"vision.models_folder": str(damaged), "vision.face_model": "damaged"}
    done = finish(["sense"], {**recording(sample, tmp_path / "state"), **vision})
    refused(done, ExitCode.DATA, "damaged.tflite")


def test_configuration_is_no_toml(tmp_path: Path) -> None:
    """Exit code 78, with file and line."""
    path = tmp_path / "edged.toml"
    path.write_text("[device]\nid = till\n")
    refused(finish(["run"], {}, path), ExitCode.CONFIG, str(path), "line 2")


def test_configuration_has_an_unknown_key(tmp_path: Path) -> None:
    """Exit code 78, with the key that was probably meant."""
    path = tmp_path / "edged.toml"
    path.write_text("[windows]\nlenght_s = 60\n")
    refused(finish(["run"], {}, path), ExitCode.CONFIG, str(path), "windows.lenght_s", "length_s")


def test_configuration_is_missing(tmp_path: Path) -> None:
    """Exit code 66, for a file that was asked for by name."""
    path = tmp_path / "none.toml"
    refused(finish(["run"], {}, path), ExitCode.NO_INPUT, str(path))


@pytest.mark.parametrize("words", [["sense"], ["publish"], ["run"]])
def test_state_folder_can_t_be_made(words: list[str], sample: Path, tmp_path: Path) -> None:
    """Exit code 73, naming the folder."""
    (tmp_path / "file").touch()
    state = tmp_path / "file" / "state"
    done = finish(words, recording(sample, state))
    assert done.returncode == ExitCode.CANNOT_CREATE
    assert str(state) in done.stderr
    assert "Traceback" not in done.stderr


def test_camera_is_absent(lasting_mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The service stays, says in log and status that the camera is offline, and keeps trying."""
    settings: Settings = {
        "device.id": "blind",
        "camera.source": "/dev/video99",
        "windows.length_s": 5,
        "outbox.folder": str(tmp_path / "state"),
        "broker.host": "127.0.0.1",
        "broker.port": lasting_mosquitto.port,
    }
    subscriber = Subscriber(lasting_mosquitto.port)
    with running(["run"], settings, tmp_path / "log") as edged:
        edged.wait_for_words("/dev/video99")
        status = wait_for(
            lambda: [s for s in subscriber.statuses if s["sense"] and s["sense"]["cameras"][0]["state"] == "offline"],
            "an offline camera in the status",
            edged.said,
        )[-1]
        assert status["sense"]["cameras"][0]["reason"]
        window = wait_for(lambda: subscriber.messages, "a window", edged.said)[-1].told
        assert window["coverage"]["live_share"] == 0  # blind, which is not the same as empty
        assert edged.process.poll() is None
    subscriber.close()
    assert "Traceback" not in edged.said()


def test_broker_is_absent_at_first(short_sample: Path, tmp_path: Path, mosquitto: Mosquitto) -> None:
    """The service says that nobody answers, keeps what it has, and delivers when the broker comes."""
    mosquitto.kill()
    mosquitto.port = free_port()
    settings = {
        **recording(short_sample, tmp_path / "state"),
        "windows.length_s": 5,
        "broker.host": "127.0.0.1",
        "broker.port": mosquitto.port,
    }
    with running(["run"], settings, tmp_path / "log") as edged:
        edged.wait_for_words(f"127.0.0.1:{mosquitto.port}")
        mosquitto.start()
        subscriber = Subscriber(mosquitto.port)
        assert edged.wait() == ExitCode.OK
        wait_for(lambda: subscriber.messages, "the windows", edged.said)
    subscriber.close()
    assert "Traceback" not in edged.said()


def test_verify_finds_a_damaged_model(damaged: Path) -> None:
    """`edged models verify` ends with 65 and names the model, so that a script can ask."""
    done = finish_plain("models", "verify", "--folder", str(damaged))
    assert done.returncode == ExitCode.DATA
    assert "damaged" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
