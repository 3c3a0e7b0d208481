"""What differs between a document and the rules is said in words that its author can act on."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.consent.decision_document import read_decision_document
from hub.consent.decision_trial import try_document
from hub.protocols.canonical import Json

ROOT = Path(__file__).parent.parent.parent
DECISIONS = ROOT / "tests" / "decisions"
MOVERS = "agr_kent-medway-movers"


def fetch(name: str) -> Json:
    """An agreement of the examples."""
    document: Json = json.loads((ROOT / "agreements" / "examples" / f"{name}.json").read_text("utf-8"))
    return document


def differences(number: str, expected: dict[str, Any]) -> list[str]:
    """What is said where a case expects this instead of what it should."""
    document = json.loads(next(DECISIONS.glob(f"{number}-*.json")).read_text("utf-8"))
    (trial,) = try_document(read_decision_document(document | {"expected": expected}, fetch))
    return list(trial.differences)


PERMIT = {
    "decision": "permitted",
    "agreement": MOVERS,
    "version": 1,
    "clause": "2.1",
    "basis": "uk-gdpr:6(1)(e) esa2008:s17",
}
REFUSAL = {
    "decision": "refused",
    "reasons": [{"code": "R-RECIPIENT", "agreement": MOVERS, "version": 1, "clause": "2.1"}],
    "officers_could_permit": False,
}


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (PERMIT, []),
        ({"decision": "permitted"}, []),
        ({**PERMIT, "clause": "3.1"}, ["clause: expected 3.1, found 2.1"]),
        ({**PERMIT, "version": 2}, ["version: expected 2, found 1"]),
        ({**PERMIT, "agreement": "agr_other"}, [f"agreement: expected agr_other, found {MOVERS}"]),
        ({**PERMIT, "basis": "x"}, ["basis: expected x, found uk-gdpr:6(1)(e) esa2008:s17"]),
        (REFUSAL, [f"expected refused, found permitted by {MOVERS} v1 clause 2.1"]),
    ],
)
def test_a_permit_is_compared_in_what_is_stated(expected: dict[str, Any], said: list[str]) -> None:
    """Agreement, version, clause and basis, as far as the document names them."""
    assert differences("002", expected) == said


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (REFUSAL, []),
        ({"decision": "refused"}, []),
        ({"decision": "refused", "reasons": ["R-RECIPIENT"]}, []),
        (PERMIT, [f"expected permitted, found refused: R-RECIPIENT ({MOVERS} v1 clause 2.1)"]),
        (
            {"decision": "refused", "reasons": ["R-SHIELD"]},
            [
                "expected and not given: R-SHIELD",
                f"given and not expected: R-RECIPIENT ({MOVERS} v1 clause 2.1)",
            ],
        ),
        (
            {"decision": "refused", "reasons": [{"code": "R-RECIPIENT", "clause": "9.9"}]},
            [
                "expected and not given: R-RECIPIENT (clause 9.9)",
                f"given and not expected: R-RECIPIENT ({MOVERS} v1 clause 2.1)",
            ],
        ),
        ({**REFUSAL, "officers_could_permit": True}, ["officers on both sides could not permit it"]),
    ],
)
def test_of_a_refusal_every_reason_is_compared(expected: dict[str, Any], said: list[str]) -> None:
    """A reason too few is told, and one too many; in which order they come is not."""
    assert list(dict.fromkeys(differences("030", expected))) == said


def test_that_officers_could_help_is_compared() -> None:
    """A case that says nobody can help, where officers could, differs."""
    said = differences("068", {"decision": "refused", "officers_could_permit": False})
    assert said == ["officers on both sides could permit it"]


def test_a_question_without_an_expectation_differs_from_nothing() -> None:
    """It is answered all the same."""
    document = json.loads(next(DECISIONS.glob("002-*.json")).read_text("utf-8"))
    del document["expected"]
    (trial,) = try_document(read_decision_document(document, fetch))
    assert trial.decision.permitted
    assert trial.differences == ()
