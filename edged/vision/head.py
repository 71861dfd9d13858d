"""Which way a head is turned, from a few landmarks.

Formulas, with the eyes' line as the head's own x axis (so that a tilted head reads like an upright one):
    roll = atan2(dy, dx) of the line from the left to the right eye
    yaw  = atan2(n / PROTRUSION, e)
where e is the eyes' distance in the picture and n how far the tip of the nose lies beside the axis from the middle of
the eyes to the middle of the mouth. A head turned by yaw shows its eyes closer (e = E cos yaw) and its nose, which
stands out from the axis by PROTRUSION * E, to the side (n = PROTRUSION * E sin yaw): the ratio gives the angle.

Limits: the model is a far camera and an average head; PROTRUSION varies by person by about a fifth, and with it the
tangent of the reading. Beyond some 60° the far eye is hidden and only guessed by the detector: such a reading says
"much", not how much. Pitch cancels to first order only. A head seen upside down is not found by the detectors.

Measured against the yaw of MediaPipe's face mesh (itself an estimate; 468 points in depth) on 574 faces of at least
60 px in WIDER photos, CenterFace's landmarks: correlation 0.94, mean difference 4.5° up to 30° and 9° beyond; the two
agree on "within 22.5°" for 91 %. BlazeFace's keypoints: 0.92, 5.4°, 10.5° and 91 %.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

PROTRUSION: Final = 0.55
"""How far the tip of the nose stands out from the axis between eyes and mouth, in distances of the eyes; from the
canonical face of MediaPipe (Apache 2.0): 3.4 of 6.3 cm."""

MOUTH: Final = {5: (3, 4), 6: (3, 3)}
"""Number of landmarks → the two whose middle is the mouth's."""


def orientation(points: NDArray[np.float32]) -> tuple[float, float]:
    """Return (yaw, roll) in degrees from landmarks (k, 2) in px, as :class:`edged.vision.faces.Faces` orders them.

    Yaw is 0 towards the camera and positive towards the picture's right; roll is positive clockwise as seen.
    """
    places = points.tolist()  # plain floats: a dozen sums cost less than a single numpy call
    (left_x, left_y), (right_x, right_y), (nose_x, nose_y) = places[:3]
    first, second = MOUTH[len(places)]
    mouth_x = (places[first][0] + places[second][0]) / 2
    mouth_y = (places[first][1] + places[second][1]) / 2
    eyes_x, eyes_y = (left_x + right_x) / 2, (left_y + right_y) / 2
    roll = math.atan2(right_y - left_y, right_x - left_x)
    distance = math.hypot(right_x - left_x, right_y - left_y)
    axis_x, axis_y = mouth_x - eyes_x, mouth_y - eyes_y
    length = math.hypot(axis_x, axis_y)
    if length == 0:
        return 0.0, math.degrees(roll)
    beside = ((nose_x - eyes_x) * axis_y - (nose_y - eyes_y) * axis_x) / length
    yaw = math.atan2(beside / PROTRUSION, distance)
    return math.degrees(yaw), math.degrees(roll)
