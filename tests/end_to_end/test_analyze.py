"""`edged analyze` as its user calls it: pictures and videos, other systems' words, what is broken, what is stopped."""

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import pytest

from edged.cli.main import main
from edged.errors import ExitCode
from edged.outbox.store import Outbox
from edged.service.analyse import EPOCH
from tests.end_to_end.conftest import thinned
from tests.end_to_end.process import LONG_S, Settings, command, environment, finish, wait_for
from tests.formats.documented import check_aggregate, check_microsoft, check_per_face, check_smartclick, check_times

START = "2026-11-22T08:00:00Z"


def told(*words: str, code: int = ExitCode.OK, settings: Settings | None = None) -> subprocess.CompletedProcess[str]:
    """Run `edged analyze` and check how it ends: never with a traceback."""
    done = finish(["analyze", *words], settings or {})
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def pictures(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a portrait and two frames of the sample, with one face and with two."""
    folder = tmp_path_factory.mktemp("pictures")
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    shutil.copy(Path(found.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg", folder / "a.jpg")
    reader = cv2.VideoCapture(str(sample))
    for name, at_ms in (("b.png", 2000), ("c.webp", 5000)):
        reader.set(cv2.CAP_PROP_POS_MSEC, at_ms)
        assert cv2.imwrite(str(folder / name), reader.read()[1])
    return folder


def test_a_folder_in_each_systems_words(pictures: Path) -> None:
    """A line for each picture, that names it; every answer as the systems documented theirs."""
    for form, check in (("smartclick", check_smartclick), ("microsoft", check_microsoft)):
        done = told("--format", form, str(pictures))
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line["file"] for line in lines] == [str(pictures / name) for name in ("a.jpg", "b.png", "c.webp")]
        assert [len(line["faces"]) for line in lines] == [1, 1, 2]
        for line in lines:
            check(line["faces"])
        assert "personal data, which stays on this machine" in done.stderr


def test_one_picture_is_answered_as_those_systems_did(pictures: Path) -> None:
    """A bare list, in pixels of the picture: by name, however it is written, and on standard input."""
    (face,) = json.loads(told("--format", "microsoft", f"{pictures}/./a.jpg").stdout)
    rectangle = face["faceRectangle"]
    # Where tools/sample/portraits.py has the face of this portrait: 173 to 364, 120 to 341.
    assert abs(rectangle["left"] + rectangle["width"] / 2 - 268) < 20
    assert abs(rectangle["top"] + rectangle["height"] / 2 - 230) < 30
    for_stdin = command(["analyze", "--format", "microsoft", "-"], {})
    with (pictures / "a.jpg").open("rb") as picture:
        piped = subprocess.run(for_stdin, env=environment(), stdin=picture, capture_output=True, check=True)
    assert json.loads(piped.stdout) == [face]


def test_given_rectangles_are_read_and_none_are_looked_for(pictures: Path, tmp_path: Path) -> None:
    """The caller's rectangles come back as they are, with scores, largest first; from the line, or from a file."""
    given = tmp_path / "faces.json"
    given.write_text(told("--format", "microsoft", str(pictures / "a.jpg")).stdout)
    from_file = json.loads(told("--format", "microsoft", "--faces", str(given), str(pictures / "a.jpg")).stdout)
    assert [face["faceRectangle"] for face in from_file] == [
        face["faceRectangle"] for face in json.loads(given.read_text())
    ]
    done = told("--format", "microsoft", "--faces", "0,0,40,40;180,120,177,217", str(pictures / "a.jpg"))
    both = json.loads(done.stdout)
    check_microsoft(both)
    assert [face["faceRectangle"]["width"] for face in both] == [177, 40]


def test_one_bad_file_doesn_t_stop_the_rest(pictures: Path, tmp_path: Path) -> None:
    """The good ones are told, the bad ones named at the end, and the exit code is the first one's."""
    bad = tmp_path / "bad.jpg"
    bad.write_text("milk\nbread\n")
    notes = tmp_path / "notes.txt"
    notes.write_text("salt\n")
    done = told(str(bad), str(tmp_path / "none.png"), str(notes), str(pictures / "*.jpg"), code=ExitCode.DATA)
    assert [Path(json.loads(line)["file"]).name for line in done.stdout.splitlines()] == ["a.jpg"]
    *_, first, second, third, last = done.stderr.splitlines()
    assert f"{bad} is not a picture" in first
    assert f"there is no file or folder {tmp_path / 'none.png'}" in second
    assert f"{notes} is not a picture" in third
    assert "name a video by itself" in third
    assert "3 of 4 pictures" in last


def test_a_full_disk_is_said(pictures: Path, short_sample: Path) -> None:
    """Whatever is analysed: one sentence, and the code for what can't be written."""
    for words in ([str(pictures / "a.jpg")], ["--format", "microsoft", str(short_sample)]):
        with Path("/dev/full").open("w") as full:
            process = subprocess.Popen(
                command(["analyze", *words], {}), env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
            )
            _, said = process.communicate(timeout=LONG_S)
        assert process.returncode == ExitCode.CANNOT_CREATE
        assert said.splitlines()[1:] == ["edged: standard output can't be written: No space left on device"]


def test_drawings_of_several_pictures_go_to_a_folder(pictures: Path, tmp_path: Path) -> None:
    """One file for each, in the size of the picture."""
    told("--draw", str(tmp_path / "drawn"), "--threshold", "0.5", str(pictures))
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["a.jpg.png", "b.png.png", "c.webp.png"]
    drawn, original = (cv2.imread(str(path)) for path in (tmp_path / "drawn" / "b.png.png", pictures / "b.png"))
    assert drawn is not None
    assert original is not None
    assert drawn.shape == original.shape
    assert (drawn != original).any()


def test_windows_are_the_bytes_that_the_service_would_send(short_sample: Path, tmp_path: Path) -> None:
    """All but the store's own random epoch, which an analysis hasn't got."""
    settings: Settings = {
        "device.id": "replay",
        "camera.source": str(short_sample),
        "camera.pace": "fast",
        "camera.start": START,
        "windows.length_s": 5,
        "privacy.k": 2,
        "visits.same_person_s": 0,
        "vision.max_fps": 4,  # fewer than the film has
        "outbox.folder": str(tmp_path / "state"),
    }
    done = finish(["sense"], settings)
    assert done.returncode == 0, done.stderr
    outbox = Outbox.open(tmp_path / "state", "replay")
    sent = [row.body for row in outbox.waiting(1000)]
    outbox.close()
    epoch = json.loads(sent[0])["epoch"]
    lines = told(str(short_sample), "--start", START, settings=settings).stdout.encode().splitlines()
    assert lines == [body.replace(epoch.encode(), EPOCH.encode()) for body in sent]


@pytest.mark.parametrize(
    "words", [[], ["--mode", "perFace"], ["--window", "2", "--interval", "0.25", "--no-smoothing"]]
)
def test_a_clip_in_microsofts_words(short_sample: Path, words: list[str]) -> None:
    """The whole clip, event by event: faces from 0.9 s to 7 s, then nobody until 9 s."""
    answer = json.loads(told("--format", "microsoft", *words, str(short_sample)).stdout)
    (check_per_face if "perFace" in words else check_aggregate)(answer)
    check_times(answer)
    assert sum(fragment["duration"] for fragment in answer["fragments"]) == 10 * answer["timescale"]
    assert (answer["width"], answer["height"], answer["framerate"]) == (640, 480, 5)
    seen = [at for at, event in events(answer) if shows_a_face(event)]
    assert 0.5 <= min(seen) <= 2
    assert any(3 <= at <= 6 for at in seen)
    if "--window" not in words:  # one of two seconds looks back to when there was a face
        assert not any(shows_a_face(event) for at, event in events(answer) if 7.5 <= at < 8.5)


def events(answer: dict[str, Any]) -> list[tuple[float, list[dict[str, Any]]]]:
    """Each event and the second it begins at."""
    return [
        ((fragment["start"] + i * fragment["interval"]) / answer["timescale"], event)
        for fragment in answer["fragments"]
        for i, event in enumerate(fragment["events"])
    ]


def shows_a_face(event: list[dict[str, Any]]) -> bool:
    """Whether there is a face in an event, of either mode."""
    return any("id" in each or sum(each["windowFaceDistribution"].values()) > 0 for each in event)


def test_chart_and_overlay_are_made_beside_the_windows(
    short_sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one pass; the overlay is as long as the clip. What matplotlib remarks on its cache is kept from the user."""
    monkeypatch.setenv("MPLCONFIGDIR", "/dev/null/none")
    chart, overlay = tmp_path / "film.svg", tmp_path / "film.mp4"
    done = told("--plot", str(chart), "--overlay", str(overlay), str(short_sample))
    assert json.loads(done.stdout.splitlines()[-1])["schema"] == "edged.window/1"
    assert "happiness" in chart.read_text()
    reader = cv2.VideoCapture(str(overlay))
    assert reader.get(cv2.CAP_PROP_FRAME_COUNT) == 50
    assert "personal data" in done.stderr
    assert "Matplotlib" not in done.stderr


@pytest.fixture(scope="module")
def ffmpeg(require_tool: Callable[[str], str]) -> Callable[..., None]:
    """Runs ffmpeg."""
    program = require_tool("ffmpeg")

    def run(*words: str | Path) -> None:
        subprocess.run([program, "-v", "error", "-y", *map(str, words)], check=True, stdin=subprocess.DEVNULL)

    return run


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_video_that_breaks_off_is_told_so(
    suffix: str, short_sample: Path, tmp_path: Path, ffmpeg: Callable[..., None]
) -> None:
    """What there is is analysed and whole; a sentence and exit code 65 say that it isn't all."""
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    ffmpeg("-i", short_sample, "-c", "copy", *(["-movflags", "faststart"] if suffix == ".mp4" else []), whole)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    done = told("--format", "microsoft", str(cut), code=ExitCode.DATA)
    answer = json.loads(done.stdout)
    check_times(answer)
    end = sum(fragment["duration"] for fragment in answer["fragments"]) / answer["timescale"]
    assert 2 < end < 9
    assert f"breaks off after {end:.1f} s" in done.stderr


def test_odd_videos_are_analysed_to_their_end(short_sample: Path, tmp_path: Path, ffmpeg: Callable[..., None]) -> None:
    """Without time stamps, with pictures at uneven times, with damaged pictures: the length is right, the code 0."""
    raw, uneven, damaged = tmp_path / "raw.h264", tmp_path / "uneven.mkv", tmp_path / "damaged.mp4"
    ffmpeg("-i", short_sample, "-c:v", "libx264", "-f", "h264", raw)
    ffmpeg("-i", short_sample, "-vf", "select='not(mod(n\\,7))+gt(mod(n\\,20)\\,12)'", "-vsync", "vfr", uneven)
    content = bytearray(short_sample.read_bytes())
    for at in range(3000, len(content) // 2, 2000):
        content[at] ^= 0x10
    damaged.write_bytes(content)
    for video, least, most in ((raw, 1, 10.5), (uneven, 9, 10.5), (damaged, 9, 10.5)):
        answer = json.loads(told("--format", "microsoft", str(video)).stdout)
        check_aggregate(answer)
        check_times(answer)
        assert least <= sum(fragment["duration"] for fragment in answer["fragments"]) / answer["timescale"] <= most


def test_interrupted_it_leaves_what_is_whole(sample: Path, tmp_path: Path) -> None:
    """Ctrl-C: the JSON is closed, the overlay can be played, the code is 130."""
    overlay, out = tmp_path / "o.mp4", tmp_path / "out.json"
    words = ["analyze", "--format", "microsoft", "--overlay", str(overlay), str(sample)]
    with out.open("wb") as sink:
        process = subprocess.Popen(command(words, {}), env=environment(), stdout=sink, stderr=subprocess.PIPE)
        wait_for(lambda: out.read_bytes().count(b'"start"') >= 2, "two fragments")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in said
    answer = json.loads(out.read_text())
    check_aggregate(answer)
    check_times(answer)
    end = sum(fragment["duration"] for fragment in answer["fragments"]) / answer["timescale"]
    assert 4 <= end < 70
    reader = cv2.VideoCapture(str(overlay))
    assert reader.get(cv2.CAP_PROP_FRAME_COUNT) / 25 == pytest.approx(end, abs=0.2)


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["--format", "smartclick", "VIDEO"], ExitCode.USAGE, "smartclick is for pictures"),
        (["--mode", "perFace", "VIDEO"], ExitCode.USAGE, "--mode belongs to --format microsoft"),
        (["--format", "microsoft", "--window", "3", "VIDEO"], ExitCode.USAGE, "from 0.25 to 2 seconds"),
        (["--format", "microsoft", "--window", "0.3", "--interval", "0.5", "VIDEO"], ExitCode.USAGE, "shorter than"),
        (["--format", "microsoft", "--start", START, "VIDEO"], ExitCode.USAGE, "--start belongs to --format edged"),
        (["--threshold", "0.5", "VIDEO"], ExitCode.USAGE, "add --overlay"),
        (["--draw", "x.png", "VIDEO"], ExitCode.USAGE, "--draw is for pictures"),
        (["--overlay", "VIDEO", "VIDEO"], ExitCode.USAGE, "would overwrite the video itself"),
        (["--overlay", "PICTURE", "none.mp4"], ExitCode.NO_INPUT, "there is no file or folder none.mp4"),
        (["--draw", "PICTURE", "PICTURE"], ExitCode.USAGE, "is itself one of the pictures"),
        (["--draw", "x.gif", "PICTURE"], ExitCode.CANNOT_CREATE, "must end with .jpg"),
        (["--draw", "nowhere/x.png", "PICTURE"], ExitCode.CANNOT_CREATE, "there is no such folder"),
        (["--draw", "FOLDER", "PICTURE", "PICTURE"], ExitCode.USAGE, "2 pictures are called a.jpg"),
        (["--plot", "x.pdf", "VIDEO"], ExitCode.CANNOT_CREATE, "must end with .svg or .png"),
        (["--start", "today", "PICTURE"], ExitCode.USAGE, "--start is for videos"),
        (["--threshold", "50", "PICTURE"], ExitCode.USAGE, "between 0 and 1"),
        (["--format", "microsoft", "--threshold", "0.5", "PICTURE"], ExitCode.USAGE, "no word for an undecided"),
        (["--faces", "1,2,3", "PICTURE"], ExitCode.USAGE, "is not left,top,width,height"),
        (["--faces", "nowhere.txt", "PICTURE"], ExitCode.NO_INPUT, "there is no such file"),
        (["--faces", "1,2,3,4", "PICTURE", "PICTURE"], ExitCode.USAGE, "belong to one picture"),
        (["VIDEO", "VIDEO"], ExitCode.USAGE, "one video at a time"),
        (["none.mp4"], ExitCode.NO_INPUT, "there is no file or folder none.mp4"),
        (["none.jpg"], ExitCode.NO_INPUT, "there is no file or folder none.jpg"),
        (["*.none"], ExitCode.NO_INPUT, "matches no file"),
        ([], ExitCode.USAGE, "name what is to be analysed"),
    ],
)
def test_what_can_t_be_had_is_said_in_one_sentence(
    words: list[str],
    code: ExitCode,
    problem: str,
    short_sample: Path,
    pictures: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Before any work is begun, with the code that says who must act."""
    video = shutil.copy(short_sample, tmp_path / "film.mp4")
    names = {"VIDEO": str(video), "PICTURE": str(pictures / "a.jpg"), "FOLDER": str(tmp_path)}
    assert main(["analyze", "--config", "/dev/null", *(names.get(word, word) for word in words)]) == code
    said = capfd.readouterr()
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    assert problem in sentence
    assert "camera '" not in sentence


def test_the_schemas_are_part_of_the_package(capfd: pytest.CaptureFixture[str]) -> None:
    """Who checks answers elsewhere can have them."""
    for form in ("edged", "smartclick", "microsoft", "microsoft-video"):
        assert main(["analyze", "--schema", form]) == ExitCode.OK
        schema = json.loads(capfd.readouterr().out)
        assert schema["type"] in {"object", "array"}


@pytest.mark.data
def test_walkers_in_microsofts_words(shared_data: Path, videos: Path) -> None:
    """A real clip: fragments cover it to its last picture, and there are faces in every event."""
    answer = json.loads(told("--format", "microsoft", str(shared_data / "videos" / "walkers.mp4")).stdout)
    check_aggregate(answer)
    check_times(answer)
    assert sum(fragment["duration"] for fragment in answer["fragments"]) == 105 * 1200
    assert all(shows_a_face(event) for _, event in events(answer))
    backs = thinned(
        shared_data / "videos" / "one-by-one-person-detection.mp4", videos / "backs-short.mp4", 2, seconds=20
    )
    answer = json.loads(told("--format", "microsoft", str(backs)).stdout)
    check_aggregate(answer)
    assert sum(not shows_a_face(event) for _, event in events(answer)) >= 0.8 * len(events(answer))


@pytest.mark.data
def test_real_photos_in_both_systems_words(shared_data: Path) -> None:
    """Crowds, parades, small and turned faces: every answer as documented."""
    photos = [str(path) for path in sorted((shared_data / "faces" / "evaluation").iterdir())[::24]]
    for form, check in (("smartclick", check_smartclick), ("microsoft", check_microsoft)):
        lines = [json.loads(line) for line in told("--format", form, *photos).stdout.splitlines()]
        assert len(lines) == len(photos)
        assert sum(len(line["faces"]) for line in lines) > len(photos)
        for line in lines:
            check(line["faces"])
