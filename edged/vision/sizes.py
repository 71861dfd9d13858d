"""How many values each output tensor of a model must hold, by what its card says of input, layout and labels.

Why: decoders take tensors apart by these numbers. A card with the anchors of another model, or with a label too few,
would find faces where none are, and no error would say so.
"""

from collections.abc import Mapping
from typing import Final

from edged.vision.card import Card, EmotionOutput, FaceOutput

PER_CELL: Final[Mapping[str, int]] = {
    "heatmap": 1, "scale": 2, "offset": 2, "landmarks": 10,
    "logits": 1, "scores": 1, "boxes": 16, "xy": 2, "wh": 2, "keypoints": 12,
}  # fmt: skip
"""Role → values for each cell (centerface) or anchor (blazeface)."""
CENTERFACE_CELLS: Final = [[4, 1]]
"""CenterFace's grid, as anchors are written."""


def values_expected(card: Card) -> dict[str, int]:
    """Return role → number of values; nothing for layout "ssd", where the file says how many faces it gives."""
    match card.output:
        case EmotionOutput(labels=labels):
            return dict.fromkeys(card.output.tensors, len(labels))
        case FaceOutput(layout="centerface" | "blazeface", anchors=anchors):
            cells = sum(
                -(-card.input.width // stride) * -(-card.input.height // stride) * each
                for stride, each in anchors or CENTERFACE_CELLS
            )
            return {role: cells * PER_CELL[role] for role in card.output.tensors}
    return {}
