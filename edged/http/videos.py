"""/v1/emotion/video: a video is handed in, asked after, fetched, cancelled."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO, Annotated, Any, Final, Literal

import cv2
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from edged.camera.header import kind_of
from edged.formats import microsoft_video
from edged.http.jobs import Job, Jobs, State
from edged.http.parameters import no_others
from edged.http.pictures import BINARY, FORM
from edged.http.problems import Problem, ProblemError, described
from edged.http.uploads import receive_video

PATH: Final = "/v1/emotion/video"
_AGAIN_S: Final = 1
_CHUNK: Final = 1 << 16

Id = Annotated[str, Field(description="Of the video, as Location tells it.", max_length=64)]


class Video(BaseModel):
    """How far a video is."""

    id: str
    status: State
    created: datetime
    progress: float = Field(ge=0, le=1, description="Share that is done; 0 as long as the length isn't known.")
    analysed_s: float = Field(ge=0, description="Seconds of the video that are done.")
    length_s: float | None = Field(description="Seconds that the file announces; null when it doesn't, or not yet.")
    note: str | None = Field(description="What is to be known about the result: e.g. that the video breaks off.")
    problem: Problem | None = Field(description="Why it failed.")
    result: str | None = Field(description="Where the result is, once there is one.")


def video_routes(jobs: Jobs) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["videos"], dependencies=[Depends(no_others)])

    @router.post(
        PATH,
        status_code=202,
        summary="Hand in a video",
        description="The body is the video itself, or a multipart form with one file. It is analysed when its turn "
        "comes; Location (and Operation-Location, as Microsoft's API had it) says where to ask. The video is deleted "
        "when it has been analysed, the result an hour later.",
        response_model=Video,
        responses={
            202: {
                "description": "It waits for its turn.",
                "headers": {
                    name: {"schema": {"type": "string"}, "required": True}
                    for name in ("Location", "Operation-Location")
                },
                "links": _links(),
            },
            **described(400, 408, 411, 413, 415, 429, 501, 503),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": BINARY, "video/*": BINARY, "multipart/form-data": FORM},
            }
        },
    )
    async def begin(
        request: Request,
        form: Annotated[
            Literal["microsoft", "edged", "smartclick"],
            Query(alias="format", description="Whose words; of videos this service knows Microsoft's only."),
        ] = "microsoft",
        mode: Annotated[
            Literal["aggregate", "perFace"], Query(description="All faces together, or each by itself.")
        ] = "aggregate",
        window: Annotated[
            float | None, Query(ge=0.25, le=2, description="Seconds that an event tells of (aggregate; 0.5).")
        ] = None,
        interval: Annotated[
            float | None, Query(ge=0.25, le=1, description="Seconds from event to event (aggregate; 0.5).")
        ] = None,
        smoothing: Annotated[
            bool, Query(description="Each face's scores are the mean of half a second, which lags 250 ms.")
        ] = True,
    ) -> Response:
        if form != "microsoft":
            raise ProblemError(501, f"videos in {form}'s words aren't served: take format=microsoft, or edged analyze")
        if not cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG):
            raise ProblemError(501, "this build reads no videos: its OpenCV has no FFmpeg")
        words = _words(mode, window, interval, smoothing=smoothing)
        with jobs.place():
            job = jobs.begin(_checked(await receive_video(request)), words)
        where = f"{PATH}/{job.id}"
        headers = {"location": where, "operation-location": where, "retry-after": str(_AGAIN_S)}
        return Response(_told(job).model_dump_json(), 202, headers, "application/json")

    @router.get(
        f"{PATH}/{{id}}",
        summary="How far a video is",
        response_description="How far it is.",
        response_model=Video,
        responses=described(400, 404),
    )
    async def ask(id: Id) -> Video:
        return _told(jobs.find(id))

    @router.get(
        f"{PATH}/{{id}}/result",
        summary="The result, in the form of Microsoft's Emotion API for Video",
        response_description="The result.",
        response_model=microsoft_video.Answer,
        responses=described(400, 404, 409, 422, 501, 503, 504),
    )
    async def result(id: Id) -> Response:
        job = jobs.find(id)
        if job.problem is not None:
            again = 60 if job.problem.status == 503 else None
            raise ProblemError(job.problem.status, job.problem.detail, retry_after_s=again)
        if job.result is None or job.state is not State.SUCCEEDED:
            raise ProblemError(409, f"the video is {job.state.value}: ask {PATH}/{{id}} until it has succeeded")
        return StreamingResponse(_pieces(job.result), media_type="application/json")

    @router.delete(
        f"{PATH}/{{id}}",
        status_code=204,
        summary="Cancel a video, or forget its result",
        response_description="It is gone.",
        response_class=Response,
        responses=described(400, 404),
    )
    async def cancel(id: Id) -> None:
        await jobs.drop(id)

    return router


def _words(mode: str, window: float | None, interval: float | None, *, smoothing: bool) -> Sequence[str]:
    """Return the options of `edged analyze`. Raises ProblemError for what makes no sense together."""
    if mode == "perFace" and (window is not None or interval is not None):
        raise ProblemError(400, "window and interval belong to mode=aggregate: perFace tells of every look")
    if window is not None and interval is not None and window < interval:
        raise ProblemError(400, "the window is shorter than the interval, which would leave gaps: make it longer")
    words = ["--format", "microsoft", "--mode", mode, "--progress", "json"]
    words += [] if window is None else ["--window", str(window)]
    words += [] if interval is None else ["--interval", str(interval)]
    return words if smoothing else [*words, "--no-smoothing"]


def _checked(video: IO[bytes]) -> IO[bytes]:
    kind = kind_of(video.read(16))
    video.seek(0)
    if kind is not None:
        video.close()
        raise ProblemError(415, f"this is a picture ({kind}): send it to /v1/emotion")
    return video


def _told(job: Job) -> Video:
    share = min(job.done_s / job.total_s, 1.0) if job.total_s else 0.0
    return Video(
        id=job.id,
        status=job.state,
        created=job.created,
        progress=1.0 if job.state is State.SUCCEEDED else round(share, 3),
        analysed_s=round(job.done_s, 3),
        length_s=job.total_s,
        note=job.note,
        problem=job.problem,
        result=f"{PATH}/{job.id}/result" if job.state is State.SUCCEEDED else None,
    )


def _pieces(result: IO[bytes]) -> Iterator[bytes]:
    result.seek(0)
    while piece := result.read(_CHUNK):
        yield piece


def _links() -> dict[str, Any]:
    of_this = {"parameters": {"id": "$response.body#/id"}}
    return {
        name: {"operationId": operation, **of_this}
        for name, operation in (("progress", "ask"), ("result", "result"), ("cancel", "cancel"))
    }
