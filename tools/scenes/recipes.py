"""The scenes: each asks one thing of the tracker, and the crowds ask all at once.

Faces are 30 to 150 px high unless said otherwise. Seconds are chosen so that some 20 to 100 visits happen in each.
"""

from .eye import Rhythm
from .shop import Recipe, Room
from .stage import Lens, Post

HD = Lens(1280, 720, 900, 2.2, 0.25)
"""Above heads, looking down: who is nearer is lower in the picture and hides little."""
HD_LEVEL = Lens(1280, 720, 900, 1.65)
"""At eye height: who is nearer hides who is behind."""
VGA = Lens(640, 480, 560, 2.1, 0.25)
VGA_LEVEL = Lens(640, 480, 560, 1.65)

HALL = Room(1.5, 6.0)
ROOM = Room(1.2, 3.7)
PILLARS = (Post(-0.5, 1.4, 0.3), Post(0.9, 1.8, 0.35))

RECIPES = (
    Recipe("one at a time", HD, HALL, Rhythm(15), 400, 3, 1, {"through": 1, "browse": 1}),
    Recipe("walk through, 5 fps", HD, HALL, Rhythm(5), 200, 2, 3, {"through": 1}),
    Recipe("walk through, 30 fps", VGA, ROOM, Rhythm(30), 120, 2, 3, {"through": 1}),
    Recipe("stop and look away", HD, HALL, Rhythm(10), 300, 4, 6, {"browse": 1}, turns_per_min=5),
    Recipe("turn back", VGA, ROOM, Rhythm(15), 200, 2, 4, {"turn back": 1}),
    Recipe("cross at eye height", HD_LEVEL, HALL, Rhythm(15), 150, 3, 6, {"through": 1}),
    Recipe("cross, 5 fps", HD_LEVEL, HALL, Rhythm(5), 150, 3, 6, {"through": 1}),
    Recipe("pillars", HD, Room(2.0, 6.0, PILLARS), Rhythm(15), 150, 3, 5, {"through": 2, "browse": 1}),
    Recipe("one door", HD, Room(2.0, 5.0), Rhythm(12), 200, 3, 5, {"door": 1}),
    Recipe("towards the camera", HD_LEVEL, Room(1.3, 6.0), Rhythm(25), 120, 3, 6, {"approach": 1}, turns_per_min=1),
    Recipe("pairs", VGA, ROOM, Rhythm(15), 150, 3, 6, {"through": 2, "browse": 1}, together=0.7),
    Recipe(
        "queue", VGA_LEVEL, Room(2.2, 2.4), Rhythm(10), 300, 4, 9, {"queue": 1},
        turns_per_min=4, pace=(0.9, 1.1), every=6.5,
    ),
    Recipe("hasty", HD, HALL, Rhythm(10, 0.3, 0.1), 100, 3, 6, {"through": 1}, pace=(1.5, 2.2)),
    Recipe("busy, 8 fps", HD, HALL, Rhythm(8), 120, 7, 10, {"through": 2, "browse": 1, "door": 1}),
    Recipe("crowd, 5 fps", HD, HALL, Rhythm(5), 90, 12, 15, {"through": 2, "browse": 1, "turn back": 1}),
    Recipe("crowd, 30 fps", HD_LEVEL, HALL, Rhythm(30), 60, 12, 15, {"through": 2, "browse": 1, "approach": 1}),
    # Like the real clips: an arcade, two at a table, the sample video, an aisle of people turned away.
    Recipe("like walkers", Lens(1920, 1080, 1900, 1.65), Room(2.0, 9.0), Rhythm(25), 90, 6, 9, {"approach": 1}),
    Recipe("like the sample", VGA, Room(1.0, 2.2), Rhythm(25, 0, 0), 200, 1.5, 2, {"turn back": 1, "through": 1}),
    Recipe("like the aisle", HD_LEVEL, HALL, Rhythm(15), 200, 3, 5, {"browse": 1, "approach": 1}, turns_per_min=12),
)  # fmt: skip
