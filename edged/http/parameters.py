"""A parameter that an address doesn't have is refused: a misspelt one would silently count for nothing."""

from fastapi import Request
from fastapi.routing import APIRoute

from edged.http.problems import ProblemError


async def no_others(request: Request) -> None:
    """Refuse parameters that the address doesn't have. Raises ProblemError, which names those that it has."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)  # noqa: S101  (it is a dependency of such)
    known = [field.alias for field in route.dependant.query_params]
    if not request.query_params.keys() <= set(known):
        has = f"its parameters are {', '.join(known)}" if known else "it has none"
        raise ProblemError(400, f"a parameter is sent that this address doesn't have, misspelt perhaps: {has}")
