"""A question put to agreements on paper, without a hub: the document that `hub decide` reads.

The document states facts, one question and the agreements to ask, each as a file beside it or in
place. It is the form of the worked decisions in this project's tests, so that a data protection
officer can copy one of those, change a fact, and see what changes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hub.consent.agreement import Agreement, State
from hub.consent.documents import read_agreement
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import Actor, Category, EvidenceClass, Question, Role, Scope
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import MalformedMessage
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.names import MemberId, MemberKind, NoticeType, parse_id

_SAID_BESIDE: Final = frozenset({"title", "expected", "why"})
"""What a document may say for its reader alone."""


def read_json_file(path: Path) -> Json:
    """Read a JSON file; raise `MalformedMessage` where it is none, or is too long."""
    if path.stat().st_size > DOCUMENT_BYTES:
        raise MalformedMessage("document-long", f"{path.name} is longer than {DOCUMENT_BYTES} bytes")
    return canonical.decode(path.read_bytes())


def read_question(path: Path) -> tuple[Question, list[Agreement]]:
    """Read a question and the agreements that it names; raise `MalformedMessage` for another form."""
    document = Reader(read_json_file(path), "question")
    agreements = [_agreement(entry, path.parent) for entry in document.objects("agreements")]
    question = _question(document.object("facts"), document.choice("question", Category))
    for name in _SAID_BESIDE:
        if document.has(name):
            document.value(name)
    document.done()
    return question, agreements


def _agreement(entry: Reader, folder: Path) -> Agreement:
    document = entry.value("document")
    if isinstance(document, str):
        document = read_json_file(_file_of(document, folder))
    state = entry.choice("recorded_as", State)
    entry.done()
    return read_agreement(document).recorded_as(state)


def _file_of(name: str, folder: Path) -> Path:
    """The file of an agreement: by its name beside the question, with or without .json."""
    for candidate in (folder / name, folder / f"{name}.json"):
        if candidate.is_file():
            return candidate
    raise MalformedMessage("agreement-missing", "an agreement that the question names is not beside it")


def _question(facts: Reader, category: Category) -> Question:
    question = Question(
        category=category,
        notice_type=facts.choice("notice_type", NoticeType),
        purpose=facts.text("purpose", max=60),
        sender=_actor(facts.object("sender")),
        recipient=_actor(facts.object("recipient")),
        scope=_scope(facts),
        flags=Flags.from_json({**NO_FLAGS.to_json(), **_object(facts.value("flags"))}),
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


def _object(value: Json) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MalformedMessage("field-type", "flags: an object was expected")
    return value
