"""A frame becomes sightings: with stand-ins whose answer is known, and on real pictures with the models that ship."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edged.camera.frame import Frame
from edged.config.model import Region
from edged.config.model import Vision as Settings
from edged.errors import ConfigError, ModelError
from edged.vision.card import load_cards
from edged.vision.letterbox import Picture
from edged.vision.runtime import Runtime, choose_runtime
from edged.vision.sighting import Box, iou
from edged.vision.stages import STAGES
from edged.vision.vision import Vision, choose_emotion_card, choose_face_card
from tests.vision import tiny_models


def vision(folder: Path, width: int = 128, height: int = 96, **settings: Any) -> Vision:
    chosen = {"face_model": "face", "emotion_model": "feeling", "models_folder": folder} | settings
    return Vision(Settings.model_validate(chosen), width, height)


def frame(*spots: tuple[int, int, int], width: int = 128, height: int = 96) -> Frame:
    """Black, with a cell of 8 × 8 px (4 × 4 on the canvas) of some brightness at each (column, row, brightness)."""
    picture = np.zeros((height, width, 3), np.uint8)
    for column, row, brightness in spots:
        picture[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = brightness
    return Frame("till", 0.0, picture)


def test_bright_cell_is_seen_where_it_is(stand_ins: Path) -> None:
    (seen,) = vision(stand_ins).look(frame((5, 3, 255)))
    x, y = seen.box.centre
    assert (x * 128, y * 96) == pytest.approx((44, 28), abs=0.1)
    # 16 px on a canvas of half the picture's size.
    assert seen.height_px == pytest.approx(32, rel=0.02)
    assert (seen.box.width * 128, seen.box.height * 96) == pytest.approx((32, 32), rel=0.02)
    assert seen.score == pytest.approx(255 / 256)
    assert seen.yaw == pytest.approx(0, abs=1)
    assert seen.roll == pytest.approx(0, abs=1)
    assert seen.scores is not None
    assert sum(seen.scores) == pytest.approx(1)


def test_region_is_all_that_is_looked_at(stand_ins: Path) -> None:
    """Only the bright cell inside is seen, where it is in the whole picture, and twice as large on the canvas."""
    region = Region(left=0.5, top=0.5, right=1.0, bottom=1.0)
    chosen = Settings(face_model="face", emotion_model="feeling", models_folder=stand_ins)
    (seen,) = Vision(chosen, 128, 96, region=region).look(frame((2, 2, 255), (12, 8, 255)))
    x, y = seen.box.centre
    assert (x * 128, y * 96) == pytest.approx((100, 68), abs=4)  # somewhere in the cell, which is four on the canvas
    assert seen.height_px == pytest.approx(16, rel=0.02)
    assert seen.yaw == pytest.approx(0, abs=1)


def test_empty_scene_has_no_sightings(stand_ins: Path) -> None:
    assert vision(stand_ins).look(frame()) == []


def test_each_frame_is_seen_for_itself(stand_ins: Path) -> None:
    sees = vision(stand_ins)
    first = sees.look(frame((2, 2, 255)))
    assert sees.look(frame()) == []
    again = sees.look(frame((2, 2, 255)))
    assert [one.box for one in again] == [one.box for one in first]
    assert [one.scores for one in again] == [one.scores for one in first]


def test_frame_of_another_size_is_refused_not_measured_wrongly(stand_ins: Path) -> None:
    with pytest.raises(ValueError, match="is not 128×96"):
        vision(stand_ins).look(frame(width=64, height=48))


def test_best_faces_come_first_and_only_so_many(stand_ins: Path) -> None:
    spots = ((1, 1, 180), (14, 1, 250), (1, 10, 210), (14, 10, 160))
    everyone = vision(stand_ins).look(frame(*spots))
    assert [round(one.score, 1) for one in everyone] == [1.0, 0.8, 0.7, 0.6]
    two = vision(stand_ins, max_faces=2).look(frame(*spots))
    assert [one.score for one in two] == [one.score for one in everyone[:2]]


def test_score_threshold_of_the_settings_goes_before_the_cards(stand_ins: Path) -> None:
    dim = frame((5, 3, 150))
    assert len(vision(stand_ins).look(dim)) == 1
    assert vision(stand_ins, score_threshold=0.7).look(dim) == []
    assert len(vision(stand_ins, score_threshold=0.2).look(frame((5, 3, 70)))) == 1


def test_small_face_counts_but_has_no_scores(stand_ins: Path) -> None:
    (seen,) = vision(stand_ins, min_emotion_height_px=40).look(frame((5, 3, 255)))
    assert seen.scores is None
    assert seen.yaw is not None


def test_smallest_height_is_the_cards_unless_set(stand_ins: Path) -> None:
    card = stand_ins / "feeling.toml"
    card.write_text(card.read_text().replace("min_height_px = 12", "min_height_px = 40"))
    assert vision(stand_ins).look(frame((5, 3, 255)))[0].scores is None
    assert vision(stand_ins, min_emotion_height_px=30).look(frame((5, 3, 255)))[0].scores is not None


def test_much_turned_face_has_no_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny_models, "LANDMARKS", ((0.35, 0.3), (0.35, 0.4), (0.55, 0.6), (0.75, 0.3), (0.75, 0.4)))
    tiny_models.write_face(tmp_path)
    tiny_models.write_emotion(tmp_path, "feeling")
    (seen,) = vision(tmp_path).look(frame((5, 3, 255)))
    assert seen.yaw is not None
    assert seen.yaw > 60
    assert seen.scores is None


def test_vision_says_what_it_runs(stand_ins: Path) -> None:
    sees = vision(stand_ins)
    cards = load_cards(stand_ins)
    assert sees.models == [
        ("face", "face", cards["face"].sha256[:12]),
        ("emotion", "feeling", cards["feeling"].sha256[:12]),
    ]
    assert sees.runtime == f"{choose_runtime('auto')} on cpu"


def test_each_runtime_can_be_asked_for(stand_ins: Path, runtime: Runtime) -> None:
    sees = vision(stand_ins, runtime=runtime.name)
    assert sees.runtime == f"{runtime} on cpu"
    assert len(sees.look(frame((5, 3, 255)))) == 1


def test_coral_layout_is_decoded_from_the_operation_itself(stand_ins: Path, runtime: Runtime) -> None:
    tiny_models.write_ssd(stand_ins)
    sees = vision(stand_ins, face_model="coral", runtime=runtime.name)
    first, second = sees.look(frame((5, 3, 255), (12, 8, 200)))
    x, y = first.box.centre
    assert (x * 128, y * 96) == pytest.approx((44, 28), abs=0.1)
    assert (first.box.width * 128, first.height_px) == pytest.approx((32, 32), abs=0.1)
    assert (first.score, second.score) == pytest.approx((255 / 256, 200 / 256), abs=0.01)
    # Without landmarks nobody knows which way the head is turned; the face is read as it stands.
    assert (first.yaw, first.roll) == (None, None)
    assert first.scores is not None
    assert sees.look(frame()) == []


def test_stages_hold_the_time_of_every_frame(stand_ins: Path) -> None:
    sees = vision(stand_ins)
    sees.look(frame((5, 3, 255)))
    sees.look(frame())
    assert sees.stages.frames == 2
    assert all(sees.stages.total_wall_s[stage] > 0 for stage in STAGES)
    assert sees.stages.last_wall_s["emotion"] == 0
    assert 0 < sees.invoke_cpu_s <= sum(sees.stages.total_cpu_s.values())


def test_nothing_that_is_seen_shows_in_a_repr(stand_ins: Path) -> None:
    (seen,) = vision(stand_ins).look(frame((5, 3, 255)))
    assert repr(seen) == "<Sighting>"
    assert "0." not in repr(seen.box)


@pytest.mark.parametrize(
    ("width", "height", "expected"), [(1920, 1080, "wide"), (640, 480, "near"), (480, 640, "tall"), (1280, 720, "wide")]
)
def test_auto_takes_the_canvas_that_the_picture_fills_best(
    tmp_path: Path, width: int, height: int, expected: str
) -> None:
    for name, size in {"wide": (160, 96), "near": (128, 96), "tall": (96, 128)}.items():
        tiny_models.write_face(tmp_path, name, *size)
    cards = {name: card for name, card in load_cards(tmp_path).items() if name in {"wide", "near", "tall"}}
    assert choose_face_card(cards, "auto", width, height).name == expected


def test_auto_takes_the_larger_of_two_that_fit_alike(tmp_path: Path) -> None:
    for name, size in {"small": (64, 48), "large": (128, 96)}.items():
        tiny_models.write_face(tmp_path, name, *size)
    cards = {name: card for name, card in load_cards(tmp_path).items() if name in {"small", "large"}}
    assert choose_face_card(cards, "auto", 640, 480).name == "large"


def test_auto_leaves_out_models_that_are_not_offered(tmp_path: Path) -> None:
    path = tiny_models.write_face(tmp_path, "shy")
    path.write_text(path.read_text().replace("auto = true\n", ""))
    cards = {"shy": load_cards(tmp_path)["shy"]}
    with pytest.raises(ConfigError, match='face_model = "auto" finds no model'):
        choose_face_card(cards, "auto", 64, 48)
    assert choose_face_card(cards, "shy", 64, 48).name == "shy"


def test_unknown_model_is_refused_with_those_there_are(stand_ins: Path) -> None:
    with pytest.raises(ConfigError, match=r'vision\.face_model = "fcae" finds no model; models for face: .*face'):
        vision(stand_ins, face_model="fcae")


def test_model_of_another_task_is_refused(stand_ins: Path) -> None:
    with pytest.raises(ConfigError, match=r'vision\.emotion_model = "face" is a model for face'):
        choose_emotion_card(load_cards(stand_ins), "face")


def test_damaged_model_is_refused(stand_ins: Path) -> None:
    file = stand_ins / "feeling.tflite"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(ModelError, match=r"feeling\.tflite: this is not the file its card describes"):
        vision(stand_ins)


@pytest.fixture
def feeling_only(tmp_path: Path) -> Path:
    """A folder with an emotion stand-in; the face models are those that ship."""
    tiny_models.write_emotion(tmp_path, "feeling")
    return tmp_path


def sample_frames(repository: Path, numbers: set[int]) -> list[Frame]:
    """Frames of the sample video that ships, by number."""
    video = cv2.VideoCapture(str(repository / "tools" / "sample" / "sample.mp4"))
    frames = []
    for number in range(max(numbers) + 1):
        there, picture = video.read()
        assert there
        if number in numbers:
            frames.append(Frame("sample", number / 25, np.asarray(picture, np.uint8)))
    return frames


def test_runtimes_see_the_same_in_the_sample_video(
    repository: Path, feeling_only: Path, both_runtimes: list[Runtime]
) -> None:
    both = [vision(feeling_only, 640, 480, face_model="auto", runtime=runtime.name) for runtime in both_runtimes]
    faces = 0
    for shot in sample_frames(repository, {60, 100, 150}):
        ours, theirs = (sees.look(shot) for sees in both)
        assert len(ours) == len(theirs)
        faces += len(ours)
        for seen in ours:
            other = max(theirs, key=lambda one: iou(one.box, seen.box))
            assert iou(other.box, seen.box) > 0.85
            assert other.score == pytest.approx(seen.score, abs=0.05)
            assert other.yaw == pytest.approx(seen.yaw, abs=5)
            assert other.roll == pytest.approx(seen.roll, abs=3)
    assert faces >= 4


def real_pictures(shared_data: Path, step: int) -> list[tuple[Picture, list[dict[str, int]]]]:
    folder = shared_data / "faces"
    entries = json.loads((folder / "evaluation.json").read_text())[::step]
    pictures = []
    for entry in entries:
        picture = cv2.imread(str(folder / entry["file"]))
        assert picture is not None
        pictures.append((np.asarray(picture, np.uint8), entry["faces"]))
    return pictures


@pytest.mark.data
def test_runtimes_see_the_same_faces_in_real_pictures(
    shared_data: Path, feeling_only: Path, both_runtimes: list[Runtime]
) -> None:
    found = matched = 0
    for picture, _ in real_pictures(shared_data, 24):
        height, width = picture.shape[:2]
        shot = Frame("real", 0.0, picture)
        both = [
            vision(feeling_only, width, height, face_model="auto", runtime=runtime.name).look(shot)
            for runtime in both_runtimes
        ]
        # Near the threshold a step of int8 may decide: what one sees clearly, the other must see.
        for ours, theirs in (both, both[::-1]):
            for seen in ours:
                if seen.score >= 0.5:
                    found += 1
                    matched += any(iou(seen.box, other.box) > 0.7 for other in theirs)
    assert found >= 20
    assert matched >= 0.96 * found


@pytest.mark.data
def test_large_faces_of_real_pictures_are_found(shared_data: Path, feeling_only: Path) -> None:
    wanted = found = 0
    for picture, faces in real_pictures(shared_data, 12):
        height, width = picture.shape[:2]
        seen = vision(feeling_only, width, height, face_model="auto").look(Frame("real", 0.0, picture))
        for face in faces:
            if face["h"] >= 60 and not face["invalid"]:
                box = Box(face["x"] / width, face["y"] / height, face["w"] / width, face["h"] / height)
                wanted += 1
                found += any(iou(box, one.box) >= 0.5 for one in seen)
    assert found >= 0.85 * wanted
