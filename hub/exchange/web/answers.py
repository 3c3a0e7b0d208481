"""Signed answers of members: taken once, however often they are brought.

A signed document needs no idempotency key of its own: it is one. The same document again gets the
answer that it got first, and has one effect (I5), however the JSON round it is spaced or ordered.
"""

from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from hub.exchange.ports import Work
from hub.exchange.web.bodies import ANSWER_BYTES, read_body, read_json
from hub.exchange.web.desk import caller_of, desk_of
from hub.exchange.web.problems import check_fields
from hub.exchange.web.schemas import Taken
from hub.protocols import canonical
from hub.protocols.canonical import Json

B = TypeVar("B", bound=Taken)


async def read_taken(request: Request, schema: type[B]) -> B:
    """Read a thin route's body; raise `EdgeProblem` or `MalformedMessage`."""
    request.scope["state"]["body"] = data = await read_body(request, ANSWER_BYTES)
    try:
        return schema.model_validate(read_json(data))
    except ValidationError as fault:
        raise check_fields(fault) from None


async def sign_back(request: Request, act: Callable[[Work], None]) -> Response:
    """Do what a signed document asks for; 202 once it is kept."""
    desk, caller = desk_of(request), caller_of(request)
    kept = request.scope["state"].get("body")
    data: bytes = await request.body() if kept is None else kept
    request_bytes = request.scope["path"].encode() + b"\n" + canonical.encode(read_json(data))

    def once(work: Work) -> tuple[int, Json]:
        act(work)
        return 202, {}

    key = f"signed:{canonical.digest(request_bytes)}"
    return await desk.write_once(caller.member, key, request_bytes, once)
