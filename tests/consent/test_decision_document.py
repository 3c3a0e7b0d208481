"""Decision documents: what is read, what is refused, and that the published form agrees with the reader."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.consent.decision_document import FORM, read_decision_document
from hub.consent.question import Category, Scope
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage

ROOT = Path(__file__).parent.parent.parent
CASE = next((ROOT / "tests" / "decisions").glob("097-*.json"))
REFUSED = next((ROOT / "tests" / "decisions").glob("030-*.json"))
TABLE = next((ROOT / "tests" / "decisions").glob("201-*.json"))
PUBLISHED = ROOT / "agreements" / "schema" / "decision-test-v1.schema.json"
SCHEMA = json.loads(PUBLISHED.read_text("utf-8"))
Change = Callable[[dict[str, Any]], object]


def load(path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The JSON of a file."""
    return json.loads(path.read_text("utf-8"))


def fetch(name: str) -> Json:
    """The agreement of that name, among those of this project."""
    for folder in ("agreements/examples", "tests/decisions/agreements"):
        if (ROOT / folder / f"{name}.json").is_file():
            document: Json = load(ROOT / folder / f"{name}.json")
            return document
    raise MalformedMessage("agreement-missing", "there is none of that name")


def test_the_published_form_travels_with_the_code() -> None:
    """The file that people read is the one that is shipped, and is a schema."""
    assert PUBLISHED.read_bytes() == (ROOT / "hub" / "consent" / "schema" / PUBLISHED.name).read_bytes()
    Draft202012Validator.check_schema(SCHEMA)


def test_a_document_is_read() -> None:
    """Title, agreements as recorded, one question and what is expected of it."""
    document = read_decision_document(load(REFUSED) | {"schema": FORM}, fetch)
    assert document.title == "Anybody else at a party receives nothing"
    assert [agreement.state for agreement in document.agreements] == ["in_force"]
    (question,) = document.questions
    assert (question.category, question.scope) == (Category.IDENTITY, Scope.AGE_16_17)
    assert not document.expected[Category.IDENTITY].permitted


def test_a_document_may_ask_about_every_category() -> None:
    """Eleven questions that differ in nothing else, and eleven answers."""
    document = read_decision_document(load(TABLE), fetch)
    assert [question.category for question in document.questions] == list(Category)
    assert set(document.expected) == set(Category)


def test_a_document_that_expects_nothing_only_asks() -> None:
    """So that the same form serves `hub decide`."""
    asking = {name: load(CASE)[name] for name in ("agreements", "facts", "question")}
    document = read_decision_document(asking, fetch)
    assert (document.expected, document.title, document.why) == ({}, "", "")


def test_an_answer_may_state_as_little_as_permitted_or_refused() -> None:
    """What is not stated is not compared; a reason's code alone is a reason."""
    refused = load(CASE) | {"expected": {"decision": "refused"}}
    (answer,) = read_decision_document(refused, fetch).expected.values()
    assert (answer.permitted, answer.reasons, answer.officers_could_permit) == (False, None, None)
    coded = load(CASE) | {"expected": {"decision": "refused", "reasons": ["R-NOCONSENT"]}}
    (answer,) = read_decision_document(coded, fetch).expected.values()
    assert answer.reasons is not None
    assert [(one.code, one.clause) for one in answer.reasons] == [("R-NOCONSENT", None)]
    permitted = load(CASE) | {"expected": {"decision": "permitted"}}
    (answer,) = read_decision_document(permitted, fetch).expected.values()
    assert (answer.permitted, answer.version, answer.clause) == (True, None, None)


FAULTS: dict[str, Change] = {
    "another form": lambda d: d.update(schema="decision-test-v2"),
    "a field too many": lambda d: d.update(surprise=1),
    "no facts": lambda d: d.pop("facts"),
    "a fact too many": lambda d: d["facts"].update(weather="rain"),
    "a fact too few": lambda d: d["facts"].pop("over_quota"),
    "an unknown question": lambda d: d.update(question="shoe_size"),
    "an unknown scope": lambda d: d["facts"].update(young_person="age_12"),
    "an unknown kind of notice": lambda d: d["facts"].update(notice_type="birth"),
    "an unknown kind of member": lambda d: d["facts"]["sender"].update(kind="police"),
    "an unknown role": lambda d: d["facts"]["recipient"].update(role="teacher"),
    "a member that is no member": lambda d: d["facts"]["sender"].update(member="Kent"),
    "flags that are no object": lambda d: d["facts"].update(flags=["shield"]),
    "an unknown flag": lambda d: d["facts"]["flags"].update(mood=True),
    "an unknown part": lambda d: d["facts"]["flags"].update(instruction=["shoe_size"]),
    "a time without a zone": lambda d: d["facts"].update(asked_at="2026-11-21T09:00:00"),
    "an unknown state": lambda d: d["agreements"][0].update(recorded_as="lapsed"),
    "a version that is none": lambda d: d["agreements"][0].update(version=0),
    "an unknown decision": lambda d: d["expected"].update(decision="perhaps"),
    "an unknown reason": lambda d: d.update(expected={"decision": "refused", "reasons": ["R-MOOD"]}),
    "a permit with reasons": lambda d: d.update(expected={"decision": "permitted", "reasons": []}),
    "a refusal with a basis": lambda d: d.update(expected={"decision": "refused", "basis": "x"}),
    "one answer for every category": lambda d: d.update(question="every_category"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_document_of_another_form_is_refused_by_reader_and_schema_alike(name: str) -> None:
    """Whoever checks a document with the published schema is told the same by us."""
    document = load(CASE)
    FAULTS[name](document)
    with pytest.raises(MalformedMessage):
        read_decision_document(document, fetch)
    answers_apart = name == "one answer for every category"
    assert answers_apart or list(Draft202012Validator(SCHEMA).iter_errors(document))


def test_two_versions_in_force_at_once_are_refused() -> None:
    """A case in which nobody can say which version binds is no case."""
    document = load(CASE)
    document["agreements"].append(document["agreements"][0] | {"version": 2})
    with pytest.raises(MalformedMessage, match="versions 1 and 2 are in force at the same time"):
        read_decision_document(document, fetch)


def test_an_agreement_can_stand_in_place() -> None:
    """So that one file is all there is; one that contradicts itself is refused here too."""
    document = load(CASE)
    document["agreements"][0]["document"] = fetch(document["agreements"][0]["document"])
    assert read_decision_document(document, fetch).agreements
    document["agreements"][0]["document"]["parties"].append(
        document["agreements"][0]["document"]["parties"][0]
    )
    with pytest.raises(MalformedMessage, match="is there twice"):
        read_decision_document(document, fetch)
