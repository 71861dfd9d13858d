"""Loading a model: only the file its card names, only as the card says, on a runtime that is there."""

import hashlib
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from edged.errors import FaultError, ModelError, UnavailableError
from edged.vision.card import Card, read_card
from edged.vision.runtime import Model, Runtime, _without_chatter, choose_runtime, describe_devices, installed_runtimes
from tests.vision import tiny_models


class Untouchable:
    """A runtime whose interpreter must not be reached."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} was reached")


class NoLibrary:
    """A runtime on a machine without libedgetpu."""

    @staticmethod
    def load_delegate(library: str) -> NoReturn:
        raise OSError(f"{library}: cannot open shared object file")


class NoDevice:
    """A runtime with libedgetpu, but no Edge TPU is plugged in."""

    @staticmethod
    def load_delegate(library: str) -> NoReturn:
        raise ValueError


def fake(interpreter: Any) -> Runtime:
    return Runtime("litert", "0", interpreter)


def any_runtime() -> Runtime:
    return choose_runtime("auto")


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return read_card(tiny_models.write_face(tmp_path))


def rewrite(path: Path, old: str, new: str) -> Card:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return read_card(path)


def compiled(folder: Path) -> Card:
    """A card with a file for the Edge TPU (the same one: it is never run as such here)."""
    path = tiny_models.write_face(folder)
    content = (folder / "face.tflite").read_bytes()
    (folder / "face_edgetpu.tflite").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    keys = f'version = "0"\nedgetpu_file = "face_edgetpu.tflite"\nedgetpu_sha256 = "{digest}"'
    return rewrite(path, 'version = "0"', keys)


def test_flipped_bit_is_refused_before_any_interpreter_sees_the_file(card: Card) -> None:
    file = card.folder / card.file
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"face\.tflite: this is not the file its card describes"):
        Model(card, fake(Untouchable()))


def test_truncated_file_is_refused_before_any_interpreter_sees_it(card: Card) -> None:
    file = card.folder / card.file
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="damaged or was exchanged"):
        Model(card, fake(Untouchable()))


def test_file_of_another_model_is_refused(card: Card) -> None:
    tiny_models.write_emotion(card.folder, "other")
    (card.folder / "other.tflite").rename(card.folder / card.file)
    with pytest.raises(ModelError, match="this is not the file its card describes"):
        Model(card, fake(Untouchable()))


def test_missing_file_is_named(card: Card) -> None:
    (card.folder / card.file).unlink()
    with pytest.raises(ModelError, match=r"face\.tflite: the file of model 'face' is missing"):
        Model(card, fake(Untouchable()))


def test_interpreter_gets_the_very_bytes_that_were_hashed(card: Card) -> None:
    file = card.folder / card.file

    class Interpreter:
        def __init__(self, *, model_content: bytes, **others: Any) -> None:
            assert hashlib.sha256(model_content).hexdigest() == card.sha256
            assert "model_path" not in others
            raise ValueError("seen")

    class Module:
        pass

    Module.Interpreter = Interpreter  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="seen"):
        Model(card, fake(Module))
    assert file.exists()


def test_content_that_is_no_model_is_refused(tmp_path: Path, runtime: Runtime) -> None:
    path = tiny_models.write_card(tmp_path, "text", b"hello", tiny_models.FACE.format(width=64, height=48))
    with pytest.raises(ModelError, match=r"text\.tflite: .* can't load it"):
        Model(read_card(path), runtime)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("width = 64", "width = 48", r"its input is \(1, 48, 64, 3\), but its card says \(1, 48, 48, 3\)"),
        ("mean = 0.0", 'dtype = "uint8", mean = 0.0', "its input is int8, but its card says input.dtype = 'uint8'"),
        (
            'heatmap = "heatmap"',
            'heatmap = "heat"',
            "output heatmap = 'heat' of its card is not in it; there are heatmap",
        ),
        (
            'heatmap = "heatmap"',
            'heatmap = "landmarks"',
            r"its output heatmap holds 1920 values, but by its card \(input, .*\) it should hold 192",
        ),
    ],
)
def test_model_that_does_not_fit_its_card_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    card = rewrite(tiny_models.write_face(tmp_path), old, new)
    with pytest.raises(ModelError, match=said):
        Model(card, any_runtime())


def test_card_with_a_label_too_few_is_refused(tmp_path: Path) -> None:
    """Its scores would be told of the wrong emotions."""
    card = rewrite(tiny_models.write_emotion(tmp_path), ", 'contempt'", "")
    with pytest.raises(ModelError, match=r"its output logits holds 8 values, but by its card .* it should hold 7"):
        Model(card, any_runtime())


def test_card_with_the_anchors_of_another_model_is_refused(tmp_path: Path) -> None:
    """It would find faces where none are."""
    path = tiny_models.write_face(tmp_path)
    text = path.read_text().replace('layout = "centerface"', 'layout = "blazeface"\nanchors = [[8, 2]]')
    head, _ = text.split("tensors = ")
    origin = text[text.index("[origin]") :]
    path.write_text(f'{head}tensors = {{ logits = "heatmap", boxes = "scale" }}\n{origin}')
    with pytest.raises(ModelError, match=r"its output logits holds 192 values, but by its card .* it should hold 96"):
        Model(read_card(path), any_runtime())


def test_model_runs_on_each_runtime(card: Card, runtime: Runtime) -> None:
    model = Model(card, runtime)
    model.input()[:] = -128
    model.input()[8:12, 8:12] = 127
    model.invoke()
    heatmap = model.outputs()["heatmap"]
    assert heatmap.values.shape == (1, 12, 16, 1)
    assert heatmap.real(heatmap.values)[0, 2, 2, 0] == pytest.approx(255 / 256)
    assert heatmap.real(heatmap.values).sum() == pytest.approx(255 / 256)
    assert model.cpu_s > 0


def test_runtimes_agree_within_one_step(card: Card, both_runtimes: list[Runtime]) -> None:
    picture = np.random.default_rng(0).integers(-128, 128, (48, 64, 3), np.int8)
    answers = []
    for runtime in both_runtimes:
        model = Model(card, runtime)
        model.input()[:] = picture
        model.invoke()
        answers.append({role: tensor.values.astype(int) for role, tensor in model.outputs().items()})
    for role in answers[0]:
        assert np.abs(answers[0][role] - answers[1][role]).max() <= 1


def test_threshold_in_stored_steps_is_the_least_value_that_reaches_it(card: Card) -> None:
    model = Model(card, any_runtime())
    heatmap = model.outputs()["heatmap"]
    stored = np.arange(-128, 128).astype(np.int8)
    for threshold in (0.05, 0.35, 0.5, 0.9, 0.99):
        least = heatmap.least(threshold)
        np.testing.assert_array_equal(stored >= least, heatmap.real(stored) >= np.float32(threshold))


def test_edgetpu_without_a_compiled_model_says_so(card: Card) -> None:
    with pytest.raises(UnavailableError, match="model 'face' has no file compiled for the Edge TPU; set \"auto\" or"):
        Model(card, fake(Untouchable()), "edgetpu")


def test_edgetpu_whose_compiled_file_is_gone_says_so(tmp_path: Path) -> None:
    card = compiled(tmp_path)
    (tmp_path / "face_edgetpu.tflite").unlink()
    with pytest.raises(UnavailableError, match=r"face_edgetpu\.tflite, is missing"):
        Model(card, fake(Untouchable()), "edgetpu")


@pytest.mark.parametrize(
    ("module", "said"), [(NoLibrary, r"libedgetpu\.so\.1 is not installed"), (NoDevice, "no Edge TPU device answers")]
)
def test_edgetpu_without_library_or_device_says_so(tmp_path: Path, module: Any, said: str) -> None:
    with pytest.raises(UnavailableError, match=said):
        Model(compiled(tmp_path), fake(module), "edgetpu")


def test_auto_falls_back_to_the_cpu_and_says_why(tmp_path: Path) -> None:
    real = any_runtime()

    class Module(NoLibrary):
        Interpreter = real.interpreter.Interpreter

    model = Model(compiled(tmp_path), Runtime(real.name, real.version, Module), "auto")
    assert model.device == "cpu"
    assert model.note == "face runs on the CPU: libedgetpu.so.1 is not installed"
    assert describe_devices([model]) == f"{real.name} {real.version} on cpu"


def test_cpu_by_choice_needs_no_excuse(card: Card) -> None:
    assert Model(card, any_runtime(), "cpu").note is None


def test_compiled_file_is_hashed_too(tmp_path: Path) -> None:
    card = compiled(tmp_path)
    (tmp_path / "face_edgetpu.tflite").write_bytes(b"other")

    class Module:
        @staticmethod
        def load_delegate(library: str) -> object:
            return object()

        def __getattr__(self, name: str) -> NoReturn:
            raise AssertionError(f"{name} was reached")

    with pytest.raises(ModelError, match=r"face_edgetpu\.tflite: this is not the file its card describes"):
        Model(card, fake(Module()), "edgetpu")


def test_runtime_that_is_not_installed_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_runtime", None)
    with pytest.raises(UnavailableError, match=r'vision\.runtime = "tflite-runtime" is not installed: pip install'):
        choose_runtime("tflite-runtime")


def test_no_runtime_at_all_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_runtime", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    assert installed_runtimes() == []
    with pytest.raises(UnavailableError, match="pip install ai-edge-litert"):
        choose_runtime("auto")


def test_loading_says_nothing_on_standard_error(
    card: Card, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    Model(card, runtime)
    assert capfd.readouterr().err == ""


def test_only_info_lines_are_kept_off_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    import os

    with pytest.raises(RuntimeError), _without_chatter():
        os.write(2, b"INFO: chatter\nERROR: trouble\n")
        raise RuntimeError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "ERROR: trouble\nafter\n"


def test_device_that_fails_is_a_fault_of_this_process(card: Card) -> None:
    model = Model(card, any_runtime())
    held = model.input()  # the runtimes refuse to run while their memory is held: a failure that is easy to have
    with pytest.raises(FaultError, match="model 'face' failed on cpu"):
        model.invoke()
    del held
    model.invoke()


def test_repr_of_a_model_names_it_and_shows_no_tensor(card: Card) -> None:
    model = Model(card, any_runtime())
    assert repr(model) == f"<Model face on {model.runtime}, cpu>"
    assert "array" not in repr(model.outputs())
