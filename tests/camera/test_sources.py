"""Which source is which, and what each broken input is answered with."""

import os
from pathlib import Path

import cv2
import pytest

from edged.camera.pictures import Pictures
from edged.camera.recording import Recording
from edged.camera.sources import open_source
from edged.config.model import Camera
from edged.errors import ConfigError, EdgedError, InputError, MissingInputError
from tests.camera.clips import jpeg, picture, write_folder, write_video


def refusal(source: Path | str, kind: type[EdgedError], capfd: pytest.CaptureFixture[str]) -> str:
    """Open what can't be opened; check that the answer is one quiet sentence, and return it."""
    with pytest.raises(kind) as raised:
        open_source(Camera(id="door", source=str(source))).read()
    text = str(raised.value)
    assert raised.value.exit_code == kind.exit_code
    assert "camera 'door'" in text
    assert "\n" not in text
    assert capfd.readouterr().err == ""
    return text


def test_a_missing_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It is named, and the person told where to look."""
    text = refusal(tmp_path / "none.mp4", MissingInputError, capfd)
    assert text == f"camera 'door': there is no file or folder {tmp_path}/none.mp4: check its source"


def test_an_empty_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A zero-byte video is said to be empty."""
    (tmp_path / "zero.mp4").touch()
    assert "is empty" in refusal(tmp_path / "zero.mp4", InputError, capfd)


def test_a_text_named_mp4(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The name doesn't make it a video."""
    (tmp_path / "text.mp4").write_text("not a video\n" * 100)
    assert "is not a video that can be played" in refusal(tmp_path / "text.mp4", InputError, capfd)


def test_a_video_without_its_index(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An mp4 that was cut short before its index was written holds nothing that can be played."""
    whole = write_video(tmp_path / "whole.mp4", frames=50).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    assert "cut short" in refusal(tmp_path / "cut.mp4", InputError, capfd)


def test_sound_without_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A file that FFmpeg opens and that holds no video is none."""
    silence = bytes(8000)
    header = b"RIFF" + (36 + len(silence)).to_bytes(4, "little") + b"WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    header += (8000).to_bytes(4, "little") * 2 + b"\x01\x00\x08\x00data" + len(silence).to_bytes(4, "little")
    (tmp_path / "sound.wav").write_bytes(header + silence)
    assert "is not a video" in refusal(tmp_path / "sound.wav", InputError, capfd)


def test_a_folder_without_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Other files don't count."""
    (tmp_path / "notes.txt").touch()
    assert "holds no pictures" in refusal(tmp_path, MissingInputError, capfd)


def test_a_text_named_jpg(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The file is named, not only its folder."""
    (tmp_path / "a.jpg").write_text("not a picture")
    assert f"{tmp_path}/a.jpg is not a picture" in refusal(tmp_path, InputError, capfd)


def test_an_empty_picture(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A zero-byte picture is an InputError like any other."""
    (tmp_path / "a.png").touch()
    assert "is not a picture" in refusal(tmp_path, InputError, capfd)


def test_a_pipe_is_no_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Opening one would wait for a writer for ever."""
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "neither a file nor a folder" in refusal(tmp_path / "pipe.mp4", InputError, capfd)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Rights are told from absence."""
    write_video(tmp_path / "clip.mp4").chmod(0)
    assert "may not be read" in refusal(tmp_path / "clip.mp4", MissingInputError, capfd)


@pytest.mark.parametrize("source", ["rtmp://camera.local/live", "ftp://camera.local/clip.mp4"])
def test_a_scheme_that_edged_does_not_read(source: str, capfd: pytest.CaptureFixture[str]) -> None:
    """FFmpeg would read much more than is promised; it isn't asked."""
    assert "rtsp://" in refusal(source, ConfigError, capfd)


def test_a_negative_number(capfd: pytest.CaptureFixture[str]) -> None:
    """Cameras are counted from 0."""
    assert "no camera number -1" in refusal("-1", ConfigError, capfd)


def test_a_single_picture_is_a_folder_of_one(tmp_path: Path) -> None:
    """A picture file plays as one frame."""
    (tmp_path / "a.jpg").write_bytes(jpeg(picture()))
    source = open_source(Camera(id="door", source=str(tmp_path / "a.jpg")))
    assert source.read() is not None
    assert source.read() is None


def test_files_in_dev_shm_are_files(tmp_path: Path) -> None:
    """Not everything below /dev is a device."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no /dev/shm here")
    path = Path(f"/dev/shm/edged-test-{os.getpid()}.mp4")
    try:
        write_video(path)
        assert isinstance(open_source(Camera(id="door", source=str(path))), Recording)
    finally:
        path.unlink()


def test_capture_times_begin_at_the_base(tmp_path: Path) -> None:
    """Videos and pictures both count from where they are told to."""
    video, folder = write_video(tmp_path / "clip.mp4", fps=10.0), write_folder(tmp_path / "pictures")
    for source in (video, folder):
        first = open_source(Camera(id="door", source=str(source), fps=10), base=500.0).read()
        assert first is not None
        assert first.captured == 500.0


def test_pictures_come_by_name_at_their_rate(tmp_path: Path) -> None:
    """Two a second are half a second apart, in the order of their names, whatever their type and size."""
    for index, (name, side) in enumerate([("c.bmp", 40), ("a.jpeg", 60), ("b.PNG", 80), ("d.webp", 100)]):
        cv2.imwrite(str(tmp_path / f"x{index}{Path(name).suffix.lower()}"), picture(0, side, side))
        (tmp_path / f"x{index}{Path(name).suffix.lower()}").rename(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    source = Pictures("door", tmp_path, fps=2.0)
    frames = [frame for _ in range(4) if (frame := source.read()) is not None]
    assert [frame.pixels.shape[0] for frame in frames] == [60, 80, 40, 100]
    assert [frame.captured for frame in frames] == [0.0, 0.5, 1.0, 1.5]


def test_grey_and_transparent_pictures_are_frames(tmp_path: Path) -> None:
    """One channel or four become three."""
    cv2.imwrite(str(tmp_path / "grey.png"), picture()[:, :, 0])
    cv2.imwrite(str(tmp_path / "alpha.png"), cv2.cvtColor(picture(), cv2.COLOR_BGR2BGRA))
    source = Pictures("door", tmp_path)
    for _ in range(2):
        frame = source.read()
        assert frame is not None
        assert frame.pixels.shape == picture().shape
