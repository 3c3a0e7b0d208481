"""Agreement documents: checked once, at the door, with faults a data protection officer can mend.

A document must fit the published schema (closed vocabularies, no unknown field) and must not
contradict itself or the decision table: what a reader takes for permitted has to be what the rules
would permit. Faults name the clause and the cause in words and never quote what was written there.
Signatures are checked elsewhere; whether a document is in force is recorded by the hub.
"""

import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, TypeVar, cast

from hub.consent.agreement import Agreement, Basis, Clause, FlagName, Party
from hub.consent.coherence import contradictions
from hub.consent.form import faults_of_form
from hub.consent.question import Category, Role, Scope
from hub.protocols.canonical import Json, digest, encode, parse_day
from hub.protocols.errors import MalformedMessage
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.names import AgreementId, Digest, MemberId, NoticeType

MOST_FAULTS: Final = 10
"""Faults told at once: more than a person mends in one go."""

W = TypeVar("W", bound=StrEnum)

_PLACEHOLDER: Final = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")


def read_agreement(value: Json) -> Agreement:
    """Return the agreement that a document states, in state `proposed`.

    Raises `MalformedMessage` ("agreement-malformed" where the form is wrong, "agreement-contradictory"
    where its parts do not fit together) whose detail lists clauses and causes.
    """
    if len(encode(value)) > DOCUMENT_BYTES:
        raise MalformedMessage("agreement-malformed", f"the document is longer than {DOCUMENT_BYTES} bytes")
    _refuse("agreement-malformed", faults_of_form(value, agreement_schema()))
    agreement = reload_agreement(value)
    _refuse("agreement-contradictory", contradictions(agreement, cast("dict[str, Any]", value)))
    return agreement


def reload_agreement(value: Json) -> Agreement:
    """Return the agreement of a document that `read_agreement` has accepted before; checks nothing again."""
    document = cast("dict[str, Any]", value)
    life = document["life"]
    return Agreement(
        id=AgreementId(document["id"]),
        version=document["version"],
        title=document["title"],
        parties=tuple(
            Party(MemberId(party["member"]), party["name"], party["group"]) for party in document["parties"]
        ),
        clauses=tuple(_clause(clause) for clause in document["clauses"]),
        starts=parse_day(life["starts"]),
        review=parse_day(life["review"]),
        grace_days=life["grace_days"],
        ends=parse_day(life["ends"]) if "ends" in life else None,
        officers_each_side=document.get("approval", {}).get("officers_each_side", 1),
        open_to=frozenset(document.get("accession", {}).get("groups", ())),
    )


def agreement_digest(value: Json) -> Digest:
    """Return the digest that the parties sign: SHA-256 over the canonical bytes of the document."""
    return digest(encode(value))


@cache
def agreement_schema() -> dict[str, Any]:
    """Return the published JSON Schema of agreements."""
    return _shipped("agreement-v1.schema.json")


@cache
def vocabularies() -> dict[str, dict[str, dict[str, str]]]:
    """Return the closed vocabularies: name of the list, code, then label and source."""
    return cast("dict[str, dict[str, dict[str, str]]]", _shipped("vocabularies.json")["terms"])


def fill_template(template: Json, answers: Mapping[str, Json]) -> Json:
    """Return the document that a template gives with these answers.

    `"${name}"` alone is replaced by the answer, whatever it is; within a longer text by the answer's
    text. Raises `MalformedMessage` where an answer is missing, too many or not a text where one is needed.
    """
    document = cast("dict[str, Json]", template)
    asked = [
        cast("dict[str, str]", question)["name"] for question in cast("list[Json]", document["questions"])
    ]
    if set(asked) != set(answers):
        raise MalformedMessage("template-answers", _unasked(asked, answers))
    return _filled(document["agreement"], answers)


def _unasked(asked: list[str], answers: Mapping[str, Json]) -> str:
    missing = [name for name in asked if name not in answers]
    more = len(set(answers) - set(asked))
    says = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"not asked for: {more} more"] * bool(more)
    return f"{'; '.join(says)}; the answers needed are: {', '.join(asked)}"


def _filled(value: Json, answers: Mapping[str, Json]) -> Json:
    if isinstance(value, list):
        return [_filled(item, answers) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, answers) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    if whole := _PLACEHOLDER.fullmatch(value):
        return answers[whole[1]]
    return _PLACEHOLDER.sub(lambda found: _answer_text(found[1], answers[found[1]]), value)


def _answer_text(name: str, answer: Json) -> str:
    if isinstance(answer, str):
        return answer
    raise MalformedMessage("template-answers", f"the answer {name} must be text")


def _clause(value: dict[str, Any]) -> Clause:
    basis = value["basis"]
    return Clause(
        number=value["number"],
        senders=frozenset(value["from"]),
        receivers=frozenset(value["to"]),
        notice_types=_words(NoticeType, tuple(value["notice_types"])),
        purposes=frozenset(value["purposes"]),
        scopes=_words(Scope, tuple(value["scopes"])),
        roles=_words(Role, tuple(value["roles"])),
        categories=_words(Category, tuple(value["categories"])),
        basis=Basis(
            basis["article6"],
            basis["gateway"],
            basis.get("special_condition"),
            basis.get("offence_condition"),
        ),
        unless_flags=_words(FlagName, tuple(value.get("unless_flags", ()))),
    )


@lru_cache(maxsize=1024)
def _words(vocabulary: type[W], words: tuple[str, ...]) -> frozenset[W]:
    """The words of one list, kept: clauses made from one template repeat each other's lists."""
    return frozenset(map(vocabulary, words))


def _refuse(code: str, faults: Iterable[str]) -> None:
    told = list(dict.fromkeys(faults))
    if told:
        more = "" if len(told) <= MOST_FAULTS else f"; and {len(told) - MOST_FAULTS} more"
        raise MalformedMessage(code, "; ".join(told[:MOST_FAULTS]) + more)


def _shipped(name: str) -> dict[str, Any]:
    text = resources.files("hub.consent").joinpath("schema", name).read_text("utf-8")
    return cast("dict[str, Any]", json.loads(text))
