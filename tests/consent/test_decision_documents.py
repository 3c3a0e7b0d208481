"""Every document under tests/decisions states facts, a question and the answer it must get.

The documents are written for data protection officers; this runner only translates words.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.consent.agreement import Agreement, State
from hub.consent.decision import Decision, ReasonCode, decide
from hub.consent.documents import read_agreement
from hub.consent.explain import explain
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import Actor, Category, EvidenceClass, Question, Role, Scope
from hub.protocols.canonical import parse_instant
from hub.protocols.names import MemberId, MemberKind, NoticeType

HERE = Path(__file__).parent.parent
EXAMPLES = HERE.parent / "agreements" / "examples"
DOCUMENTS = sorted((HERE / "decisions").glob("*.json"))
FIELDS = {"title", "agreements", "facts", "question", "expected", "why"}
FACTS = {
    "notice_type",
    "purpose",
    "sender",
    "recipient",
    "young_person",
    "flags",
    "evidence",
    "standing_request",
    "confirmed_same",
    "approved_by",
    "over_quota",
    "asserted_at",
    "asked_at",
}


def read(path: Path) -> dict[str, Any]:
    """One document, with every field and every fact there and no other."""
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    assert set(document) == FIELDS
    assert set(document["facts"]) == FACTS
    return document


def agreement_of(entry: dict[str, Any]) -> Agreement:
    """The agreement that an entry names, as recorded there."""
    name = f"{entry['document']}.json"
    path = EXAMPLES / name if (EXAMPLES / name).exists() else HERE / "decisions" / "agreements" / name
    agreement = read_agreement(json.loads(path.read_text("utf-8")))
    version = entry.get("version", agreement.version)
    return replace(agreement.recorded_as(State(entry["recorded_as"])), version=version)


def actor_of(words: dict[str, Any]) -> Actor:
    """A member in the capacity that the document states."""
    acts_for = words.get("acts_for")
    return Actor(
        MemberId(words["member"]),
        MemberKind(words["kind"]),
        Role(words["role"]),
        None if acts_for is None else MemberId(acts_for),
        words.get("mandate", False),
    )


def question_of(document: dict[str, Any]) -> Question:
    """The question that a document asks."""
    facts = document["facts"]
    return Question(
        category=Category(document["question"]),
        notice_type=NoticeType(facts["notice_type"]),
        purpose=facts["purpose"],
        sender=actor_of(facts["sender"]),
        recipient=actor_of(facts["recipient"]),
        scope=None if facts["young_person"] is None else Scope(facts["young_person"]),
        flags=Flags.from_json({**NO_FLAGS.to_json(), **facts["flags"]}),
        asserted_at=parse_instant(facts["asserted_at"]),
        evidence=EvidenceClass(facts["evidence"]),
        standing_request=facts["standing_request"],
        confirmed_same=facts["confirmed_same"],
        approved_by=frozenset(map(MemberId, facts["approved_by"])),
        over_quota=facts["over_quota"],
        asked_at=parse_instant(facts["asked_at"]),
    )


def in_words(decision: Decision) -> dict[str, Any]:
    """The decision as a document would state it; the same reason from two rules is stated once."""
    if decision.permit is not None:
        permit = decision.permit
        return {
            "decision": "permitted",
            "agreement": permit.agreement,
            "version": permit.version,
            "clause": permit.clause,
            "basis": permit.basis,
        }
    reasons: list[dict[str, Any]] = []
    for reason in decision.reasons:
        told: dict[str, Any] = {"code": reason.code.value, "agreement": reason.agreement}
        told |= {"version": reason.version, "clause": reason.clause}
        stated = {field: value for field, value in told.items() if value is not None}
        if stated not in reasons:
            reasons.append(stated)
    return {"decision": "refused", "reasons": reasons, "officers_could_permit": decision.officer_could_permit}


def answer(document: dict[str, Any]) -> Decision:
    """The answer that the rules give to a document."""
    return decide(question_of(document), [agreement_of(entry) for entry in document["agreements"]])


def in_any_order(words: dict[str, Any]) -> dict[str, Any]:
    """The same words with reasons sorted: their order is for display."""
    reasons = sorted(words.get("reasons", []), key=lambda reason: sorted(reason.items()))
    return {**words, "reasons": reasons}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_gets_the_answer_it_states(path: Path) -> None:
    """The decision, its clause and basis, or every reason with its clause, are as the document says."""
    document = read(path)
    assert in_any_order(in_words(answer(document))) == in_any_order(document["expected"])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_is_told_in_one_paragraph(path: Path) -> None:
    """Each answer can be explained, and the explanation names every code and clause of the answer."""
    document = read(path)
    decision = answer(document)
    text = explain(decision, question_of(document), {})
    assert "\n" not in text
    named = [decision.permit] if decision.permit else list(decision.reasons)
    for item in named:
        assert item.clause is None or f"clause {item.clause}" in text
    assert all(reason.code.value in text for reason in decision.reasons)


def test_documents_cover_every_reason_code() -> None:
    """Every code that facts can bring about has a document; R-MANUAL is a fault and has none."""
    told = {r["code"] for path in DOCUMENTS for r in read(path)["expected"].get("reasons", [])}
    assert told == {code.value for code in ReasonCode} - {ReasonCode.MANUAL.value}


def test_documents_cover_every_category_both_ways() -> None:
    """Every category has a document that permits it and one that refuses it."""
    answers = {(read(path)["question"], read(path)["expected"]["decision"]) for path in DOCUMENTS}
    for category in Category:
        assert (category.value, "refused") in answers
        assert (category.value, "permitted") in answers


def test_documents_have_titles_of_their_own() -> None:
    """A title says which case it is, so no two are alike, and each says why in words."""
    titles = [read(path)["title"] for path in DOCUMENTS]
    assert len(titles) == len(set(titles))
    assert all(read(path)["why"].endswith(".") for path in DOCUMENTS)
