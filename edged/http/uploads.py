"""What a request brings, received with bounded time, memory and disk: as the body itself, or as a multipart form.

Rules:
  - The announced length is judged before anything is received, the true one while it comes in.
  - A picture stays in memory. A video goes to a file without a name: it is gone with the process, whatever ends that.
  - A whole upload has a deadline; so has its first part, so that who sends nothing doesn't keep a place for long.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from edged.http.problems import ProblemError

_IN_MEMORY: Final = 1 << 16
"""Bytes of a video from which on it is in a file."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a request may bring, and how slowly."""

    most_bytes: int
    silent_s: float
    """Longest wait for the next part."""
    whole_s: float
    """From the first byte to the last."""


PICTURE: Final = Bounds(32 << 20, silent_s=5.0, whole_s=30.0)
VIDEO: Final = Bounds(512 << 20, silent_s=15.0, whole_s=900.0)


async def receive_picture(request: Request, bounds: Bounds = PICTURE) -> bytes:
    """Receive a picture. Raises ProblemError."""
    with await _receive(request, bounds, in_memory=bounds.most_bytes + 1) as file:
        return file.read()


async def receive_video(request: Request, bounds: Bounds = VIDEO) -> IO[bytes]:
    """Receive a video; the file is the caller's to close. Raises ProblemError."""
    try:
        return await _receive(request, bounds, in_memory=_IN_MEMORY)
    except OSError as error:
        if isinstance(error, ClientDisconnect):
            raise
        raise ProblemError(
            503, "this machine's disk takes no more: try again later", retry_after_s=60, close=True
        ) from error


async def _receive(request: Request, bounds: Bounds, *, in_memory: int) -> IO[bytes]:
    _judge_length(request, bounds)
    chunks = _chunks(request, bounds)
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        file = await _file_of_form(request, chunks, in_memory)
    else:
        file = cast("IO[bytes]", SpooledTemporaryFile(max_size=in_memory))  # noqa: SIM115  (the caller closes it)
        async for chunk in chunks:
            await asyncio.to_thread(file.write, chunk)
    file.seek(0)
    first = file.read(1)
    if not first:
        raise ProblemError(400, "the body is empty: send the file itself, e.g. curl --data-binary @FILE")
    if first == b"{":  # no picture or video begins so: JSON, which other services take the address of one in
        raise ProblemError(
            415, "this is JSON: nothing is fetched from elsewhere, send the file itself, e.g. curl --data-binary @FILE"
        )
    file.seek(0)
    return file


def _judge_length(request: Request, bounds: Bounds) -> None:
    length = request.headers.get("content-length")
    if length is None and "transfer-encoding" not in request.headers:
        raise ProblemError(411, "the length of the body isn't told: send Content-Length, or chunks")
    if length is not None and int(length) > bounds.most_bytes:
        raise _too_long(bounds)


async def _chunks(request: Request, bounds: Bounds) -> AsyncGenerator[bytes, None]:
    received = 0
    stream = request.stream()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + bounds.whole_s
    while True:
        try:
            async with asyncio.timeout_at(min(loop.time() + bounds.silent_s, deadline)):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ProblemError(
                408, "the upload is too slow, or shorter than its announced length: send it anew", close=True
            ) from None
        received += len(chunk)
        if received > bounds.most_bytes:
            raise _too_long(bounds)
        yield chunk


def _too_long(bounds: Bounds) -> ProblemError:
    return ProblemError(413, f"the file is larger than {bounds.most_bytes >> 20} MiB: send a smaller one", close=True)


async def _file_of_form(request: Request, chunks: AsyncGenerator[bytes, None], in_memory: int) -> IO[bytes]:
    parser = MultiPartParser(request.headers, chunks, max_files=1, max_fields=8, max_part_size=1 << 12)
    parser.spool_max_size = in_memory
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError):
        raise ProblemError(
            400, "the multipart form can't be read: send one file in it, e.g. curl -F file=@FILE", close=True
        ) from None
    for value in form.values():
        if isinstance(value, UploadFile):
            value.file.seek(0, 2)
            return cast("IO[bytes]", value.file)
    raise ProblemError(400, "there is no file in the multipart form: send one, e.g. curl -F file=@FILE")
