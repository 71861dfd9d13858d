"""From a frame to sightings: the one loop of verbs of this room.

    picture → canvas → face model → boxes and landmarks → for each face: crop → emotion model → Sighting

Rules:
  - Pixels stop here: nothing of a picture outlives `look`, but the canvas and the tensors that the next one overwrites.
  - Nothing is logged about what is seen.
  - One Vision is used by one thread, for pictures of one size; cameras of the same size share it.
"""

from collections.abc import Callable, Mapping
from typing import Final, NoReturn

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.camera.frame import Frame
from edged.config.model import Region
from edged.config.model import Vision as Settings
from edged.errors import ConfigError
from edged.vision.blazeface import BlazeFaceDecoder
from edged.vision.card import Card, EmotionCard, FaceCard, Task
from edged.vision.centerface import CenterFaceDecoder
from edged.vision.emotion import EmotionReader
from edged.vision.faces import Decoder, Faces
from edged.vision.head import orientation
from edged.vision.letterbox import Letterbox, Picture, Quantiser
from edged.vision.runtime import Model, describe_devices
from edged.vision.shelf import Shelf
from edged.vision.sighting import Box, Sighting
from edged.vision.ssd import SsdDecoder
from edged.vision.stages import CROP, DECODE, DETECT, EMOTION, GATHER, PREPARE, Stages
from edged.words import Scores

MOST_YAW_DEG: Final = 60.0
"""A face turned further away shows too little of itself: no scores."""

_DECODERS: Final[Mapping[str, Callable[[FaceCard, float], Decoder]]] = {
    "centerface": CenterFaceDecoder,
    "blazeface": BlazeFaceDecoder,
    "ssd": SsdDecoder,
}


class Detector:
    """A face model with all that stands between a picture and its faces."""

    __slots__ = ("_decode", "_letterbox", "_quantiser", "model")

    def __init__(self, card: FaceCard, model: Model, width: int, height: int, threshold: float | None = None) -> None:
        """Detect with `model`, loaded by `card`, in pictures of `width` × `height` px.

        `threshold` stands in for the card's.
        """
        self.model = model
        given = card.input
        self._letterbox = Letterbox(width, height, given.width, given.height, swap=given.colour == "rgb")
        self._quantiser = Quantiser(given, *model.input_quantisation)
        least = card.output.threshold if threshold is None else threshold
        self._decode = _DECODERS[card.output.layout](card, least)

    def load(self, picture: Picture) -> None:
        """Write `picture`, (height, width, 3) blue-green-red, into the model's input."""
        self._quantiser.write(self._letterbox.fit(picture), self.model.input())

    def faces(self) -> Faces:
        """Return what the last invocation found, in px of the picture, best first."""
        found = self._decode(self.model.outputs())
        points = None if found.points is None else self._letterbox.unfit(found.points)
        return Faces(self._letterbox.unfit(found.boxes), found.scores, points)


class Vision:
    """Finds faces and their emotions in pictures of one size."""

    def __init__(
        self, settings: Settings, width: int, height: int, shelf: Shelf | None = None, region: Region | None = None
    ) -> None:
        """Load the models that `settings` asks for, or take those of `shelf`, which was made with the same settings.

        Faces are looked for in `region`, or everywhere.
        Raises ModelError, UnavailableError (see :class:`edged.vision.runtime.Model`) and ConfigError (no such model).
        """
        # One frame at a time on one core: OpenCV's own threads would only spin.
        cv2.setNumThreads(1)
        shelf = shelf or Shelf(settings)
        self._left, self._top, right, bottom = _pixels(region or Region(), width, height)
        self._right, self._bottom = right, bottom
        looked_at = right - self._left, bottom - self._top
        face_card = choose_face_card(shelf.cards, settings.face_model, *looked_at)
        emotion_card = choose_emotion_card(shelf.cards, settings.emotion_model)
        faces, emotions = shelf.model(face_card), shelf.model(emotion_card)
        self._detector = Detector(face_card, faces, *looked_at, settings.score_threshold)
        self._emotion = EmotionReader(emotion_card, emotions)
        self._width, self._height = width, height
        self._most_faces = settings.max_faces
        least = settings.min_emotion_height_px
        self.least_emotion_px = emotion_card.output.min_height_px if least is None else least
        """A face lower than this, in px of the picture, has no emotion read."""
        self.least_face_px = _least_face(face_card, *looked_at)
        """Of faces lower than this, in px of the picture, less than half are found; None: the card doesn't say."""
        self.stages = Stages()
        """Where the time goes."""
        self.runtime = describe_devices([faces, emotions])
        """Runtime and device in words, such as "litert 2.3.0 on cpu"."""
        self.notes = [model.note for model in (faces, emotions) if model.note is not None]
        """What a person should know about where the models run; worth a log line at the start."""
        self.models: list[tuple[Task, str, str]] = [
            (model.card.task, model.card.name, model.card.short_hash) for model in (faces, emotions)
        ]
        """(task, name, first twelve hex digits of the file's SHA-256) of each model."""
        self.estimate = emotion_card.estimate
        """What is known of the emotion model's answers to whole windows."""

    def look(self, frame: Frame) -> list[Sighting]:
        """Return the faces in `frame`, the best scored first. The frame must have the size that was said."""
        if frame.pixels.shape != (self._height, self._width, 3):
            raise ValueError(f"{frame} is not {self._width}×{self._height} in colour")
        self.stages.begin()
        self._prepare(frame.pixels)
        self._detect()
        faces = self._decode()
        sightings = [self._sight(frame.pixels, faces, i) for i in range(len(faces))]
        self.stages.lap(GATHER)
        return sightings

    @property
    def invoke_cpu_s(self) -> float:
        """CPU seconds spent so far in nothing but invoke() of the models."""
        return self._detector.model.cpu_s + self._emotion.model.cpu_s

    def _prepare(self, picture: Picture) -> None:
        self._detector.load(picture[self._top : self._bottom, self._left : self._right])
        self.stages.lap(PREPARE)

    def _detect(self) -> None:
        self._detector.model.invoke()
        self.stages.lap(DETECT)

    def _decode(self) -> Faces:
        faces = self._detector.faces().pick(slice(self._most_faces)).moved(self._left, self._top)
        self.stages.lap(DECODE)
        return faces

    def _sight(self, picture: Picture, faces: Faces, i: int) -> Sighting:
        left, top, right, bottom = faces.boxes[i].tolist()
        yaw, roll = (None, None) if faces.points is None else orientation(faces.points[i])
        readable = bottom - top >= self.least_emotion_px and (yaw is None or abs(yaw) <= MOST_YAW_DEG)
        return Sighting(
            box=self._share(left, top, right, bottom),
            score=float(faces.scores[i]),
            height_px=bottom - top,
            yaw=yaw,
            roll=roll,
            scores=self._feel(picture, faces.boxes[i], roll or 0.0) if readable else None,
        )

    def _share(self, left: float, top: float, right: float, bottom: float) -> Box:
        width, height = self._width, self._height
        return Box(left / width, top / height, (right - left) / width, (bottom - top) / height)

    def _feel(self, picture: Picture, box: NDArray[np.float32], roll: float) -> Scores:
        self._emotion.load(self._emotion.crop(picture, box, roll))
        self.stages.lap(CROP)
        self._emotion.model.invoke()
        self.stages.lap(EMOTION)
        return self._emotion.scores()


def _pixels(region: Region, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of `region` in a picture of `width` × `height` px."""
    left, right = round(region.left * width), round(region.right * width)
    top, bottom = round(region.top * height), round(region.bottom * height)
    return left, top, right, bottom


def _least_face(card: FaceCard, width: int, height: int) -> float | None:
    on_canvas = None if card.reach is None else card.reach.least(0.5)
    return None if on_canvas is None else on_canvas / card.input.scale(width, height)


def choose_face_card(cards: Mapping[str, Card], name: str, width: int, height: int) -> FaceCard:
    """Return the face model called `name`, or for "auto" the one that fits pictures of `width` × `height` best.

    The rule of auto: of the models whose card says `auto = true`, CenterFace before other layouts, the one whose canvas
    the picture fills best, as the rest of the canvas is computed for nothing; of equals the larger, which sees further.
    Raises ConfigError when there is no such model.
    """
    faces = {card.name: card for card in cards.values() if isinstance(card, FaceCard)}
    if name != "auto":
        return faces.get(name) or _refuse(cards, name, "face")
    eligible = [card for card in faces.values() if card.output.auto]
    eligible = [card for card in eligible if card.output.layout == "centerface"] or eligible
    if not eligible:
        _refuse(cards, name, "face")
    return max(eligible, key=lambda card: (round(fill(card, width, height), 2), card.input.width * card.input.height))


def choose_emotion_card(cards: Mapping[str, Card], name: str) -> EmotionCard:
    """Return the emotion model called `name`. Raises ConfigError when there is none."""
    card = cards.get(name)
    return card if isinstance(card, EmotionCard) else _refuse(cards, name, "emotion")


def _refuse(cards: Mapping[str, Card], name: str, task: Task) -> NoReturn:
    names = ", ".join(sorted(card.name for card in cards.values() if card.task == task)) or "none at all"
    wrong = f"is a model for {cards[name].task}" if name in cards else "finds no model"
    raise ConfigError(f'vision.{task}_model = "{name}" {wrong}; models for {task}: {names}')


def fill(card: FaceCard, width: int, height: int) -> float:
    """Return the share of the card's canvas that a picture of `width` × `height` fills."""
    scale = card.input.scale(width, height)
    return width * scale * height * scale / (card.input.width * card.input.height)
