"""Another engine, asked the same questions: Cedar and our decision never differ.

A bounded number of generated cases in every run; `make oracle` asks 20,000 (ORACLE_CASES). The worked
decisions are asked too, and errors planted on either side are found by them.
"""

import os
import re
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import pytest
from hypothesis import given, settings

from hub.consent import decision, rules, table
from hub.consent.agreement import Agreement, AgreementBook, Basis
from hub.consent.decision import Decision, ReasonCode, decide
from hub.consent.question import Category, Question, Role, Scope
from hub.protocols.names import MemberKind, NoticeType
from tests.consent.cedar_policies import RULES
from tests.consent.cedar_requests import Answer, Oracle
from tests.consent.questions_by_chance import AGREED, GENEROUS, PLAIN, agreements, questions
from tests.consent.test_decision_documents import DOCUMENTS, read

CASES = int(os.environ.get("ORACLE_CASES", "400"))
ORACLE = Oracle()
OF_THE_QUESTION = {
    ReasonCode.RECIPIENT,
    ReasonCode.FIELD,
    ReasonCode.AGREEMENT,
    ReasonCode.MANDATE,
    ReasonCode.SCOPE,
    ReasonCode.PROVENANCE,
    ReasonCode.SHIELD,
    ReasonCode.EVIDENCE,
    ReasonCode.UNCONFIRMED,
    ReasonCode.STALE,
    ReasonCode.QUOTA,
}


def differences(ours: Decision, theirs: Answer) -> list[str]:
    """Where the two part: permitted or not, by a clause that permits, with every rule's code told."""
    if ours.permitted is not theirs.permitted:
        return [f"we say {ours.permitted}, Cedar says {theirs.permitted}"]
    if ours.permit is not None:
        named = f"{ours.permit.agreement} v{ours.permit.version} {ours.permit.clause}"
        return [] if named in theirs.named else [f"we name {named}, Cedar none such"]
    told = {reason.code.value for reason in ours.reasons}
    return [f"{code} is not told" for code in sorted(theirs.named - told)]


class Case(NamedTuple):
    """A question, what there is agreed, and what each of the two says."""

    name: str
    question: Question
    held: tuple[Agreement, ...]
    book: AgreementBook
    ours: Decision
    theirs: Answer


def case(name: str, question: Question, held: tuple[Agreement, ...]) -> Case:
    """A case, put to both."""
    book = AgreementBook.from_agreements(held)
    return Case(
        name, question, held, book, decide(question, book), ORACLE.decide(question, ORACLE.book(held))
    )


THROUGH_NO_DOOR = {
    "a care leaver's move of somebody else": replace(
        PLAIN,
        category=Category.IDENTITY,
        notice_type=NoticeType.CARE_LEAVER_MOVE,
        recipient=replace(PLAIN.recipient, role=Role.LEAVING_CARE_TEAM),
    ),
    "a parent of somebody of age": replace(PLAIN, category=Category.PARENT, scope=Scope.AGE_18_19),
    "a plan's move to the tracking team": replace(PLAIN, notice_type=NoticeType.EHCP_MOVE),
    "a plan's move with a plan": replace(
        PLAIN,
        category=Category.PARTICIPATION,
        notice_type=NoticeType.EHCP_MOVE,
        recipient=replace(PLAIN.recipient, role=Role.SEN_TEAM),
    ),
    "a careers company in another's role": replace(
        PLAIN, recipient=replace(PLAIN.recipient, kind=MemberKind.COLLEGE)
    ),
    "an officer who is told a name": replace(
        PLAIN, category=Category.IDENTITY, recipient=replace(PLAIN.recipient, role=Role.NAMED_OFFICER)
    ),
    "nobody in scope": replace(PLAIN, scope=None),
}
"""Questions under an agreement that lists everything, which no door lets in: only the rules stand there."""

BARE = replace(AGREED, clauses=(replace(GENEROUS, basis=Basis(table.PUBLIC_TASK, "esa2008:s17")),))
UNCONDITIONAL = {
    "health without a condition": replace(PLAIN, category=Category.EQUALITY_HEALTH),
    "offences without a condition": replace(PLAIN, category=Category.OFFENDING),
}
"""The same under a clause that names no condition."""


@cache
def worked() -> tuple[Case, ...]:
    """Every question of the worked decisions, and those under an agreement that no door lets in."""
    documents = [(path.stem, read(path)) for path in DOCUMENTS]
    cases = [case(name, q, document.agreements) for name, document in documents for q in document.questions]
    cases += [case(name, question, (AGREED,)) for name, question in THROUGH_NO_DOOR.items()]
    cases += [case(name, question, (BARE,)) for name, question in UNCONDITIONAL.items()]
    return tuple(cases)


@settings(max_examples=CASES)
@given(questions, agreements)
def test_cedar_and_we_decide_alike(question: Question, held: list[Agreement]) -> None:
    """No generated case in which they differ, nor one in which a rule's reason is left out."""
    assert differences(decide(question, held), ORACLE.decide(question, ORACLE.book(held))) == []


def test_cedar_agrees_with_every_worked_decision() -> None:
    """What officers wrote down is what both engines say."""
    assert [one.name for one in worked() if differences(one.ours, one.theirs)] == []


@pytest.mark.parametrize("rule", [*rules.QUESTION_RULES, *rules.CLAUSE_RULES], ids=lambda rule: rule.__name__)
def test_a_rule_left_out_of_ours_is_noticed(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of our rules is there for a case that Cedar refuses, or tells a reason, without it."""
    cases = worked()
    for name in ("QUESTION_RULES", "CLAUSE_RULES"):
        kept = tuple(one for one in getattr(rules, name) if one is not rule)
        monkeypatch.setattr(decision, name, kept)
    assert any(differences(decide(one.question, one.book), one.theirs) for one in cases)


POLICIES = re.findall(r"^@id.*?^};", RULES, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("place", range(len(POLICIES)))
def test_a_rule_left_out_of_cedars_is_noticed(place: int) -> None:
    """Each of the oracle's rules is there for a case that it would else permit, or tell one reason less."""
    weaker = Oracle("\n".join(POLICIES[:place] + POLICIES[place + 1 :]))
    refused = [one for one in worked() if not one.ours.permitted]
    assert any(weaker.decide(one.question, weaker.book(one.held)) != one.theirs for one in refused)


def test_an_error_in_a_policy_is_no_answer() -> None:
    """A forbid that ends in an error would silently permit; here it fails."""
    broken = Oracle(RULES + "\nforbid (principal, action, resource) when { context.shoe_size == 9 };")
    with pytest.raises(AssertionError, match="shoe_size"):
        broken.decide(PLAIN, broken.book([AGREED]))
