"""Every document under tests/decisions states facts, a question and the answer it must get.

The documents are written for data protection officers; `hub agreement test tests/decisions` runs
them too.
"""

import json
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.consent.decision import ReasonCode
from hub.consent.decision_document import DecisionDocument, read_decision_document
from hub.consent.decision_trial import try_document
from hub.consent.explain import explain
from hub.consent.question import Category, Role
from hub.protocols.canonical import Json
from hub.protocols.names import NoticeType

HERE = Path(__file__).parent.parent
ROOT = HERE.parent
AGREEMENTS = (ROOT / "agreements" / "examples", HERE / "decisions" / "agreements")
DOCUMENTS = sorted((HERE / "decisions").glob("*.json"))
CASES = [path for path in DOCUMENTS if "the-table" not in path.stem]
FIELDS = {"title", "agreements", "facts", "question", "expected", "why"}
SCHEMA = json.loads((ROOT / "agreements" / "schema" / "decision-test-v1.schema.json").read_text("utf-8"))


def load(path: Path) -> dict[str, Any]:
    """The JSON of one document."""
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


@cache
def agreement(name: str) -> Json:
    """The agreement that a document names."""
    path = next(path for folder in AGREEMENTS if (path := folder / f"{name}.json").is_file())
    document: Json = json.loads(path.read_text("utf-8"))
    return document


def read(path: Path) -> DecisionDocument:
    """One document, with the agreements that it names."""
    return read_decision_document(load(path), agreement)


def cells(path: Path) -> list[tuple[NoticeType, Role, Category]]:
    """The cells of the table that a document is about."""
    return [(q.notice_type, q.recipient.role, q.category) for q in read(path).questions]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_gets_the_answer_it_states(path: Path) -> None:
    """The decision, its clause and basis, or every reason with its clause, are as the document says."""
    document = read(path)
    assert set(document.expected) == {question.category for question in document.questions}
    assert [trial.differences for trial in try_document(document) if trial.differences] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_is_told_in_one_paragraph(path: Path) -> None:
    """Each answer can be explained, and the explanation names every code and clause of the answer."""
    for trial in try_document(read(path)):
        text = explain(trial.decision, trial.question, {})
        assert "\n" not in text
        named = [trial.decision.permit] if trial.decision.permit else list(trial.decision.reasons)
        for item in named:
            assert item.clause is None or f"clause {item.clause}" in text
        assert all(reason.code.value in text for reason in trial.decision.reasons)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_has_the_published_form(path: Path) -> None:
    """What we publish as the form is the form of what we run, with every field and no other."""
    document = load(path)
    assert set(document) == FIELDS
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)] == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_states_its_whole_answer(path: Path) -> None:
    """A permit with clause and basis; a refusal with reasons and with what officers could do."""
    expected = load(path)["expected"]
    permitted = {"decision", "agreement", "version", "clause", "basis"}
    refused = {"decision", "reasons", "officers_could_permit"}
    assert set(expected) == (permitted if expected["decision"] == "permitted" else refused)


def test_documents_cover_every_cell_of_the_table() -> None:
    """Each category by each type of notice to each role has a document; a new type or role needs new ones."""
    covered = {cell for path in DOCUMENTS for cell in cells(path)}
    assert set(product(NoticeType, Role, Category)) - covered == set()


def test_documents_cover_every_reason_code() -> None:
    """Every code has a case of its own that tells it."""
    told = {reason["code"] for path in CASES for reason in load(path)["expected"].get("reasons", [])}
    assert told == {code.value for code in ReasonCode}


def test_documents_cover_every_category_both_ways() -> None:
    """Every category has a case that permits it and one that refuses it."""
    answers = {(load(path)["question"], load(path)["expected"]["decision"]) for path in CASES}
    for category in Category:
        assert (category.value, "refused") in answers
        assert (category.value, "permitted") in answers


def test_there_are_enough_of_them_and_each_has_a_title_of_its_own() -> None:
    """A title says which case it is, so no two are alike, and each says why in words."""
    documents = [load(path) for path in DOCUMENTS]
    assert len(documents) >= 150
    assert len({document["title"] for document in documents}) == len(documents)
    assert all(document["why"].endswith(".") for document in documents)
