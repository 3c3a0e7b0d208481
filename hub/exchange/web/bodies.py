"""How a body is read: of the right media type, no longer than the limit, strictly as JSON.

The limit holds while reading, whatever a length header says. JSON is read by the rules of our own
messages (no duplicate names, no fractions), since what is read here is signed over or kept.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Message

from hub.exchange.errors import Declined
from hub.exchange.web.problems import EdgeProblem
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage
from hub.protocols.limits import AGREEMENT_BODY_BYTES, BODY_BYTES
from hub.protocols.problem import problem

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"

ANSWER_BYTES: Final = 16_384
"""Longest signed answer in bytes: a grant with its key box takes 7,000."""

BODY_SECONDS: Final = 30.0
"""How long a body may take to arrive: 8 MiB over 3 Mbit/s. Whoever is slower holds a connection."""


async def read_body(request: Request, most: int, media_type: str = JSON) -> bytes:
    """Return the body; raise `EdgeProblem` for another media type (415) or too many bytes (413).

    Raises `Declined("body-slow")` (408) where it does not arrive in time.
    """
    headers = dict(request.scope["headers"])
    given = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if given != media_type.encode():
        raise EdgeProblem(problem("media-type", f"this route takes {media_type}"))
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > most:
        raise _too_large(most)
    async with in_time():
        return await _read(request, most)


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Read a body inside this: it has to arrive in `BODY_SECONDS`."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            yield
    except TimeoutError:
        raise Declined("body-slow", f"a body arrives within {BODY_SECONDS:g} seconds") from None


async def _read(request: Request, most: int) -> bytes:
    chunks, total = list[bytes](), 0
    more = True
    while more:
        message: Message = await request.receive()
        if message["type"] != "http.request":
            raise MalformedMessage("message-malformed", "the body broke off")
        chunk = message.get("body", b"")
        chunks.append(chunk)
        total += len(chunk)
        if total > most:
            raise _too_large(most)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def read_json(data: bytes) -> Json:
    """Read a body as JSON; raise `MalformedMessage`."""
    return canonical.decode(data)


class StrictRequest(Request):
    """A request whose body FastAPI reads by our rules."""

    most = BODY_BYTES

    async def body(self) -> bytes:
        """Return the bounded body."""
        if not hasattr(self, "_body"):
            self._body = await read_body(self, self.most)
        return self._body

    async def json(self) -> Any:  # noqa: ANN401 - as the class that is extended
        """Return the body as strict JSON."""
        return read_json(await self.body())


class AgreementRequest(StrictRequest):
    """A request that may bring an agreement with the signatures of all its parties."""

    most = AGREEMENT_BODY_BYTES


def _too_large(most: int) -> EdgeProblem:
    return EdgeProblem(problem("body-too-large", f"at most {most} bytes are taken here"))
