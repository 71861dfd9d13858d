"""Model cards: complete and right, or refused in one sentence that says where and why."""

import re
import shutil
from pathlib import Path

import pytest

from edged.errors import ModelError
from edged.vision.card import (
    EmotionCard,
    EmotionInput,
    EmotionOutput,
    Estimate,
    FaceCard,
    FaceInput,
    FaceOutput,
    Made,
    Origin,
    Reach,
    load_cards,
    read_card,
    shipped_folder,
)
from tests.vision import tiny_models


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_card(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert "\n" not in sentence
    return sentence


def change(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def test_complete_card_is_read(tmp_path: Path) -> None:
    card = read_card(tiny_models.write_face(tmp_path))
    assert isinstance(card, FaceCard)
    assert (card.input.width, card.output.layout, card.folder) == (64, "centerface", tmp_path)
    assert card.sha256.startswith(card.short_hash)
    assert len(card.short_hash) == 12


@pytest.mark.parametrize(
    ("old", "key"),
    [
        ('summary = "A stand-in that knows nothing of faces."\n', "summary"),
        ("threshold = 0.5\n", "output.threshold"),
        (', fit = "letterbox"', "input.fit"),
        ('licence = "Apache-2.0"\n', "origin.licence"),
        ('task = "face"\n', "task"),
    ],
)
def test_missing_key_is_named(tmp_path: Path, old: str, key: str) -> None:
    assert refusal(change(tiny_models.write_face(tmp_path), old, "")).endswith(f"the key {key} is missing")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nms_iou", "nms_overlap = 0.3\nnms_iou", "output.nms_overlap is not known"),
        ('task = "face"', 'task = "gait"', "'face' or 'emotion'"),
        ('colour = "rgb"', 'colour = "grey"', "'rgb' or 'bgr'"),
        ("threshold = 0.5", "threshold = 50", "less than 1"),
        ("width = 64", 'width = "64"', "valid integer"),
        ('heatmap = "heatmap", ', "", "needs tensors {heatmap, landmarks, offset, scale}"),
        ('layout = "centerface"', 'layout = "blazeface"', "needs tensors"),
        ('layout = "centerface"', 'anchors = [[4, 1]]\nlayout = "centerface"', "anchors belong to"),
        ('layout = "centerface"', 'anchors = [[0, 1]]\nlayout = "centerface"', "greater than or equal to 1"),
        ("mean = 0.0", "mean = nan", "finite number"),
        ('file = "face.tflite"', 'file = "../face.tflite"', "match pattern"),
        ('version = "0"', 'version = "0"\nedgetpu_file = "face_edgetpu.tflite"', "go together"),
    ],
)
def test_wrong_value_is_refused_with_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(change(tiny_models.write_face(tmp_path), old, new))


def test_label_that_is_no_emotion_is_refused(tmp_path: Path) -> None:
    path = tiny_models.write_emotion(tmp_path, labels=("neutral", "bored"))
    assert "'bored'; allowed are neutral, happiness" in refusal(path)


def test_label_given_twice_is_refused(tmp_path: Path) -> None:
    assert "'anger' twice" in refusal(tiny_models.write_emotion(tmp_path, labels=("anger", "anger")))


def test_measured_figures_are_free(tmp_path: Path) -> None:
    path = tiny_models.write_face(tmp_path)
    path.write_text(path.read_text() + '[measured]\nap = {"40" = 0.9}\nnote = "by hand"\n')
    assert read_card(path).measured["ap"]["40"] == 0.9


def test_card_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("name: a\n")
    assert "is not TOML" in refusal(path)


def test_card_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is not TOML" in refusal(path)


def test_models_that_ship_are_complete_and_lie_beside_their_cards() -> None:
    cards = load_cards()
    assert cards
    for card in cards.values():
        assert (card.folder / card.file).is_file()
        assert card.folder == shipped_folder()


def test_users_models_come_on_top(stand_ins: Path) -> None:
    assert load_cards(stand_ins).keys() - load_cards().keys() == {"face", "feeling"}


def test_name_that_is_taken_is_refused(stand_ins: Path) -> None:
    change(stand_ins / "feeling.toml", 'name = "feeling"', 'name = "face"')
    with pytest.raises(ModelError, match=r"feeling\.toml: name = 'face' is taken .* choose another name"):
        load_cards(stand_ins)


def test_users_card_takes_the_place_of_a_shipped_one(stand_ins: Path) -> None:
    """Who copies models/ and changes one file has changed that one model, and the others are still there."""
    for path in shipped_folder().glob("*.t*"):
        shutil.copy(path, stand_ins)
    change(stand_ins / "emotion.toml", 'version = "', 'version = "my own ')
    cards = load_cards(stand_ins)
    assert cards["emotion"].version.startswith("my own ")
    assert cards["emotion"].folder == stand_ins
    assert cards.keys() - load_cards().keys() == {"face", "feeling"}


def test_users_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"vision\.models_folder is not a folder"):
        load_cards(tmp_path / "nowhere")


def test_every_key_of_a_card_is_explained_to_those_who_bring_a_model(repository: Path) -> None:
    """A key that is not in the table of docs/MODELS.md would have to be guessed."""
    table = (repository / "docs" / "MODELS.md").read_text(encoding="utf-8").partition("| on the card | says |")[2]
    rows = [line.split("|")[1] for line in table.partition("\n\n")[0].splitlines()[2:]]
    explained = set(re.findall(r"`\[?([a-z_0-9]+)\]?`", " ".join(rows)))
    keys = {"measured"}
    for part in (
        FaceCard,
        EmotionCard,
        FaceInput,
        EmotionInput,
        FaceOutput,
        EmotionOutput,
        Reach,
        Estimate,
        Origin,
        Made,
    ):
        keys |= part.model_fields.keys()
    assert explained == keys
