"""The body of a token request: the parameters of the client credentials grant, once each.

Decides which form is one (RFC 6749 sections 2.3.1 and 4.4.2, RFC 7521 section 4.2): urlencoded,
bounded, no parameter twice. Parameters that are not known are left alone, as the standard asks.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from hub.exchange.web.bodies import in_time
from hub.protocols.access import ASSERTION_KIND
from hub.protocols.errors import MalformedMessage

FORM_BYTES: Final = 8_192
"""Longest body in bytes: an assertion takes 500, the rest 200."""

MOST_PARAMETERS: Final = 20

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class TokenForm:
    """What a client asks for, nothing in it believed yet."""

    assertion: str
    client: str | None
    scopes: frozenset[str] | None


async def read_form(request: Request) -> TokenForm:
    """Read the body; raise `MalformedMessage` with the code `grant-malformed` or `grant-unsupported`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MEDIA_TYPE:
        raise MalformedMessage("grant-malformed", f"the body is {MEDIA_TYPE}")
    return _check(_parameters(await _bounded_body(request)))


async def _bounded_body(request: Request) -> bytes:
    body = bytearray()
    async with in_time():
        async for chunk in request.stream():
            body += chunk
            if len(body) > FORM_BYTES:
                raise MalformedMessage("grant-malformed", f"the body has at most {FORM_BYTES} bytes")
    return bytes(body)


def _parameters(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), strict_parsing=True, max_num_fields=MOST_PARAMETERS, errors="strict"
        )
    except ValueError:
        raise MalformedMessage("grant-malformed", "the body cannot be read as a form") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedMessage("grant-malformed", "a parameter is there twice")
    return found


def _check(found: dict[str, str]) -> TokenForm:
    if "grant_type" not in found:
        raise MalformedMessage("grant-malformed", "grant_type is missing")
    if found["grant_type"] != "client_credentials":
        raise MalformedMessage("grant-unsupported", "grant_type is client_credentials")
    if found.get("client_assertion_type") != ASSERTION_KIND or "client_assertion" not in found:
        raise MalformedMessage("grant-malformed", f"a client_assertion of type {ASSERTION_KIND} is needed")
    asked = found.get("scope")
    scopes = None if asked is None else frozenset(asked.split(" "))
    return TokenForm(found["client_assertion"], found.get("client_id"), scopes)
