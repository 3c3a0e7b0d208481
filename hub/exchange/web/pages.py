"""How a list is given out: so many at a time, with a signed place to go on from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Query

from hub.exchange.errors import NotYours
from hub.exchange.web.schemas import LARGEST_PAGE, USUAL_PAGE
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import parse_id

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[str | None, Query(max_length=1024)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of a list is asked for."""

    limit: int
    cursor: str | None


def asked(limit: Limit = USUAL_PAGE, cursor: Cursor = None) -> Asked:
    """Read the two parameters that every list has."""
    return Asked(limit, cursor)


def page_of(
    found: Sequence[T], limit: int, give: Callable[[T], Any], cursor_after: Callable[[T], str]
) -> dict[str, Any]:
    """The page of what was found, of which one more than `limit` was asked for."""
    shown, has_more = found[:limit], len(found) > limit
    return {
        "data": [give(one) for one in shown],
        "next_cursor": cursor_after(shown[-1]) if has_more else None,
        "has_more": has_more,
    }


def named(text: str, prefix: str) -> str:
    """The id in a path; what has not the form of one is as little there as one that is unknown (I7)."""
    try:
        return parse_id(text, prefix)
    except MalformedMessage:
        raise NotYours from None
