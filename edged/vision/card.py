"""Model cards: what a model file is, how it is fed and read, where it comes from, what it was measured to do.

Strategy: a card is a TOML file beside its .tflite. It says everything that code must know, so that a user brings a
model of their own with two files and no code.

Rules:
  - A card that isn't complete and right is refused as a whole, with file, key and what is allowed. Nothing is guessed.
  - The card names the hash of its file; a file that doesn't hash so is never loaded (see `runtime`).
  - Cards of the user's folder come on top of those that ship with edged; one that has the name of a shipped one takes
    its place, as the hash in every message says. Within a folder a name stands once.
"""

import math
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from edged.config.model import Id
from edged.errors import ModelError
from edged.words import EMOTIONS

Task = Literal["face", "emotion"]
Layout = Literal["centerface", "blazeface", "ssd", "classes"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.tflite$")]
Share = Annotated[float, Field(ge=0, le=1)]

ROLES: Final[Mapping[Layout, tuple[frozenset[str], ...]]] = {
    "centerface": (frozenset({"heatmap", "scale", "offset", "landmarks"}),),
    "blazeface": tuple(
        frozenset({scores, *rest})
        for scores in ("logits", "scores")
        for rest in (("boxes",), ("xy", "wh", "keypoints"))
    ),
    "ssd": (frozenset({"boxes", "classes", "scores", "count"}),),
    "classes": (frozenset({"logits"}), frozenset({"scores"})),
}
"""What the output tensors of a layout may be: for each layout the complete sets to choose from.

`logits` still need a sigmoid (blazeface) or a softmax (classes), `scores` are probabilities already.
"""


class Part(BaseModel):
    """A table of the card: frozen, strict about types and keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Input(Part):
    """How the picture is fed. The real value of a pixel is (pixel - mean) / std; the tensor's quantisation follows."""

    width: Annotated[int, Field(ge=8, le=4096)]
    height: Annotated[int, Field(ge=8, le=4096)]
    colour: Literal["rgb", "bgr", "grey"]
    mean: float
    std: Annotated[float, Field(gt=0)]
    dtype: Literal["int8", "uint8", "float32"] = "int8"
    """float32 is for comparison on a desk: nothing that ships uses it."""


class FaceInput(Input):
    """A whole picture."""

    colour: Literal["rgb", "bgr"]
    fit: Literal["letterbox"]
    """The picture is scaled to fit, its shape kept, at the top left of a black canvas."""

    def scale(self, width: float, height: float) -> float:
        """Return canvas pixels for each pixel of a picture of `width` × `height`."""
        return min(self.width / width, self.height / height)


class EmotionInput(Input):
    """One face."""

    margin: Annotated[float, Field(ge=0, le=1)]
    """The detector's box grows on each side by this share of its longer side, then becomes a square."""


class Output(Part):
    """How the output tensors are read."""

    layout: Layout
    tensors: dict[str, str]
    """Role → name of the tensor in the file; see :data:`ROLES`."""

    @model_validator(mode="after")
    def _roles(self) -> Self:
        if frozenset(self.tensors) not in ROLES[self.layout]:
            allowed = " or ".join("{" + ", ".join(sorted(roles)) + "}" for roles in ROLES[self.layout])
            raise ValueError(f"layout {self.layout!r} needs tensors {allowed}")
        return self


class FaceOutput(Output):
    """Boxes, scores and landmarks."""

    layout: Literal["centerface", "blazeface", "ssd"]
    threshold: Annotated[float, Field(gt=0, lt=1)]
    """A detection below this score is none."""
    nms_iou: Share
    """Of two boxes that share more than this, the better scored stays."""
    nms_weighted: bool = False
    """The box that stays becomes the mean of those it stands for, weighted by score, as MediaPipe does."""
    anchors: list[Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]] = []
    """Blazeface: one (stride in px, anchors per cell) for each grid, in the order of the tensor's rows."""
    auto: bool = False
    """face_model = "auto" may choose this model."""

    @model_validator(mode="after")
    def _anchors_belong_to_blazeface(self) -> Self:
        if (self.layout == "blazeface") != bool(self.anchors):
            raise ValueError('anchors belong to layout "blazeface", which needs them, and to no other')
        return self


class EmotionOutput(Output):
    """One number for each class."""

    layout: Literal["classes"]
    labels: Annotated[list[str], Field(min_length=2)]
    """What each output stands for, in the file's order; words of :data:`edged.words.EMOTIONS`."""
    min_height_px: Annotated[float, Field(ge=1)]
    """A face lower than this (in pixels of the camera's picture) counts for footfall only."""

    @model_validator(mode="after")
    def _labels_are_emotions(self) -> Self:
        for label in self.labels:
            if label not in EMOTIONS:
                raise ValueError(f"labels holds {label!r}; allowed are {', '.join(EMOTIONS)}")
            if self.labels.count(label) > 1:
                raise ValueError(f"labels holds {label!r} twice")
        return self


_Row = Annotated[list[Share], Field(min_length=len(EMOTIONS), max_length=len(EMOTIONS))]


class Estimate(Part):
    """What is known of an emotion model's answers to whole windows; in the order of edged.words.EMOTIONS."""

    answers: Annotated[list[_Row], Field(min_length=len(EMOTIONS), max_length=len(EMOTIONS))]
    """Row: what raters chose; column: the mean scores of faces, weighted by the share of raters who chose it."""
    weight: Share
    """How far the mean of scores is moved towards the mix that explains it best; 0: not at all."""
    spread: Annotated[float, Field(gt=0)]
    """Variance of one visit's part in a share p, as a multiple of p (1 - p)."""
    model_errors: _Row
    """Root mean square error of each share over many mixes, with visits without number."""


class Origin(Part):
    """Where the model comes from."""

    title: str
    authors: str
    source: str
    licence: str
    training_data: str


class Made(Part):
    """How the file was made."""

    command: str
    tools: str
    calibration: str
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Card(Part):
    """One model."""

    name: Id
    task: Task
    summary: str
    file: FileName
    sha256: Sha256
    version: str
    edgetpu_file: FileName | None = None
    """The same model, compiled for the Edge TPU."""
    edgetpu_sha256: Sha256 | None = None
    input: Input
    output: Output
    origin: Origin
    made: Made
    measured: dict[str, Any] = {}
    """Free figures: what was measured, on what."""

    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Where the card was found; its files lie beside it."""
        return self._folder

    def found_in(self, folder: Path) -> Self:
        """Return this card as if it lay in `folder`."""
        there = self.model_copy()
        there._folder = folder
        return there

    @property
    def short_hash(self) -> str:
        """The first twelve hex digits of the file's hash, as messages carry them."""
        return self.sha256[:12]

    @model_validator(mode="after")
    def _compiled_file_is_hashed(self) -> Self:
        if (self.edgetpu_file is None) != (self.edgetpu_sha256 is None):
            raise ValueError("edgetpu_file and edgetpu_sha256 go together: give both or neither")
        return self


class Reach(Part):
    """How small faces may be, in pixels of the model's canvas: its own input, after the picture was scaled to fit."""

    canvas_px: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]
    """Lower edges of classes of face height, rising; the last class is open."""
    recall: list[Share]
    """Share of the faces of each class that are found at the card's threshold."""

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if len(self.recall) != len(self.canvas_px) or self.canvas_px != sorted(set(self.canvas_px)):
            raise ValueError("canvas_px must rise, and recall must have one share for each of its classes")
        return self

    def found(self, height_px: float) -> float:
        """Return the share of faces of this height on the canvas that are found.

        Between the middles of two classes it is interpolated, on a logarithmic scale; it is 0 below the first edge.
        """
        if height_px < self.canvas_px[0]:
            return 0.0
        edges = [*self.canvas_px, 2 * self.canvas_px[-1]]
        middles = [math.log(low * high) / 2 for low, high in pairwise(edges)]
        at = math.log(height_px)
        for (left, share), (right, next_share) in pairwise(zip(middles, self.recall, strict=True)):
            if at < right:
                return share + (next_share - share) * max((at - left) / (right - left), 0.0)
        return self.recall[-1]

    def least(self, share: float) -> float | None:
        """Return the least whole height in px on the canvas of which so large a share is found; None: none is."""
        top = math.ceil(2 * self.canvas_px[-1])
        return next((float(px) for px in range(1, top + 1) if self.found(px) >= share), None)


class FaceCard(Card):
    """A model that finds faces in a picture."""

    task: Literal["face"]
    input: FaceInput
    output: FaceOutput
    reach: Reach | None = None
    """Without it `edged bench` can't recommend the model."""


class EmotionCard(Card):
    """A model that reads the emotion of one face."""

    task: Literal["emotion"]
    input: EmotionInput
    output: EmotionOutput
    estimate: Estimate | None = None
    """Without it, messages hold no estimate beside the plain figures."""


_CARDS: Final[Mapping[object, type[Card]]] = {"face": FaceCard, "emotion": EmotionCard}


def shipped_folder() -> Path:
    """Return the folder of the models that come with edged: in the installed package, or at the top of its source."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def read_card(path: Path) -> Card:
    """Return the card in `path`. Raises ModelError when it can't be read or isn't complete and right."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: the model card can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: the model card is not TOML: {error}") from None
    try:
        # Without a task, Card itself says that it is missing; with an unknown one, which are allowed.
        card = _CARDS.get(values.get("task"), Card).model_validate(values)
    except ValidationError as error:
        raise ModelError(f"{path}: {_explain(error)}") from None
    card._folder = path.parent
    return card


def load_cards(extra: Path | None = None) -> dict[str, Card]:
    """Return all cards by name: those that come with edged, and those of the folder `extra`, which win.

    Raises ModelError when a card is wrong, two of a folder have one name, or `extra` is no folder.
    """
    if extra is not None and not extra.is_dir():
        raise ModelError(f"{extra}: vision.models_folder is not a folder; give one that holds model cards (*.toml)")
    cards: dict[str, Card] = {}
    for folder in [shipped_folder()] if extra is None else [shipped_folder(), extra]:
        for path in sorted(folder.glob("*.toml")):
            card = read_card(path)
            if card.name in cards and cards[card.name].folder == folder:
                raise ModelError(f"{path}: name = {card.name!r} is taken by another card there; choose another name")
            cards[card.name] = card
    return cards


def _explain(error: ValidationError) -> str:
    """One sentence on the first thing that is wrong: key path, what is wrong with it, the value where there is one."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(step) for step in first["loc"])
    said = str(first["msg"]).removeprefix("Value error, ")
    match first["type"]:
        case "missing":
            return f"the key {key} is missing"
        case "extra_forbidden":
            return f"the key {key} is not known; only [measured] may hold keys of your own"
        case "value_error":
            return f"{key + ': ' if key else ''}{said}"
    return f"{key} = {first['input']!r}: {said}"
