"""Videos as they are found: other containers, no stamps, cut short, damaged."""

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from edged.camera.recording import Recording
from edged.errors import InputError, MissingInputError
from tests.camera.clips import convert, is_red_then_blue, write_video


def times(recording: Recording) -> list[float]:
    found = []
    while (frame := recording.read()) is not None:
        found.append(frame.captured)
    recording.close()
    return found


def test_times_are_those_of_the_file(tmp_path: Path) -> None:
    """Ten frames a second are a tenth of a second apart, to the millisecond."""
    found = times(Recording("door", write_video(tmp_path / "clip.mp4", frames=10, fps=10.0)))
    assert found == pytest.approx([index / 10 for index in range(10)], abs=1e-3)


def test_the_same_file_gives_the_same_times(tmp_path: Path) -> None:
    """Bit for bit: a recording's messages depend on nothing else."""
    path = write_video(tmp_path / "clip.mp4", fps=29.97)
    assert times(Recording("door", path)) == times(Recording("door", path))


@pytest.mark.parametrize("name", ["clip.avi", "clip.mkv", "clip.webm", "clip.gif"])
def test_containers(name: str, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """What FFmpeg plays, edged plays, with times that fit."""
    plain = write_video(tmp_path / "plain.mp4", frames=10, fps=10.0)
    found = times(Recording("door", convert(require_tool("ffmpeg"), plain, tmp_path / name)))
    assert found == pytest.approx([index / 10 for index in range(10)], abs=0.02)


def test_without_stamps_frames_count(h264_clip: Path, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """Raw H.264 has no time stamps: its frames come evenly, at the rate that FFmpeg takes it to have."""
    raw = convert(require_tool("ffmpeg"), h264_clip, tmp_path / "clip.h264", "-c", "copy")
    found = times(Recording("door", raw))
    assert len(found) == 20
    steps = [later - earlier for earlier, later in pairwise(found)]
    assert steps == pytest.approx([steps[0]] * 19)
    assert 1 / 30 < steps[0] < 1 / 15


def test_b_frames_come_in_order(h264_clip: Path, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """Frames that are decoded out of order are shown in order, from zero on."""
    options = ("-c:v", "libx264", "-bf", "3", "-g", "20")
    found = times(Recording("door", convert(require_tool("ffmpeg"), h264_clip, tmp_path / "b.mp4", *options)))
    assert found == pytest.approx([index / 20 for index in range(20)], abs=1e-3)


def test_a_loop_has_no_seam(tmp_path: Path) -> None:
    """The second round begins one frame period after the first ended."""
    recording = Recording("door", write_video(tmp_path / "clip.mp4", frames=5, fps=10.0), loop=True, base=100.0)
    found = [recording.grab() for _ in range(12)]
    assert found == pytest.approx([100 + index / 10 for index in range(12)], abs=1e-3)


def test_a_loop_whose_file_is_gone_ends_with_a_sentence(tmp_path: Path) -> None:
    """A file that is deleted or emptied meanwhile is a matter for a person."""
    path = write_video(tmp_path / "clip.mp4", frames=2)
    for spoil, kind in ((lambda: path.write_bytes(b""), InputError), (path.unlink, MissingInputError)):
        recording = Recording("door", write_video(path, frames=2), loop=True)
        spoil()
        with pytest.raises(kind, match=str(path)):
            [recording.grab() for _ in range(3)]


def test_a_file_whose_times_begin_late_is_whole(
    h264_clip: Path, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """Matroska counts its length from 0: a recording that begins at 100 s isn't cut short by that."""
    late = convert(require_tool("ffmpeg"), h264_clip, tmp_path / "late.mkv", "-c", "copy", "-output_ts_offset", "100")
    recording = Recording("door", late)
    assert recording.length_s is not None
    assert recording.length_s > 100
    while recording.grab() is not None:
        pass
    assert recording.missing_s == 0


def test_a_truncated_file_ends_at_its_last_good_frame(
    tmp_path: Path, require_tool: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Half a file gives some of its frames, each whole, then the end, and not a word on standard error."""
    plain = write_video(tmp_path / "plain.mp4", frames=100)
    index_first = ("-c", "copy", "-movflags", "+faststart")
    whole = convert(require_tool("ffmpeg"), plain, tmp_path / "whole.mp4", *index_first).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    recording, frames = Recording("door", tmp_path / "half.mp4"), []
    while (frame := recording.read()) is not None:
        frames.append(frame)
    assert 0 < len(frames) < 100
    assert all(is_red_then_blue(frame.pixels) for frame in frames[:-1])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_never_crashes(
    seed: int, h264_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Flipped bytes give frames with growing times, or an InputError, and silence."""
    damaged, chance = bytearray(h264_clip.read_bytes()), random.Random(seed)
    for _ in range(40):
        damaged[chance.randrange(len(damaged))] ^= chance.randrange(1, 256)
    (tmp_path / "damaged.mp4").write_bytes(damaged)
    try:
        found = times(Recording("door", tmp_path / "damaged.mp4"))
    except InputError:
        found = []
    assert all(earlier < later for earlier, later in pairwise(found))
    assert capfd.readouterr().err == ""


def test_a_size_that_changes_midway(h264_clip: Path, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """Each frame has the size it was filmed in, or that of the first: never a torn one."""
    ffmpeg = require_tool("ffmpeg")
    small = convert(ffmpeg, h264_clip, tmp_path / "small.h264", "-c", "copy")
    large = convert(ffmpeg, h264_clip, tmp_path / "large.h264", "-vf", "scale=192:128")
    (tmp_path / "both.h264").write_bytes(small.read_bytes() + large.read_bytes())
    recording, shapes = Recording("door", tmp_path / "both.h264"), []
    while (frame := recording.read()) is not None:
        shapes.append(frame.pixels.shape)
        assert is_red_then_blue(frame.pixels)
    assert len(shapes) == 40
    assert set(shapes) <= {(64, 96, 3), (128, 192, 3)}


def test_a_colon_in_the_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg takes what stands before a colon for a protocol; a file's name isn't one."""
    write_video(tmp_path / "plain.mp4").rename(tmp_path / "10:30.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(times(Recording("door", Path("10:30.mp4")))) == 10


@pytest.mark.data
def test_real_clips_play(shared_data: Path) -> None:
    """The clips that people take to try things out play to their end, gifs too."""
    for path in sorted((shared_data / "videos").glob("*.gif")):
        found = times(Recording("door", path))
        assert len(found) > 30
        assert all(0 < later - earlier < 0.2 for earlier, later in pairwise(found))
