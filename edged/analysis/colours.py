"""One colour for each emotion, the same in pictures, videos and charts.

Source: the palette of Okabe and Ito, "Color Universal Design" (2008), which colour-blind people can tell apart; its
black is replaced by grey, for neutral.
"""

from typing import Final

from edged.words import EMOTIONS

RGB: Final = dict(
    zip(
        EMOTIONS,
        (
            (153, 153, 153),
            (240, 228, 66),
            (86, 180, 233),
            (0, 114, 178),
            (213, 94, 0),
            (0, 158, 115),
            (204, 121, 167),
            (230, 159, 0),
        ),
        strict=True,
    )
)
"""Red, green, blue of each emotion, 0 to 255."""
