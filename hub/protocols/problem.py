"""Problem documents (RFC 9457).

Decides what a person or a program at a member reads when the hub says no: a status, a stable code
with a page of its own, and the next step. It never says why a thing is not there: not permitted,
not yours and does not exist are one code, `not-found` (I7), and no code tells whether a match
exists (I9). Which response headers go with a problem is for the web edge.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage, ProtocolError
from hub.protocols.problem_codes import PROBLEMS, Kind

__all__ = [
    "CONTENT_TYPE",
    "PROBLEMS",
    "FieldError",
    "Kind",
    "Problem",
    "problem",
    "problem_like",
    "problem_of",
    "to_json",
]

CONTENT_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of a body; `pointer` is an RFC 6901 pointer, the detail quotes no value."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer that says no; `retry_after` is in seconds."""

    status: int
    code: str
    title: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    retry_after: int | None = None


def problem(
    code: str, detail: str = "", errors: Iterable[FieldError] = (), retry_after: int | None = None
) -> Problem:
    """Return the problem of a code in the list, its detail being the next step unless given.

    Raises `KeyError` for a code that is not in the list: that is a fault of the caller's code.
    """
    kind = PROBLEMS[code]
    return Problem(kind.status, code, kind.title, detail or kind.next_step, tuple(errors), retry_after)


def problem_of(fault: ProtocolError) -> Problem:
    """Return the problem of a fault: that of its code, else that of whose act must change."""
    general = "message-malformed" if isinstance(fault, MalformedMessage) else "message-untrusted"
    return problem_like(fault.code, fault.detail, general)


def problem_like(code: str, detail: str, general: str) -> Problem:
    """Return the problem of `code`; where the list has none, status and title are those of `general`."""
    kind = PROBLEMS.get(code, PROBLEMS[general])
    return Problem(kind.status, code, kind.title, detail)


def to_json(found: Problem, origin: str, request_id: str) -> dict[str, Json]:
    """Return the document; `origin` is the hub's public address, where each code has its page."""
    document: dict[str, Json] = {
        "type": f"{origin}/problems/{found.code}",
        "title": found.title,
        "status": found.status,
        "detail": found.detail,
        "code": found.code,
        "request_id": request_id,
    }
    if found.code in PROBLEMS:
        document["next_step"] = PROBLEMS[found.code].next_step
    if found.errors:
        document["errors"] = [{"pointer": each.pointer, "detail": each.detail} for each in found.errors]
    return document
