"""The TFLite runtimes behind one face: which is used, where the model runs, and what an invocation costs.

Strategy: LiteRT and tflite-runtime have the same API; this module picks one, gives it the very bytes whose hash the
card names, checks the tensors against the card, and hands out views on the interpreter's own memory, not copies.

Rules:
  - Hash first: no byte of a file reaches an interpreter before its SHA-256 is what the card says.
  - A view on a tensor lives no longer than one frame: the runtimes refuse to invoke while one is held.
  - With one thread, the CPU time of an invocation is that of the calling thread. With more, the runtime's own
    threads work too and only the time of the whole process holds them, with whatever else ran meanwhile.
"""

import hashlib
import importlib
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from edged.errors import FaultError, ModelError, UnavailableError
from edged.vision.card import Card
from edged.vision.sizes import values_expected

RuntimeChoice = Literal["auto", "litert", "tflite-runtime"]
RuntimeName = Literal["litert", "tflite-runtime"]
Accelerator = Literal["auto", "cpu", "edgetpu"]

EDGETPU_LIBRARY: Final = "libedgetpu.so.1"
_MODULES: Final[dict[RuntimeName, str]] = {"litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime"}
_STDERR: Final = threading.Lock()
"""Held by whoever turns standard error away: a second one would hand back what the first had turned."""
_DTYPES: Final = {"int8": np.int8, "uint8": np.uint8, "float32": np.float32}


@dataclass(frozen=True, slots=True)
class Runtime:
    """An installed runtime."""

    name: RuntimeName
    version: str
    interpreter: Any
    """Its module `interpreter`: Interpreter and load_delegate."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def installed_runtimes() -> list[Runtime]:
    """Return the runtimes that can be imported, the preferred one first."""
    return [runtime for name in _MODULES if (runtime := _import(name)) is not None]


def choose_runtime(choice: RuntimeChoice) -> Runtime:
    """Return the runtime to use; auto prefers LiteRT. Raises UnavailableError when there is none."""
    for name in _MODULES if choice == "auto" else (choice,):
        runtime = _import(name)
        if runtime is not None:
            return runtime
    if choice == "auto":
        raise UnavailableError("no TFLite runtime is installed: pip install ai-edge-litert")
    package = "ai-edge-litert" if choice == "litert" else "tflite-runtime==2.14.0 (Python 3.11 and older)"
    raise UnavailableError(f'vision.runtime = "{choice}" is not installed: pip install {package}, or set "auto"')


def _import(name: RuntimeName) -> Runtime | None:
    try:
        package = importlib.import_module(_MODULES[name])
        module = importlib.import_module(f"{_MODULES[name]}.interpreter")
    except (ImportError, OSError):
        return None
    return Runtime(name, str(getattr(package, "__version__", "of unknown version")), module)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Tensor:
    """One output: a view on the interpreter's memory, valid until the next invocation, and its quantisation.

    The real value is (value - zero_point) * scale; float tensors have scale 1 and zero point 0.
    """

    values: NDArray[Any]
    scale: float
    zero_point: int

    def real(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return stored values (a selection of this tensor's) as real numbers."""
        return (values.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)

    def least(self, real: float) -> int | float:
        """Return the least stored value that stands for at least `real`; above the dtype's range when there is none."""
        if self.values.dtype.kind == "f":
            return real
        # Just below .5 LSB of float noise must not shut out a value that is meant to be exactly at the threshold.
        return int(np.ceil(real / self.scale + self.zero_point - 1e-6))


class Model:
    """A loaded model: one input picture, named outputs."""

    __slots__ = ("_input", "_interpreter", "_outputs", "_threads", "card", "cpu_s", "device", "note", "runtime")

    def __init__(self, card: Card, runtime: Runtime, accelerator: Accelerator = "cpu", threads: int = 1) -> None:
        """Load `card`'s file.

        Raises ModelError when the file is missing, isn't the one the card names, or doesn't fit the card;
        UnavailableError when an Edge TPU is asked for by name and something it needs is missing.
        """
        self.card = card
        self.runtime = runtime
        self.cpu_s = 0.0
        """CPU seconds spent in invoke() so far."""
        self._threads = threads
        delegate, lacking = _delegate(card, runtime, accelerator)
        self.device = "cpu" if delegate is None else "edgetpu"
        self.note = f"{card.name} runs on the CPU: {lacking}" if lacking else None
        """Why the model isn't where `auto` would rather have it, in words; None when there is nothing to say."""
        content = read_verified(card, edgetpu=delegate is not None)
        self._interpreter = _interpreter(card, runtime, content, delegate, threads)
        self._input = self._checked_input()
        self._outputs = self._checked_outputs()

    @property
    def input_quantisation(self) -> tuple[float, int]:
        """(scale, zero point) of the input tensor; (1, 0) for a float model."""
        return _quantisation(self._input)

    def input(self) -> NDArray[Any]:
        """Return the input tensor's own memory, (height, width, channels) of the card's dtype. Let go before invoke."""
        view: NDArray[Any] = self._interpreter.tensor(self._input["index"])()[0]
        return view

    def invoke(self) -> None:
        """Run the model on what its input holds. Raises FaultError when the runtime fails (an Edge TPU unplugged)."""
        clock = time.thread_time if self._threads == 1 else time.process_time
        before = clock()
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise FaultError(f"model {self.card.name!r} failed on {self.device}: {_first_line(error)}") from error
        self.cpu_s += clock() - before

    def outputs(self) -> dict[str, Tensor]:
        """Return the outputs by role. Let go before the next invoke."""
        return {
            role: Tensor(self._interpreter.tensor(index)(), scale, zero_point)
            for role, (index, scale, zero_point) in self._outputs.items()
        }

    def operations(self) -> list[str]:
        """Return the names of the operations in the file, each once, sorted (delegated ones included)."""
        return sorted({str(op["op_name"]) for op in self._interpreter._get_ops_details()} - {"DELEGATE"})

    def __repr__(self) -> str:
        return f"<Model {self.card.name} on {self.runtime}, {self.device}>"

    def _checked_input(self) -> dict[str, Any]:
        wanted = self.card.input
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1:
            raise ModelError(f"{self.card.file}: has {len(inputs)} inputs; edged feeds models with one picture")
        details: dict[str, Any] = inputs[0]
        shape = (1, wanted.height, wanted.width, 1 if wanted.colour == "grey" else 3)
        found = tuple(int(length) for length in details["shape"])
        if found != shape:
            raise ModelError(
                f"{self.card.file}: its input is {found}, but its card says {shape} (width, height, colour)"
            )
        if details["dtype"] is not _DTYPES[wanted.dtype]:
            name = np.dtype(details["dtype"]).name
            raise ModelError(f"{self.card.file}: its input is {name}, but its card says input.dtype = {wanted.dtype!r}")
        return details

    def _checked_outputs(self) -> dict[str, tuple[int, float, int]]:
        details = {str(output["name"]): output for output in self._interpreter.get_output_details()}
        for role, name in self.card.output.tensors.items():
            if name not in details:
                there = ", ".join(sorted(details))
                raise ModelError(
                    f"{self.card.file}: the output {role} = {name!r} of its card is not in it; there are {there}"
                )
        by_role = {role: details[name] for role, name in self.card.output.tensors.items()}
        for role, expected in values_expected(self.card).items():
            found = math.prod(int(length) for length in by_role[role]["shape"])
            if found != expected:
                raise ModelError(
                    f"{self.card.file}: its output {role} holds {found} values, but by its card (input, layout, "
                    f"anchors or labels) it should hold {expected}"
                )
        return {role: (int(output["index"]), *_quantisation(output)) for role, output in by_role.items()}


def read_verified(card: Card, *, edgetpu: bool = False) -> bytes:
    """Return the bytes of the card's file, once their SHA-256 is what the card says. Raises ModelError otherwise."""
    name, expected = (card.edgetpu_file, card.edgetpu_sha256) if edgetpu else (card.file, card.sha256)
    path = card.folder / str(name)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path}: the file of model {card.name!r} is missing") from None
    except OSError as error:
        raise ModelError(f"{path}: the file of model {card.name!r} can't be read: {error.strerror}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelError(
            f"{path}: this is not the file its card describes (SHA-256 {found[:12]}…, card {str(expected)[:12]}…): "
            "it is damaged or was exchanged; install it again"
        )
    return content


def _delegate(card: Card, runtime: Runtime, accelerator: Accelerator) -> tuple[Any, str | None]:
    """Return (Edge TPU delegate or None, what is lacking for it if it was wanted)."""
    if accelerator == "cpu":
        return None, None
    if card.edgetpu_file is None:
        lacking = f"model {card.name!r} has no file compiled for the Edge TPU"
    elif not (card.folder / card.edgetpu_file).exists():
        lacking = f"its file for the Edge TPU, {card.edgetpu_file}, is missing"
    else:
        try:
            return runtime.interpreter.load_delegate(EDGETPU_LIBRARY), None
        except OSError:
            lacking = f"{EDGETPU_LIBRARY} is not installed"
        except ValueError:
            lacking = "no Edge TPU device answers"
    if accelerator == "edgetpu":
        raise UnavailableError(f'vision.accelerator = "edgetpu" can\'t be had: {lacking}; set "auto" or "cpu"')
    return None, lacking


def _interpreter(card: Card, runtime: Runtime, content: bytes, delegate: Any, threads: int) -> Any:
    delegates = [] if delegate is None else [delegate]
    try:
        with _STDERR, _without_chatter():
            interpreter = runtime.interpreter.Interpreter(
                model_content=content, num_threads=threads, experimental_delegates=delegates
            )
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{card.file}: {runtime} can't load it: {_first_line(error)}") from None
    return interpreter


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no reason given"


def _quantisation(details: dict[str, Any]) -> tuple[float, int]:
    scale, zero_point = details["quantization"]
    return (float(scale), int(zero_point)) if scale else (1.0, 0)


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep the runtimes' lines that begin with INFO off standard error; all others are passed on afterwards.

    They come from C++ and know no log level in LiteRT, so the file descriptor itself is turned away for the moment.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with os.fdopen(os.memfd_create("edged-stderr"), "w+b") as said:
            os.dup2(said.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(kept, 2)
                said.seek(0)
                os.write(2, b"".join(line for line in said if not line.startswith(b"INFO:")))
    finally:
        os.close(kept)


def describe_devices(models: list[Model]) -> str:
    """Return runtime and device in a few words, such as "litert 2.3.0 on cpu"."""
    devices = list(dict.fromkeys(model.device for model in models))
    return f"{models[0].runtime} on {' and '.join(devices)}"
