"""Problem documents: one form, one list of codes, no more told than may be."""

import re

import pytest

from hub.protocols.canonical import encode
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.problem import (
    CONTENT_TYPE,
    PROBLEMS,
    FieldError,
    Problem,
    problem,
    problem_like,
    problem_of,
    to_json,
)

ORIGIN = "https://hub.example"


def test_a_problem_is_a_document_of_rfc_9457() -> None:
    """A problem names its page, status, code, next step and the request, and has one byte string."""
    document = to_json(problem("rate-limited", retry_after=7), ORIGIN, "req_1")

    assert document == {
        "type": "https://hub.example/problems/rate-limited",
        "title": "Too many requests",
        "status": 429,
        "detail": PROBLEMS["rate-limited"].next_step,
        "code": "rate-limited",
        "request_id": "req_1",
        "next_step": PROBLEMS["rate-limited"].next_step,
    }
    assert encode(document).startswith(b'{"code":"rate-limited"')
    assert CONTENT_TYPE == "application/problem+json"


def test_faults_of_fields_are_named_by_pointer() -> None:
    """Every fault of a body is told at once, each with where it is."""
    faults = (FieldError("/parts/3", "is missing"), FieldError("/type", "is unknown"))

    document = to_json(problem("fields-invalid", errors=faults), ORIGIN, "req_1")

    assert document["errors"] == [
        {"pointer": "/parts/3", "detail": "is missing"},
        {"pointer": "/type", "detail": "is unknown"},
    ]


def test_a_fault_with_a_code_of_its_own_gets_its_status() -> None:
    """A proof that is too old is a matter of access, not of the body."""
    found = problem_of(Untrusted("dpop-stale", "make a new proof"))

    assert (found.status, found.code, found.detail) == (401, "dpop-stale", "make a new proof")


@pytest.mark.parametrize(
    ("fault", "status"),
    [(MalformedMessage("part-long", "too long"), 400), (Untrusted("part-digest", "differs"), 422)],
)
def test_a_fault_without_one_is_answered_by_whose_act_must_change(
    fault: MalformedMessage | Untrusted, status: int
) -> None:
    """Every typed error has an answer with its own stable code, listed or not."""
    found = problem_of(fault)
    document = to_json(found, ORIGIN, "req_1")

    assert (found.status, found.code) == (status, fault.code)
    assert document["type"] == f"{ORIGIN}/problems/{fault.code}"
    assert "next_step" not in document


def test_what_the_hub_declines_has_an_answer_listed_or_not() -> None:
    """A code of its own where a status of its own is needed, else that of everything declined."""
    assert problem_like("notice-too-large", "split it", "declined").status == 413
    assert problem_like("version-gap", "name its digest", "declined") == Problem(
        409, "version-gap", PROBLEMS["declined"].title, "name its digest"
    )


def test_not_yours_and_not_there_are_one_answer() -> None:
    """I7: there is one code for both, and its text does not tell which."""
    found = problem("not-found")

    assert found.status == 404
    assert "exist" not in found.title + found.detail
    assert "permi" not in found.title + found.detail
    assert not {"forbidden", "not-yours", "no-match"} & PROBLEMS.keys()


def test_a_code_that_is_not_listed_is_a_fault_of_ours() -> None:
    """A misspelt code is found by the first test that meets it."""
    with pytest.raises(KeyError):
        problem("no-such-code")


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_code_is_complete(code: str) -> None:
    """Codes are part of addresses; each has an error status, a title and a next step."""
    kind = PROBLEMS[code]

    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert 400 <= kind.status < 600
    assert kind.title
    assert kind.next_step.endswith(".")


@pytest.mark.parametrize("code", [code for code in PROBLEMS if code.startswith(("dpop-", "access-"))])
def test_access_without_a_good_token_and_proof_is_401(code: str) -> None:
    """RFC 9449 section 7.1: what is wrong with a token or its proof is answered by 401."""
    assert PROBLEMS[code].status == (503 if code == "dpop-unsure" else 401)
