"""The models that one set of settings asks for, each read and loaded once, for Visions of several picture sizes.

Rule: one thread uses a shelf, for its models hold the tensors of one picture at a time.
"""

from edged.config.model import Vision as Settings
from edged.vision.card import Card, load_cards
from edged.vision.runtime import Model, choose_runtime


class Shelf:
    """Loaded models by name."""

    def __init__(self, settings: Settings) -> None:
        """Read the cards. Raises ModelError, UnavailableError."""
        self.cards = load_cards(settings.models_folder)
        self._settings = settings
        self.runtime = choose_runtime(settings.runtime)
        self._models: dict[str, Model] = {}

    def model(self, card: Card) -> Model:
        """Return the card's model, loaded now or before. Raises ModelError, UnavailableError (see `Model`)."""
        if card.name not in self._models:
            settings = self._settings
            self._models[card.name] = Model(card, self.runtime, settings.accelerator, settings.threads)
        return self._models[card.name]
