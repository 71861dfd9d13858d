"""The faces of single pictures, found or given, and the emotion of every one.

Strategy: the models are loaded once (a shelf); a Vision for each size of picture borrows them. A face whose emotion the
daemon wouldn't read, for it is small or turned far away, is read on request by the same network: who asks for a format
that has no word for "can't say" gets what the network says, for what it is worth.

Rule: one reader is used by one thread.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edged.camera.frame import Frame
from edged.camera.still import Still
from edged.config.model import Vision as Settings
from edged.vision.emotion import EmotionReader
from edged.vision.letterbox import Picture
from edged.vision.shelf import Shelf
from edged.vision.sighting import Box, Sighting
from edged.vision.vision import Vision, choose_emotion_card
from edged.words import Scores


class Emotions:
    """Reads the emotion of any face of a picture."""

    def __init__(self, settings: Settings, shelf: Shelf | None = None) -> None:
        """Load the emotion model, or take it from a shelf. Raises what Shelf raises, and ConfigError."""
        shelf = shelf or Shelf(settings)
        card = choose_emotion_card(shelf.cards, settings.emotion_model)
        self._reader = EmotionReader(card, shelf.model(card))

    def read(self, picture: Picture, box: Box, roll: float = 0.0) -> Scores:
        """Return the scores of the face in `box`; `roll` is its tilt in degrees."""
        height, width = picture.shape[:2]
        edges = (box.left * width, box.top * height, (box.left + box.width) * width, (box.top + box.height) * height)
        self._reader.load(self._reader.crop(picture, np.array(edges, np.float32), roll))
        self._reader.model.invoke()
        return self._reader.scores()

    def complete(self, picture: Picture, sightings: Sequence[Sighting]) -> list[Sighting]:
        """Give scores to those faces of a picture that have none."""
        return [
            sighting
            if sighting.scores is not None
            else replace(sighting, scores=self.read(picture, sighting.box, sighting.roll or 0.0))
            for sighting in sightings
        ]


class PictureReader:
    """Finds the faces of single pictures."""

    def __init__(self, settings: Settings) -> None:
        """Read the models' cards; each model is loaded when it is first needed. Raises what Shelf raises."""
        self._settings = settings
        self._shelf = Shelf(settings)
        self._vision: Vision | None = None
        self._size = (0, 0)
        self._emotions = Emotions(settings, self._shelf)

    @property
    def invoke_cpu_s(self) -> float:
        """CPU seconds spent in the models of the last size's Vision so far."""
        return self._vision.invoke_cpu_s if self._vision else 0.0

    def find(self, still: Still, *, every_emotion: bool) -> list[Sighting]:
        """Return a picture's faces, the surest first. Raises what Vision raises.

        `every_emotion`: also of faces so small or turned that their emotion can hardly be told; else those have none.
        """
        height, width = still.pixels.shape[:2]
        if self._vision is None or self._size != (width, height):
            self._vision, self._size = Vision(self._settings, width, height, self._shelf), (width, height)
        sightings = self._vision.look(Frame("picture", 0.0, still.pixels))
        return self._emotions.complete(still.pixels, sightings) if every_emotion else sightings

    def read(self, still: Still, boxes: Sequence[Box]) -> list[Sighting]:
        """Return the faces in given boxes, in their order, without looking for any."""
        height = still.pixels.shape[0]
        return [
            Sighting(
                box=box,
                score=1.0,
                height_px=box.height * height,
                yaw=None,
                roll=None,
                scores=self._emotions.read(still.pixels, box),
            )
            for box in boxes
        ]
