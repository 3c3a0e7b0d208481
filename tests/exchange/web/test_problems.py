"""One map from everything that can go wrong to a problem document."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.exchange.errors import Declined, HubFault, LogFork, NotYours
from hub.exchange.web import problems
from hub.exchange.web.problems import EdgeProblem, kind_of, problem_for
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.problem import FieldError, problem
from hub.protocols.problem_codes import PROBLEMS


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (MalformedMessage("json-form", "x"), 400, "json-form"),
        (MalformedMessage("field-unknown", "x"), 422, "field-unknown"),
        (MalformedMessage("cursor-invalid", "x"), 400, "cursor-invalid"),
        (Untrusted("signature", "x"), 422, "signature"),
        (Untrusted("access-expired", "x"), 401, "access-expired"),
        (Declined("epoch-expired", "x"), 422, "epoch-expired"),
        (Declined("delivery-stopped", "x"), 410, "delivery-stopped"),
        (Declined("something-new", "x"), 409, "something-new"),
        (NotYours(), 404, "not-found"),
        (HubFault("store-full", "x"), 507, "storage-full"),
        (HubFault("store-busy", "x"), 503, "hub-busy"),
        (HubFault("writer-closed", "x"), 503, "hub-busy"),
        (HubFault("log-rolled-back", "x"), 500, "hub-fault"),
        (LogFork("log-fork", "x"), 500, "hub-fault"),
        (HTTPException(404), 404, "route-unknown"),
        (HTTPException(405), 405, "method-not-allowed"),
        (HTTPException(413), 413, "body-too-large"),
        (HTTPException(418), 400, "message-malformed"),
        (HTTPException(501), 500, "hub-fault"),
        (EdgeProblem(problem("media-type")), 415, "media-type"),
        (ZeroDivisionError("x"), 500, "internal"),
    ],
)
def test_whoever_must_act_is_told_by_the_status(fault: Exception, status: int, code: str) -> None:
    """Theirs, ours, or a lawful no."""
    found = problem_for(fault)
    assert (found.status, found.code) == (status, code)


def test_what_was_raised_while_a_body_was_read_keeps_its_own_code() -> None:
    """FastAPI wraps it; the problem is that of what it wraps."""
    wrapped = HTTPException(400)
    wrapped.__cause__ = MalformedMessage("json-form", "x")
    assert problem_for(wrapped).code == "json-form"


@pytest.mark.parametrize(
    "fault",
    [HubFault("log-rolled-back", "the table member_key of Ada Quillfeather"), KeyError("Ada Quillfeather")],
)
def test_what_is_ours_says_nothing_of_the_inside(fault: Exception) -> None:
    """Detail and cause stay in the log; a caller reads what to do, and quotes the request id."""
    found = problem_for(fault)
    assert "Ada" not in found.detail
    assert "member_key" not in found.detail
    assert "request id" in found.detail


@dataclass
class Asked:
    """A request to an application that answers problems."""

    headers: list[str] = field(default_factory=list)

    def answer(self, fault: Exception, headers_for: Callable[..., Any] = lambda *_: {}) -> Any:  # noqa: ANN401
        """The answer to a fault."""
        app = Starlette()
        app.state.origin, app.state.headers_for = "https://hub.example", headers_for
        scope = {"type": "http", "app": app, "headers": [], "state": {"request_id": "req_1"}}
        return asyncio.run(problems.answer(Request(scope), fault))


def test_a_problem_is_a_document_with_a_page_and_an_id() -> None:
    """RFC 9457, with the next step, the request id and each field by its pointer."""
    fault = EdgeProblem(problem("fields-invalid", errors=[FieldError("/a~1b", "this field is required")]))
    answer = Asked().answer(fault)
    assert (answer.status_code, answer.media_type) == (422, "application/problem+json")
    assert json.loads(answer.body) == {
        "type": "https://hub.example/problems/fields-invalid",
        "title": PROBLEMS["fields-invalid"].title,
        "status": 422,
        "detail": PROBLEMS["fields-invalid"].next_step,
        "code": "fields-invalid",
        "request_id": "req_1",
        "next_step": PROBLEMS["fields-invalid"].next_step,
        "errors": [{"pointer": "/a~1b", "detail": "this field is required"}],
    }


def test_a_busy_hub_says_when_to_come_back() -> None:
    """503 and 507 carry Retry-After, unless the edge knows better."""
    assert Asked().answer(HubFault("store-busy", "x")).headers["retry-after"] == "2"
    asked = Asked().answer(HubFault("store-busy", "x"), lambda *_: {"Retry-After": "9"})
    assert asked.headers["retry-after"] == "9"


def test_every_code_of_the_edge_has_its_page() -> None:
    """Whatever `type` names, there is something to read."""
    for code in (*PROBLEMS, *problems.OURS):
        kind = kind_of(code)
        assert kind is not None
        assert kind.next_step
    assert kind_of("nonsense") is None
