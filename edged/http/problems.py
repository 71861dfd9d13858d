"""What is said when something can't be done: problem details as RFC 9457 has them, each with what to do about it.

Rule: a text never tells anything of the picture but its size, and never quotes what was sent.
"""

from http import HTTPStatus
from typing import Any, Final

from fastapi import Response
from pydantic import BaseModel, Field

MEDIA_TYPE: Final = "application/problem+json"


class Problem(BaseModel):
    """A problem, in the words of RFC 9457."""

    type: str = Field("about:blank", description="Always about:blank: the status says which kind it is.")
    title: str = Field(description="The status in words.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What is wrong, and what to do.")


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: int, detail: str, *, retry_after_s: int | None = None, close: bool = False) -> None:
        """Say why; `retry_after_s`: when to try again, `close`: the rest of the request isn't wanted any more."""
        super().__init__(detail)
        self.problem = problem(status, detail)
        self.headers: dict[str, str] = {}
        if retry_after_s is not None:
            self.headers["retry-after"] = str(retry_after_s)
        if close:
            self.headers["connection"] = "close"


def problem(status: int, detail: str) -> Problem:
    """Word a problem."""
    return Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail)


def answer(told: Problem, headers: dict[str, str] | None = None) -> Response:
    """Make a response of it."""
    return Response(told.model_dump_json(), told.status, headers, MEDIA_TYPE)


_IN_SHORT: Final = {
    400: "The request makes no sense: e.g. a parameter is wrong or unknown.",
    401: "The token is missing or wrong.",
    403: "Another web site's page asked.",
    404: "There is no such address, or the result has expired.",
    405: "The address takes another method.",
    408: "The upload is too slow.",
    409: "The result isn't there yet.",
    411: "The length of the body isn't told.",
    413: "The file or the picture is too large.",
    415: "The content is of no kind that can be read.",
    422: "The right kind of content, but damaged.",
    429: "Too many at once.",
    500: "A fault of edged.",
    501: "This build lacks what was asked for.",
    503: "The models are still loading, or everything is held up.",
    504: "The analysis took too long.",
}
_AGAIN: Final = (429, 503)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe for OpenAPI which problems an operation may end with, beside those that any may."""
    return {
        status: {
            "description": _IN_SHORT[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **(
                {"headers": {"Retry-After": {"schema": {"type": "integer"}, "required": True}}}
                if status in _AGAIN
                else {}
            ),
        }
        for status in sorted({*statuses, 401, 403, 500})
    }
