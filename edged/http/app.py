"""The whole service as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from edged import __version__
from edged.config.model import Vision
from edged.errors import EdgedError
from edged.http.described import page
from edged.http.guard import Guard
from edged.http.jobs import Jobs, State
from edged.http.metrics import MEDIA_TYPE as FIGURES
from edged.http.metrics import Metrics
from edged.http.pictures import picture_routes
from edged.http.problems import Problem, ProblemError, answer, described, problem
from edged.http.readers import Readers
from edged.http.videos import video_routes

_ABOUT: Final = (
    "Faces and emotions of pictures and videos, analysed on this machine and nowhere else. What comes back is about "
    "single faces: personal data. Nothing is stored, no camera is read, nothing is published."
)
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_ELSE: Final = {
    404: "there is no such address: /docs lists them",
    405: "this address takes another method: /docs lists them",
}


class Health(BaseModel):
    """Whether it is well."""

    status: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service is made with."""

    vision: Vision
    analyze: Sequence[str]
    """Command that analyses a video; options and the file are added."""
    threads: int
    token: str | None
    on_ready: Callable[[], None]
    """Told when the models are loaded."""
    on_failure: Callable[[EdgedError], None]
    """Told when the models can't be loaded."""


def make_app(settings: Settings) -> ASGIApp:
    """Make the application; its lifespan loads the models."""
    readers = Readers(settings.vision, settings.threads)
    jobs = Jobs(settings.analyze)
    metrics = Metrics()
    metrics.show("edged_http_places_taken", "Pictures being received, waiting or looked at.", lambda: readers.taken)
    metrics.show("edged_http_ready", "Whether the models are loaded and not held up.", lambda: _is_ready(readers))
    metrics.show(
        "edged_http_videos_under_way",
        "Videos that wait or are being analysed.",
        lambda: jobs.count(State.WAITING, State.RUNNING),
    )

    async def load() -> None:
        try:
            await asyncio.to_thread(readers.load)
        except EdgedError as error:
            settings.on_failure(error)
        else:
            settings.on_ready()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(load())
        yield
        loading.cancel()
        await jobs.close()
        readers.close()

    app = FastAPI(
        title="edged",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers={
            ProblemError: _problem_error,
            RequestValidationError: _invalid,
            HTTPException: _http_exception,
            Exception: _fault,
        },
    )
    app.include_router(picture_routes(readers, metrics))
    app.include_router(video_routes(jobs))
    _add_health(app, readers, metrics)
    _describe(app, with_token=settings.token is not None)
    _add_pages(app)
    return Guard(app, metrics, settings.token)


def _is_ready(readers: Readers) -> bool:
    return readers.ready and not readers.held_up


def _add_health(app: FastAPI, readers: Readers, metrics: Metrics) -> None:
    @app.get(
        "/healthz",
        summary="Whether the process answers",
        response_description="It does.",
        tags=["health"],
        responses=described(),
    )
    async def healthz() -> Health:
        return Health(status="ok")

    @app.get(
        "/readyz",
        summary="Whether pictures are taken",
        response_description="They are.",
        tags=["health"],
        responses=described(503),
    )
    async def readyz() -> Health:
        if not _is_ready(readers):
            raise ProblemError(503, "the models are being loaded, or all readers are held up", retry_after_s=3)
        return Health(status="ready")

    @app.get(
        "/metrics",
        summary="Figures for Prometheus",
        response_description="The figures.",
        tags=["health"],
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **described()},
    )
    async def figures() -> Response:
        return Response(metrics.text(), headers={"content-type": FIGURES})


def _describe(app: FastAPI, *, with_token: bool) -> None:
    """Give the OpenAPI document what FastAPI can't know."""
    document: dict[str, Any] = app.openapi()
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(mode="serialization")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for methods in document["paths"].values():
        for operation in methods.values():
            told = operation["responses"].get("422", {})
            if "HTTPValidationError" in str(told):
                del operation["responses"]["422"]
    if with_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, methods in document["paths"].items():
            if path not in {"/healthz", "/readyz"}:
                for operation in methods.values():
                    operation["security"] = [{"token": []}]


def _add_pages(app: FastAPI) -> None:
    folder = files("edged.http") / "page"
    pages = {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in _FILES.items()}
    pages["/docs"] = (page(app.openapi()).encode(), "text/html; charset=utf-8")

    def serve(path: str) -> None:
        content, kind = pages[path]

        @app.get(path, include_in_schema=False)
        async def show() -> Response:
            return Response(content, headers={"content-type": kind})

    for path in pages:
        serve(path)


async def _problem_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101  (it is registered for these only)
    return answer(error.problem, error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()]
    return answer(problem(400, "; ".join(faults) + "; /docs says what each parameter takes"))


async def _http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    return answer(problem(error.status_code, _ELSE.get(error.status_code, error.detail)), dict(error.headers or {}))


async def _fault(_: Request, __: Exception) -> Response:
    return answer(problem(500, "a fault of edged, which its log describes: please report it"), {"connection": "close"})
