"""POST /v1/emotion: the faces of a picture, in one of three systems' words."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from edged.analysis.faces import PictureReader
from edged.camera.still import KINDS, NotAPictureError, TooLargeError, decode_still
from edged.errors import InputError
from edged.formats import microsoft, own, smartclick
from edged.formats.rectangles import Rectangle, boxes_of, parse_rectangles
from edged.formats.words import Whose, picture_in_words_of
from edged.http.metrics import Metrics
from edged.http.parameters import no_others
from edged.http.problems import ProblemError, described
from edged.http.readers import Readers
from edged.http.uploads import receive_picture

BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
FORM: Final[dict[str, Any]] = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
}


def picture_routes(readers: Readers, metrics: Metrics) -> APIRouter:
    """Make the route."""
    router = APIRouter(dependencies=[Depends(no_others)])

    @router.post(
        "/v1/emotion",
        summary="Faces and emotions of a picture",
        description=f"The body is the picture itself ({KINDS}, told by its content), or a multipart form with one "
        "file. The picture is not stored.",
        response_description="The faces, in the words that were asked for.",
        response_model=own.Picture | smartclick.Answer | microsoft.Answer,
        responses=described(400, 408, 411, 413, 415, 422, 429, 503, 504),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": BINARY, "image/*": BINARY, "multipart/form-data": FORM},
            }
        },
        tags=["pictures"],
    )
    async def emotion(
        request: Request,
        whose: Annotated[Whose, Query(alias="format", description="Whose words.")] = "edged",
        rectangles: Annotated[
            str | None,
            Query(
                alias="faceRectangles",
                max_length=8192,
                pattern=r"^[^;\x00]+(;[^;\x00]+)*;?$",
                description="left,top,width,height in pixels, several separated by semicolons: these faces are read, "
                "and none are looked for.",
                examples=["68,97,64,97;10,20,64,64"],
            ),
        ] = None,
        threshold: Annotated[
            float | None,
            Query(ge=0, le=1, description="An emotion below it is told as undecided (edged, smartclick)."),
        ] = None,
    ) -> Response:
        if threshold is not None and whose == "microsoft":
            raise ProblemError(400, "the microsoft format has no word for an undecided emotion: leave threshold out")
        given = None if rectangles is None else _given(rectangles)
        with readers.place():
            content = await receive_picture(request)
            with metrics.analysing():
                told = await readers.run(_look(content, whose, given, threshold or 0.0))
        return Response(told, media_type="application/json")

    return router


def _given(rectangles: str) -> list[Rectangle]:
    try:
        return parse_rectangles(rectangles, "faceRectangles")
    except InputError as error:
        raise ProblemError(400, str(error)) from None


def _look(
    content: bytes, whose: Whose, rectangles: list[Rectangle] | None, threshold: float
) -> Callable[[PictureReader], str]:
    """Return what a thread does with a picture: decode it, look at it, word it as JSON."""

    def look(reader: PictureReader) -> str:
        try:
            still = decode_still(content, "the file")
        except NotAPictureError as error:
            raise ProblemError(415, f"{error}; videos go to /v1/emotion/video") from None
        except TooLargeError as error:
            raise ProblemError(413, str(error)) from None
        except InputError as error:
            raise ProblemError(422, str(error)) from None
        width, height = still.width, still.height
        if rectangles is None:
            sightings = reader.find(still, every_emotion=whose != "edged")
        else:
            try:
                sightings = reader.read(still, boxes_of(rectangles, width, height, "the picture"))
            except InputError as error:
                raise ProblemError(400, str(error)) from None
        return picture_in_words_of(whose, "picture", sightings, width, height, threshold)

    return look
