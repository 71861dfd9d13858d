"""Writes the tables of docs/MODELS.md that hold figures of the cards, so that no figure stands in two places.

    python -m tools.model_tables            # after a card has changed
    python -m tools.model_tables --check    # say whether they agree (a test does so, too)

Rule: a table stands between <!-- NAME --> and <!-- end -->; everything else in the document is left as it is.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from edged.vision.card import Card, EmotionCard, FaceCard, load_cards
from edged.words import EMOTIONS

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "MODELS.md"
HEIGHTS_PX = (48, 32, 24, 20, 16, 12)


def faces(cards: Sequence[Card]) -> str:
    """Return the table of the face models, the smallest first."""
    lines = [
        "| model | million MAC | AP int8 | AP float | IoU | ms | tflite-runtime ms |",
        "| --- | ---: | --- | --- | ---: | ---: | ---: |",
    ]
    for card in sorted((c for c in cards if isinstance(c, FaceCard)), key=lambda card: card.measured["mmac"]):
        told = card.measured
        name = f"**{card.name}**" if card.output.auto else card.name
        lines.append(
            f"| {name} | {told['mmac']} | {_aps(told['ap'])} | {_aps(told['ap_float'])} | {told['iou_with_float']:.3f} "
            f"| {told['ms_litert']:.1f} | {told['ms_tflite_runtime']:.0f} |"
        )
    return "\n".join(lines)


def reach(cards: Sequence[Card]) -> str:
    """Return the table of faces found by their height on the canvas."""
    known = sorted((c for c in cards if isinstance(c, FaceCard) and c.reach), key=lambda card: card.measured["mmac"])
    edges = known[0].reach.canvas_px if known[0].reach else []
    classes = [f"{low:g}–{high:g}" for low, high in pairwise(edges)] + [f"{edges[-1]:g} and more"]
    lines = [f"| px on the canvas | {' | '.join(classes)} |", "| --- |" + " ---: |" * len(classes)]
    for card in known:
        if card.reach:
            lines.append(f"| {card.name} | {' | '.join(f'{share:.2f}' for share in card.reach.recall)} |")
    return "\n".join(lines)


def emotion(cards: Sequence[Card]) -> str:
    """Return the figures of the emotion model that ships."""
    (card,) = (c for c in cards if isinstance(c, EmotionCard))
    told = card.measured
    heights = [told["accuracy"], *(told[f"accuracy_height_{height}"] for height in HEIGHTS_PX[1:])]
    rows = [
        (
            "accuracy, plurality label of eight",
            f"{_percent(told['accuracy'])} % (float {_percent(told['accuracy_float'])} %, "
            f"tflite-runtime {_percent(told['accuracy_tflite_runtime'])} %)",
        ),
        ("macro-F1", f"{told['macro_f1']:.3f}"),
        ("calibration against vote shares", f"{told['calibration']:.4f}"),
        ("calibration error against the plurality label (`ece`)", f"{told['ece']:.3f}"),
        ("F1 by class", ", ".join(f"{word} {told['f1'][word]:.2f}" for word in EMOTIONS)),
        (
            f"accuracy by face height {' / '.join(map(str, HEIGHTS_PX))} px",
            " / ".join(_percent(value) for value in heights) + " %",
        ),
        (
            "accuracy with blur σ 1, σ 2; JPEG 30; a third of the light; crop off by 10 %; tilt 15°",
            "; ".join(
                _percent(told[f"accuracy_{name}"])
                for name in ("blur_1", "blur_2", "jpeg_30", "dark", "shift_10", "tilt_15")
            )
            + " %",
        ),
        ("smallest face whose emotion is read", f"{card.output.min_height_px:g} px"),
        ("size", f"{told['mmac']} million multiply-adds, {told['size_bytes'] / 1e6:.2f} MB"),
        (
            "seven classes, without contempt",
            f"{_percent(told['accuracy_seven'])} %, macro-F1 {told['macro_f1_seven']:.3f}",
        ),
    ]
    return "\n".join(["| figure | value |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])


TABLES: dict[str, Callable[[Sequence[Card]], str]] = {"faces": faces, "reach": reach, "emotion": emotion}


def filled(text: str, cards: Sequence[Card]) -> str:
    """Return the document with its tables made anew."""
    for name, make in TABLES.items():
        before, mark, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not mark or not end:
            raise SystemExit(f"{DOCUMENT}: needs a place for a table between <!-- {name} --> and <!-- end -->")
        text = f"{before}{mark}{make(cards)}\n{end}{after}"
    return text


def _aps(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.3f}".removeprefix("0") for value in values)


def _percent(value: Any) -> str:
    return f"{100 * value:.1f}"


def main() -> int:
    """Write the tables, or say whether they agree with the cards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; end with 1 when a table is out of date")
    given = parser.parse_args()
    text = DOCUMENT.read_text(encoding="utf-8")
    new = filled(text, list(load_cards().values()))
    if given.check:
        return int(new != text)
    DOCUMENT.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
