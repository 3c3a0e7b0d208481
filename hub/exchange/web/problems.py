"""One map from everything that can go wrong to a problem document (RFC 9457).

Theirs, ours, or a lawful no: `MalformedMessage` and `Untrusted` are the sender's, `Declined` the
caller's, `HubFault` ours. What nobody foresaw is ours too, as `internal`. Of what is ours, only the
log says more: a text written for an operator may tell a caller about another member.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.exchange.errors import Declined, HubFault
from hub.protocols.errors import ProtocolError
from hub.protocols.problem import (
    CONTENT_TYPE,
    FieldError,
    Problem,
    problem,
    problem_like,
    problem_of,
    to_json,
)
from hub.protocols.problem_codes import PROBLEMS, Kind

OURS: Final[Mapping[str, Kind]] = {
    "body-slow": Kind(408, "The body did not arrive in time", "Send the whole body at once."),
    "delivery-stopped": Kind(
        410, "This delivery was stopped", "Nothing is needed of you; a new one comes if that changes."
    ),
    "delivery-unwitnessed": Kind(
        409,
        "Too few other members have cosigned the log since",
        "Cosign what is offered at /log/witnessing, and fetch it again a little later.",
    ),
    "identity-unknown": Kind(
        403, "This member has no identity key yet", "Redeem the invitation with `hub gateway init`."
    ),
    "mandate-missing": Kind(
        403, "There is no mandate for this", "The authority lodges its mandate, then repeat the request."
    ),
    "polls-full": Kind(
        429,
        "No seat to wait in is free",
        "Wait as Retry-After says, and poll again; one gateway needs one waiting poll.",
    ),
    "quarter-open": Kind(
        409,
        "This quarter is not over",
        "Ask again when it is: a count that grows while one looks would tell about single people.",
    ),
    "internal": Kind(
        500,
        "The hub has failed",
        "Nothing was done or released; repeat the request, and quote the request id if it persists.",
    ),
}
"""Codes that only the edge needs, beside the published list."""

FAULTS: Final[Mapping[str, str]] = {
    "store-full": "storage-full",
    "store-busy": "hub-busy",
    "store-unreachable": "hub-busy",
    "store-unwritable": "hub-busy",
    "writer-closed": "hub-busy",
    "entry-not-covered": "hub-busy",
}
"""Faults of ours that pass, or that an operator can clear while callers wait; all others are `hub-fault`."""

RETRY_SECONDS: Final = 2
"""What a caller is asked to wait when the hub is busy."""

MOST_ERRORS: Final = 16
"""Faults of fields that one answer names: a body of ten thousand wrong ones is not answered in kind."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class EdgeProblem(Exception):
    """A request that the edge itself refuses: media type, size, fields."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.code)
        self.problem = found


def kind_of(code: str) -> Kind | None:
    """Status, title and next step of a code, for its page; None for one that has no page of its own."""
    return PROBLEMS.get(code) or OURS.get(code)


def problem_for(fault: Exception) -> Problem:
    """The problem of anything that was raised."""
    cause = fault.__cause__
    if isinstance(fault, HTTPException) and isinstance(cause, ProtocolError | EdgeProblem | Declined):
        return problem_for(cause)  # raised while FastAPI read the body
    if isinstance(fault, EdgeProblem):
        return fault.problem
    if isinstance(fault, ProtocolError):
        return _theirs(fault)
    if isinstance(fault, Declined):
        return _like(fault.code, fault.detail)
    if isinstance(fault, HubFault):
        return problem(FAULTS.get(fault.code, "hub-fault"))
    if isinstance(fault, RequestValidationError):
        return fields_invalid(fault.errors())
    if isinstance(fault, HTTPException):
        return _http(fault)
    return _like("internal", OURS["internal"].next_step)


def fields_invalid(errors: Any) -> Problem:  # noqa: ANN401 - as pydantic gives them
    """The problem of a body or query whose fields do not hold; says where, never with which value.

    A field is named where its name can be one: what has not the form of a name is a value too.
    """
    found = [FieldError(_pointer(error["loc"]), _words(error)) for error in errors[:MOST_ERRORS]]
    return problem("fields-invalid", errors=found)


def check_fields(fault: ValidationError) -> EdgeProblem:
    """The refusal of a body that was held to its schema by hand."""
    return EdgeProblem(fields_invalid(fault.errors(include_url=False, include_input=False)))


def document(found: Problem, request: Request) -> dict[str, Any]:
    """The body of a problem, with what the caller needs to ask about it."""
    state = request.scope.get("state", {})
    written: dict[str, Any] = to_json(found, request.app.state.origin, state.get("request_id", ""))
    kind = kind_of(found.code)
    if kind is not None:
        written["next_step"] = kind.next_step
    return written


async def answer(request: Request, fault: Exception) -> Response:
    """Answer a request with the problem of what was raised; what is ours goes to the log in full."""
    found = problem_for(fault)
    if found.status >= 500:
        structlog.get_logger("hub.web").error("request-failed", code=found.code, exc_info=fault)
    headers = request.app.state.headers_for(found.code, request)
    if isinstance(fault, HTTPException) and fault.headers:
        headers = {**fault.headers, **headers}
    if found.status == OURS["body-slow"].status:
        headers["Connection"] = "close"  # what is left of the body shall not be taken for a request
    if found.status in {429, 503, 507}:
        headers.setdefault("Retry-After", str(RETRY_SECONDS))
    return JSONResponse(document(found, request), found.status, headers, CONTENT_TYPE)


HANDLED: Final[tuple[type[Exception], ...]] = (
    EdgeProblem,
    ProtocolError,
    Declined,
    HubFault,
    RequestValidationError,
    HTTPException,
    Exception,
)
"""What `answer` is registered for."""


def _theirs(fault: ProtocolError) -> Problem:
    found = problem_of(fault)
    if fault.code.startswith("field-"):  # JSON it is, but a field does not hold: as for any other body
        return replace(found, status=PROBLEMS["fields-invalid"].status)
    return found


def _like(code: str, detail: str) -> Problem:
    if code in OURS:
        return Problem(OURS[code].status, code, OURS[code].title, detail)
    return problem_like(code, detail, "declined")


def _http(fault: HTTPException) -> Problem:
    codes = {404: "route-unknown", 405: "method-not-allowed", 413: "body-too-large", 415: "media-type"}
    if fault.status_code in codes:
        return problem(codes[fault.status_code])
    return problem("message-malformed" if fault.status_code < 500 else "hub-fault")


def _pointer(place: tuple[int | str, ...]) -> str:
    parts = [part if isinstance(part, int) or _NAME.fullmatch(part) else "?" for part in place]
    if parts and parts[0] == "body":
        parts = parts[1:]
    return "".join(f"/{part}" for part in parts)


def _words(error: Mapping[str, Any]) -> str:
    kind = str(error["type"])
    if kind == "extra_forbidden":
        return "this field is not known here"
    if kind == "missing":
        return "this field is required"
    if kind == "value_error":
        return "this value cannot be accepted"
    return str(error["msg"])
