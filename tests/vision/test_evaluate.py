"""tools/evaluate as people call it: a program with arguments, an exit code, figures or one clear sentence."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edged.errors import InputError
from edged.vision.labelled import open_faces
from edged.words import EMOTIONS

PICTURES = np.zeros((2, 48, 48), np.uint8)
VOTES = np.ones((2, 10), np.int64)


@pytest.fixture
def tool(repository: Path) -> Path:
    return repository / "tools" / "evaluate"


def run(tool: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def figures(tool: Path, *arguments: str | Path) -> dict[str, Any]:
    done = run(tool, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    """Two pictures whose bright cells are the stand-in's faces; one annotated face isn't in its picture."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    entries = []
    for name, there, annotated in (("a.png", [(20, 20)], [(20, 20)]), ("b.png", [(60, 44)], [(60, 44), (20, 60)])):
        picture = np.zeros((96, 128, 3), np.uint8)
        for x, y in there:
            picture[y - 4 : y + 4, x - 4 : x + 4] = 255
        cv2.imwrite(str(folder / name), picture)
        faces = [
            {"x": x - 16, "y": y - 16, "w": 32, "h": 32, "invalid": 0, "blur": 0, "occlusion": 0} for x, y in annotated
        ]
        entries.append({"file": name, "width": 128, "height": 96, "faces": faces})
    path = folder / "annotations.json"
    path.write_text(json.dumps(entries))
    return path


def test_faces_gives_the_figures_by_name(tool: Path, stand_ins: Path, annotations: Path) -> None:
    found = figures(tool, "faces", annotations, "--model", "face", "--models-folder", stand_ins)
    assert found["n"] == 2
    assert found["ap"]["20"] == pytest.approx(2 / 3)
    assert found["ap"]["80"] is None
    assert found["iou"] > 0.9
    assert found["ms_per_picture"] > 0
    assert found["faces"] == {"20": 3, "40": 0, "80": 0}
    assert found["reach"]["canvas_px"] == [5, 7, 10, 14, 20, 28], "faces of 32 px are 16 on the canvas"
    assert found["reach"]["recall"] == [None, None, None, 0.667, None, None]
    assert found["models"][0]["name"] == "face"


def test_faces_in_words_shows_the_same(tool: Path, stand_ins: Path, annotations: Path) -> None:
    done = run(tool, "faces", annotations, "--model", "face", "--models-folder", stand_ins)
    assert done.returncode == 0
    assert "20 0.6667" in done.stdout


def test_faces_of_annotations_as_other_programs_write_them(tool: Path, stand_ins: Path, annotations: Path) -> None:
    """A byte order mark, CRLF, numbers with a point or as text, no marks, a box without extent, no faces at all."""
    given = ("--model", "face", "--models-folder", stand_ins)
    usual = figures(tool, "faces", annotations, *given)
    entries = json.loads(annotations.read_text())
    for face in (face for entry in entries for face in entry["faces"]):
        face |= {"x": float(face["x"]), "h": f"{face['h']}"}
        del face["invalid"]
    entries[0]["faces"].append({"x": 3, "y": 3, "w": 0, "h": 0})
    cv2.imwrite(str(annotations.with_name("c.png")), np.zeros((50, 60), np.uint8))
    entries.append({"file": "c.png", "faces": []})
    annotations.write_bytes(b"\xef\xbb\xbf" + json.dumps(entries, indent=1).replace("\n", "\r\n").encode())
    found = figures(tool, "faces", annotations, *given)
    assert found["n"] == 3
    for name in ("ap", "iou", "faces", "recall"):
        assert found[name] == usual[name]


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    counts = np.zeros((12, 10), np.uint8)
    counts[np.arange(12), np.arange(12) % 8] = 7
    counts[:, 9] = 3
    counts[11] = [0, 0, 0, 0, 0, 0, 0, 0, 4, 6]  # nobody saw an emotion
    path = tmp_path / "votes.npz"
    np.savez(path, images=rng.integers(0, 256, (12, 48, 48), np.uint8), votes=counts)
    return path


def test_emotion_of_an_npz_gives_the_figures_by_name(tool: Path, stand_ins: Path, votes: Path) -> None:
    found = figures(tool, "emotion", votes, "--model", "feeling", "--models-folder", stand_ins)
    assert found["n"] == 11
    assert set(found["per_class"]) == set(EMOTIONS)
    assert {"accuracy", "macro_f1", "calibration", "ece"} <= found.keys()
    assert 0 <= found["accuracy"] <= 1


def test_emotion_of_a_folder_is_that_of_the_same_pictures_in_an_npz(
    tool: Path, stand_ins: Path, votes: Path, tmp_path: Path
) -> None:
    other_names = {"happiness": "happy", "anger": "Angry"}
    with np.load(votes) as arrays:
        for i, (image, row) in enumerate(zip(arrays["images"], arrays["votes"], strict=True)):
            if row[:8].any():
                word = EMOTIONS[int(row[:8].argmax())]
                folder = tmp_path / "folders" / other_names.get(word, word)
                folder.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(folder / f"{i}.png"), image)
    given = ("--model", "feeling", "--models-folder", stand_ins)
    from_folder = figures(tool, "emotion", tmp_path / "folders", *given)
    from_npz = figures(tool, "emotion", votes, *given)
    for name in ("accuracy", "macro_f1", "ece", "n", "per_class"):
        assert from_folder[name] == from_npz[name]


def test_emotion_of_pictures_in_colour_and_with_files_of_the_machine(
    tool: Path, stand_ins: Path, votes: Path, tmp_path: Path
) -> None:
    """Grey pictures stored in colour, or with a channel of one, are the same pictures; hidden files are none."""
    with np.load(votes) as arrays:
        images, rows = arrays["images"], arrays["votes"]
    given = ("--model", "feeling", "--models-folder", stand_ins)
    grey = figures(tool, "emotion", votes, *given)
    for name, channels in (("colour", 3), ("one", 1)):
        np.savez(tmp_path / f"{name}.npz", images=np.repeat(images[..., None], channels, 3), votes=rows)
        found = figures(tool, "emotion", tmp_path / f"{name}.npz", *given)
        assert found["accuracy"] == grey["accuracy"]
        assert found["calibration"] == grey["calibration"]
    folder = tmp_path / "faces"
    (folder / "Happy").mkdir(parents=True)
    (folder / ".cache").mkdir()
    (folder / "Happy" / ".DS_Store").write_text("x")
    cv2.imwrite(str(folder / "Happy" / "a.png"), cv2.resize(images[0], (91, 37)))
    assert figures(tool, "emotion", folder, *given)["per_class"]["happiness"]["n"] == 1


def test_emotion_with_the_detector_counts_what_it_did_not_find(tool: Path, stand_ins: Path, votes: Path) -> None:
    given = ("--model", "feeling", "--models-folder", stand_ins)
    found = figures(tool, "emotion", votes, *given, "--detect", "face")
    assert found["n"] + found["not_found"] == 11
    assert found["detector"] == "face"


def test_negatives_counts_what_is_found_where_nothing_is(tool: Path, stand_ins: Path, tmp_path: Path) -> None:
    """Six seconds at ten pictures a second: two of them with a false face that stays, then a flash of one picture."""
    path = tmp_path / "empty-shop.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (128, 96))
    for number in range(60):
        picture = np.zeros((96, 128, 3), np.uint8)
        if number < 20 or number == 50:
            column = 3 if number < 20 else 12
            picture[24:32, 8 * column : 8 * column + 8] = 255
        film.write(picture)
    film.release()
    given = ("--model", "face", "--models-folder", stand_ins)
    found = figures(tool, "negatives", path, *given)
    one = found["recordings"][str(path)]
    assert one["pictures"] == 60
    assert one["hours"] == pytest.approx(6 / 3600, rel=0.01)
    assert one["by_threshold"]["0.5"] == {"false_faces": 21, "turned": 0, "false_visits": 1}
    assert found["overall"]["by_threshold"]["0.5"]["false_visits_per_hour"] == pytest.approx(600, rel=0.01)
    assert "1 false visits  (card)" in run(tool, "negatives", path, *given).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("faces", "nowhere.json"), 66, "nowhere.json: there is no such file"),
        (("emotion", "nowhere.npz"), 66, "nowhere.npz: there is no such file or folder"),
        (("faces", "text"), 65, "text: not a readable JSON file"),
        (("emotion", "text"), 65, "text: expected an .npz with images and votes"),
        (("emotion", "odd"), 65, "no emotion is called 'boredom'"),
        (("faces", "incomplete.json"), 65, "entry 2 has no 'faces'"),
        (("faces", "wrong.json"), 65, "entry 1 isn't laid out so"),
        (("faces", "nowhere-near.json"), 65, "entry 1 isn't laid out so"),
        (("faces", "inside-out.json"), 65, "entry 1 isn't laid out so"),
        (("faces", "beyond-numbers.json"), 65, "entry 1 isn't laid out so"),
        (("faces", "deep.json"), 65, "deep.json: not a readable JSON file"),
        (("faces", "gone.json", "--model", "face"), 66, "gone.png: the picture is missing"),
        (("faces", "unnameable.json", "--model", "face"), 66, "the picture can't be read"),
        (("faces", "empty.json", "--model", "face"), 65, "empty.png: not a picture that can be read"),
        (("negatives", "text"), 65, "text is not a video that can be played"),
        (("negatives", "nowhere.mp4"), 66, "there is no file or folder"),
        (("negatives", "nowhere.mp4", "--fps", "0"), 64, "0 pictures a second can't be taken"),
        (("negatives", "nowhere.mp4", "--thresholds", "1"), 64, "1 is no threshold: it lies between 0 and 1"),
        (("faces", "gone.json", "--runtime", "another"), 64, "invalid choice: 'another'"),
        (("emotion", "dangling"), 66, "gone.png: the picture is missing"),
        (("faces", "gone.json", "--model", "fcae"), 78, 'vision.face_model = "fcae" finds no model'),
        (("faces", "gone.json", "--reference", "text"), 64, "--reference belongs to one network"),
        (("faces", "gone.json", "--model", "face", "--reference", "nowhere"), 66, "nowhere: can't be read"),
    ],
)
def test_each_fault_is_one_sentence_and_a_code(
    tool: Path, stand_ins: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "text").write_text("hello")
    (tmp_path / "odd" / "boredom").mkdir(parents=True)
    (tmp_path / "incomplete.json").write_text('[{"file": "a.png", "faces": []}, {"file": "a.png"}]')
    (tmp_path / "wrong.json").write_text('[{"file": "a.png", "faces": [{"x": null, "y": 1, "w": 2, "h": 3}]}]')
    (tmp_path / "gone.json").write_text('[{"file": "gone.png", "faces": []}]')
    face = '[{"file": "a.png", "faces": [{"x": %s, "y": 1, "w": %s, "h": 3}]}]'
    (tmp_path / "nowhere-near.json").write_text(face % ("NaN", 2))
    (tmp_path / "inside-out.json").write_text(face % (1, -2))
    (tmp_path / "beyond-numbers.json").write_text(face % ("9" * 400, 2))
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "unnameable.json").write_text(json.dumps([{"file": "a" * 5000, "faces": []}]))
    (tmp_path / "empty.png").touch()
    (tmp_path / "empty.json").write_text('[{"file": "empty.png", "faces": []}]')
    (tmp_path / "dangling" / "fear").mkdir(parents=True)
    (tmp_path / "dangling" / "fear" / "gone.png").symlink_to("nowhere")
    task, data, *others = arguments
    more = ["--model", "feeling"] if task == "emotion" else []
    done = run(tool, task, tmp_path / data, *others, *more, "--models-folder", stand_ins)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": PICTURES}, "expected an .npz with images and votes"),
        ({"images": PICTURES, "votes": VOTES.astype("U1")}, "found images uint8 (2, 48, 48) and votes <U1 (2, 10)"),
        ({"images": PICTURES / 255, "votes": VOTES}, "found images float64 (2, 48, 48) and votes int64 (2, 10)"),
        ({"images": PICTURES, "votes": VOTES[:1]}, "and votes int64 (1, 10)"),
        ({"images": PICTURES, "votes": -VOTES}, "votes holds numbers that are no counts"),
        ({"images": PICTURES, "votes": VOTES * np.nan}, "votes holds numbers that are no counts"),
        ({"images": PICTURES, "votes": 0 * VOTES}, "holds no picture with a vote for one of neutral"),
        ({"images": PICTURES[:0], "votes": VOTES[:0]}, "holds no picture with a vote for one of neutral"),
        ({"images": PICTURES[:, :0], "votes": VOTES}, "found images uint8 (2, 0, 48) and votes int64 (2, 10)"),
    ],
)
def test_arrays_that_are_no_faces_with_votes_are_refused(
    arrays: dict[str, NDArray[Any]], said: str, tmp_path: Path
) -> None:
    """One sentence with the file, what was expected and what was found."""
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        open_faces(tmp_path / "data.npz")
    assert str(caught.value).startswith(f"{tmp_path / 'data.npz'}: ")


@pytest.mark.parametrize("name", ["one.npy", "torn.npz", "empty.npz"])
def test_files_that_are_no_archive_of_arrays_are_refused(name: str, tmp_path: Path) -> None:
    """A bare array, half a file, and none of it."""
    np.save(tmp_path / "one.npy", PICTURES)
    (tmp_path / "empty.npz").touch()
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04torn")
    with pytest.raises(InputError, match=r"expected an \.npz with images and votes"):
        open_faces(tmp_path / name)
