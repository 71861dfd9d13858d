"""The figures in docs/MODELS.md are those of the cards."""

from edged.vision.card import load_cards
from tools.model_tables import DOCUMENT, TABLES, filled


def test_tables_of_the_document_are_made_from_the_cards() -> None:
    """A model that is missing, or a figure that was edited, is noticed; `python -m tools.model_tables` mends it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert filled(text, list(load_cards().values())) == text
    assert all(f"<!-- {name} -->" in text for name in TABLES)
