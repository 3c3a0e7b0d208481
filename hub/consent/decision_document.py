"""A case on paper: agreements, facts, a question, and the decision that must come out.

Written by data protection officers and read by anybody; the published form is
`agreements/schema/decision-test-v1.schema.json`. A document puts one category, or all eleven at
once. Agreements stand in it or are named; where a name is looked up is the caller's business, so
that an outsider's documents are read as the project's own are. What a document expects is compared
in `hub.consent.decision_trial`; without an expectation it is a question for `hub decide`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from hub.consent.agreement import Agreement, State
from hub.consent.coherence import overlapping
from hub.consent.decision import ReasonCode
from hub.consent.documents import read_agreement
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import Actor, Category, EvidenceClass, Question, Role, Scope
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import MemberId, MemberKind, NoticeType, parse_id

EVERY_CATEGORY: Final = "every_category"
"""Put in place of one category: the fact of a match and each of the ten parts."""

FORM: Final = "decision-test-v1"

Fetch = Callable[[str], Json]
"""Gives the agreement's document for its name; raises `MalformedMessage` where there is none."""


@dataclass(frozen=True, slots=True)
class ExpectedReason:
    """One reason that must be given; what is None was not stated and may be anything."""

    code: ReasonCode
    agreement: str | None = None
    version: int | None = None
    clause: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come out; what is None was not stated and may be anything."""

    permitted: bool
    agreement: str | None = None
    version: int | None = None
    clause: str | None = None
    basis: str | None = None
    reasons: tuple[ExpectedReason, ...] | None = None
    """All reasons, in any order: one that is given and not stated is a difference too."""
    officers_could_permit: bool | None = None


@dataclass(frozen=True, slots=True)
class DecisionDocument:
    """A document, read."""

    title: str
    why: str
    agreements: tuple[Agreement, ...]
    questions: tuple[Question, ...]
    expected: Mapping[Category, Expected]
    """Empty where the document only asks."""


def read_decision_document(value: Json, fetch: Fetch) -> DecisionDocument:
    """Read a document; raise `MalformedMessage` for another form or for agreements that cannot be."""
    reader = Reader(value, "decision document")
    if reader.has("schema"):
        reader.text("schema", pattern=FORM)
    agreements = tuple(_agreement(entry, fetch) for entry in reader.objects("agreements"))
    for fault in overlapping(agreements):
        raise MalformedMessage("agreement-overlapping", fault)
    categories = _categories(reader)
    first = _question(reader.object("facts"), categories[0])
    document = DecisionDocument(
        title=reader.text("title", max=300) if reader.has("title") else "",
        why=reader.text("why", max=1000) if reader.has("why") else "",
        agreements=agreements,
        questions=tuple(replace(first, category=category) for category in categories),
        expected=_expected(reader, categories) if reader.has("expected") else {},
    )
    reader.done()
    return document


def _categories(reader: Reader) -> tuple[Category, ...]:
    word = reader.text("question", max=40)
    if word == EVERY_CATEGORY:
        return tuple(Category)
    if word not in set(Category):
        raise MalformedMessage("field-choice", "question: one of " + ", ".join((*Category, EVERY_CATEGORY)))
    return (Category(word),)


def _agreement(entry: Reader, fetch: Fetch) -> Agreement:
    document = entry.value("document")
    if isinstance(document, str):
        document = fetch(document)
    agreement = read_agreement(document).recorded_as(entry.choice("recorded_as", State))
    version = entry.integer("version", least=1) if entry.has("version") else agreement.version
    entry.done()
    return replace(agreement, version=version)


def _question(facts: Reader, category: Category) -> Question:
    question = Question(
        category=category,
        notice_type=facts.choice("notice_type", NoticeType),
        purpose=facts.text("purpose", max=60),
        sender=_actor(facts.object("sender")),
        recipient=_actor(facts.object("recipient")),
        scope=_scope(facts),
        flags=Flags.from_json({**NO_FLAGS.to_json(), **_stated_flags(facts)}),
        asserted_at=facts.instant("asserted_at"),
        evidence=facts.choice("evidence", EvidenceClass),
        standing_request=facts.boolean("standing_request"),
        confirmed_same=facts.boolean("confirmed_same"),
        approved_by=frozenset(_member(member) for member in facts.list_of_text("approved_by")),
        over_quota=facts.boolean("over_quota"),
        asked_at=facts.instant("asked_at"),
    )
    facts.done()
    return question


def _scope(facts: Reader) -> Scope | None:
    word = facts.nullable_text("young_person", max=40)
    if word is None:
        return None
    if word not in set(Scope):
        raise MalformedMessage("field-choice", "young_person: one of " + ", ".join(Scope))
    return Scope(word)


def _stated_flags(facts: Reader) -> Mapping[str, Json]:
    """Only the flags that are set are stated; the rest are none."""
    flags = facts.value("flags")
    if not isinstance(flags, dict):
        raise MalformedMessage("field-type", "flags: an object was expected")
    return flags


def _actor(words: Reader) -> Actor:
    acts_for = words.optional_id("acts_for", "mbr")
    actor = Actor(
        _member(words.text("member", max=80)),
        words.choice("kind", MemberKind),
        words.choice("role", Role),
        None if acts_for is None else MemberId(acts_for),
        words.boolean("mandate") if words.has("mandate") else False,
    )
    words.done()
    return actor


def _member(text: str) -> MemberId:
    return MemberId(parse_id(text, "mbr"))


def _expected(reader: Reader, categories: tuple[Category, ...]) -> dict[Category, Expected]:
    """One answer; or, where every category is asked, one for each by its name."""
    stated = reader.object("expected")
    if len(categories) == 1:
        return {categories[0]: _answer(stated)}
    answers = {category: _answer(stated.object(category.value)) for category in categories}
    stated.done()
    return answers


class _Word(StrEnum):
    PERMITTED = "permitted"
    REFUSED = "refused"


def _answer(stated: Reader) -> Expected:
    permitted = stated.choice("decision", _Word) is _Word.PERMITTED
    if permitted:
        answer = Expected(
            permitted=True,
            agreement=stated.optional_id("agreement", "agr"),
            version=_version(stated),
            clause=stated.optional_text("clause", max=20),
            basis=stated.optional_text("basis", max=300),
        )
    else:
        reasons = stated.items("reasons") if stated.has("reasons") else None
        answer = Expected(
            permitted=False,
            reasons=None if reasons is None else tuple(map(_reason, reasons)),
            officers_could_permit=_officers(stated),
        )
    stated.done()
    return answer


def _reason(value: Json) -> ExpectedReason:
    """A reason's code alone, or with what it cites."""
    if isinstance(value, str):
        value = {"code": value}
    stated = Reader(value, "reason")
    reason = ExpectedReason(
        code=stated.choice("code", ReasonCode),
        agreement=stated.optional_id("agreement", "agr"),
        version=_version(stated),
        clause=stated.optional_text("clause", max=20),
    )
    stated.done()
    return reason


def _version(stated: Reader) -> int | None:
    return stated.integer("version", least=1) if stated.has("version") else None


def _officers(stated: Reader) -> bool | None:
    return stated.boolean("officers_could_permit") if stated.has("officers_could_permit") else None
