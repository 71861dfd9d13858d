"""The two systems' answers as they documented them: their examples, and schemas written from those, not from our code.

Sources:
  - SmartClick: the Emotion Detection API's page at RapidAPI (smartclick-smartclick-default/emotion-detection2).
  - Microsoft, pictures: Emotion API reference, Emotion Recognition (operation 563b31ea778daf121cc3a5fa).
  - Microsoft, videos: "Detect Face and Emotion with Azure Media Analytics" (azure-docs, articles/media-services), and
    "How to Call Emotion API for Video" (articles/cognitive-services/Emotion).
"""

from typing import Any, Final

from jsonschema import Draft202012Validator

SENTIMENTS: Final = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
ALPHABETICAL: Final = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
OF_VIDEOS: Final = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]

SMARTCLICK_EXAMPLE: Final = [
    {
        "probability": 0.98,
        "rectangle": {
            "left": 71.38750197336044,
            "top": 47.552113214756055,
            "right": 291.84930589000385,
            "bottom": 450.8455882774045,
        },
        "emotion": {
            "value": "happy",
            "probability": 0.90,
            "sentiments": {
                "angry": 0.0016742909792810678,
                "disgust": 7.964045653352514e-05,
                "fear": 0.00010980576917063445,
                "happy": 0.9026057124137878,
                "sad": 0.0005883954581804574,
                "surprise": 0.0008069504983723164,
                "neutral": 0.09413523972034454,
            },
        },
    }
]
MICROSOFT_EXAMPLE: Final = [
    {
        "faceRectangle": {"left": 68, "top": 97, "width": 64, "height": 97},
        "scores": {
            "anger": 0.00300731952,
            "contempt": 5.14648448e-08,
            "disgust": 9.180124e-06,
            "fear": 0.0001912825,
            "happiness": 0.9875571,
            "neutral": 0.0009861537,
            "sadness": 1.889955e-05,
            "surprise": 0.008229999,
        },
    }
]
_NOTHING: Final = dict.fromkeys(OF_VIDEOS, 0)
AGGREGATE_EXAMPLE: Final = {
    "version": 1,
    "timescale": 30000,
    "offset": 0,
    "framerate": 29.97,
    "width": 1280,
    "height": 720,
    "fragments": [
        {
            "start": 0,
            "duration": 60060,
            "interval": 15015,
            "events": [[{"windowFaceDistribution": _NOTHING, "windowMeanScores": _NOTHING}]] * 4,
        },
        {
            "start": 60060,
            "duration": 60060,
            "interval": 15015,
            "events": [
                [
                    {
                        "windowFaceDistribution": {**_NOTHING, "neutral": 1},
                        "windowMeanScores": dict(
                            zip(
                                OF_VIDEOS,
                                (
                                    0.688541,
                                    0.0586323,
                                    0.227184,
                                    0.00945675,
                                    0.00592107,
                                    0.00154993,
                                    0.00450447,
                                    0.0042109,
                                ),
                                strict=True,
                            )
                        ),
                    }
                ]
            ],
        },
    ],
}
"""Four of the first fragment's events, and the first of the second: the documents show no more."""


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SHARE: Final = {"type": "number", "minimum": 0, "maximum": 1}
_PIXEL: Final = {"type": "number", "minimum": 0}
_WHOLE: Final = {"type": "integer", "minimum": 0}
_COUNT: Final = {"type": "integer", "minimum": 1}

SMARTCLICK: Final = {
    "type": "array",
    "items": _object(
        probability=_SHARE,
        rectangle=_object(left=_PIXEL, top=_PIXEL, right=_PIXEL, bottom=_PIXEL),
        emotion=_object(
            value={"enum": [*SENTIMENTS, "undecided"]},
            probability=_SHARE,
            sentiments=_object(**dict.fromkeys(SENTIMENTS, _SHARE)),
        ),
    ),
}
"""`undecided` is ours: it comes only with a threshold, which that system didn't have."""
MICROSOFT: Final = {
    "type": "array",
    "maxItems": 64,
    "items": _object(
        faceRectangle=_object(left=_WHOLE, top=_WHOLE, width=_COUNT, height=_COUNT),
        scores=_object(**dict.fromkeys(ALPHABETICAL, _SHARE)),
    ),
}
_EMOTIONS: Final = _object(**dict.fromkeys(OF_VIDEOS, _SHARE))


def _clip(event: dict[str, Any], least: int, most: int) -> dict[str, Any]:
    return _object(
        version={"const": 1},
        timescale=_COUNT,
        offset={"const": 0},
        framerate={"type": "number", "exclusiveMinimum": 0},
        width=_COUNT,
        height=_COUNT,
        fragments={
            "type": "array",
            "items": _object(
                start=_WHOLE,
                duration=_COUNT,
                interval=_COUNT,
                events={
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "array", "items": event, "minItems": least, "maxItems": most},
                },
            ),
        },
    )


AGGREGATE: Final = _clip(_object(windowFaceDistribution=_EMOTIONS, windowMeanScores=_EMOTIONS), 1, 1)
PER_FACE: Final = _clip(_object(id=_WHOLE, x=_SHARE, y=_SHARE, width=_SHARE, height=_SHARE, scores=_EMOTIONS), 0, 64)


def check_shape(told: Any, schema: dict[str, Any]) -> None:
    """Fail when an answer doesn't fit a schema, or has its fields in another order than the documents."""
    Draft202012Validator(schema).validate(told)
    _check_order(told, schema)


def _check_order(told: Any, schema: dict[str, Any]) -> None:
    if isinstance(told, list):
        for item in told:
            _check_order(item, schema["items"])
    elif isinstance(told, dict):
        assert list(told) == list(schema["properties"])
        for name, value in told.items():
            _check_order(value, schema["properties"][name])


def check_smartclick(told: Any) -> None:
    """Fail when an answer isn't one of SmartClick's: its shape, its sums, its strongest sentiment."""
    check_shape(told, SMARTCLICK)
    for face in told:
        emotion, rectangle = face["emotion"], face["rectangle"]
        shares = emotion["sentiments"]
        assert abs(sum(shares.values()) - 1) < 1e-6
        assert abs(emotion["probability"] - max(shares.values())) < 0.005  # the example rounds it to two digits
        if emotion["value"] != "undecided":
            assert shares[emotion["value"]] == max(shares.values())
        assert rectangle["left"] < rectangle["right"]
        assert rectangle["top"] < rectangle["bottom"]


def check_microsoft(told: Any) -> None:
    """Fail when an answer isn't one of the Emotion API's: its shape, its sums, its order."""
    check_shape(told, MICROSOFT)
    for face in told:
        assert abs(sum(face["scores"].values()) - 1) < 1e-5  # the example's own digits add up to 1 within that
    sizes = [face["faceRectangle"]["width"] * face["faceRectangle"]["height"] for face in told]
    assert sizes == sorted(sizes, reverse=True)


def check_times(told: Any) -> None:
    """Fail when fragments leave gaps, overlap, or have another number of events than fit in."""
    at = 0
    for fragment in told["fragments"]:
        assert fragment["start"] == at
        at += fragment["duration"]
        assert len(fragment["events"]) == -(-fragment["duration"] // fragment["interval"])


def check_aggregate(told: Any) -> None:
    """Fail when an answer isn't one of the Emotion API for Video's."""
    check_shape(told, AGGREGATE)
    for fragment in told["fragments"]:
        for (event,) in fragment["events"]:
            sums = [sum(event[name].values()) for name in ("windowFaceDistribution", "windowMeanScores")]
            assert sums == [0, 0] or all(abs(total - 1) < 1e-5 for total in sums)


def check_per_face(told: Any) -> None:
    """Fail when an answer isn't one of that API's for single faces."""
    check_shape(told, PER_FACE)
    for fragment in told["fragments"]:
        for faces in fragment["events"]:
            assert len({face["id"] for face in faces}) == len(faces)
            for face in faces:
                assert abs(sum(face["scores"].values()) - 1) < 1e-5
                assert face["x"] + face["width"] <= 1 + 1e-6
                assert face["y"] + face["height"] <= 1 + 1e-6
