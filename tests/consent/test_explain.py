"""Decisions in sentences, as a caseworker reads them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hub.consent.agreement import State
from hub.consent.decision import ReasonCode, decide
from hub.consent.documents import read_agreement
from hub.consent.explain import BY_WHAT, REMEDIES, TO_WHOM, WHAT, explain
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import Actor, Category, EvidenceClass, Question, Role, Scope
from hub.protocols.names import MemberId, MemberKind, NoticeType, Part

EXAMPLES = Path(__file__).parent.parent.parent / "agreements" / "examples"
MOVERS = read_agreement(json.loads((EXAMPLES / "kent-medway-movers.json").read_text("utf-8"))).recorded_as(
    State.IN_FORCE
)
NAMES = {MemberId("mbr_kent"): "Kent", MemberId("mbr_medway"): "Medway", MemberId("mbr_lambeth"): "Lambeth"}
NOW = datetime(2026, 11, 5, 9, 30, tzinfo=UTC)
QUESTION = Question(
    category=Category.PARTICIPATION,
    notice_type=NoticeType.MOVED_OUT,
    purpose="participation",
    sender=Actor(MemberId("mbr_kent"), MemberKind.AUTHORITY, Role.TRACKING_TEAM),
    recipient=Actor(MemberId("mbr_medway"), MemberKind.AUTHORITY, Role.TRACKING_TEAM),
    scope=Scope.AGE_16_17,
    flags=NO_FLAGS,
    asserted_at=NOW,
    evidence=EvidenceClass.STRONG,
    standing_request=False,
    confirmed_same=True,
    approved_by=frozenset(),
    over_quota=False,
    asked_at=NOW,
)


def told(question: Question) -> str:
    """The paragraph for this question."""
    return explain(decide(question, [MOVERS]), question, NAMES)


def test_a_permit_is_told_with_its_clause() -> None:
    """What may be told, to whom, when, and the clause and basis that say so."""
    assert told(QUESTION) == (
        "Permitted on 5 November 2026, 09:30 UTC: participation (activity, establishment, identifiers)"
        " from Kent to the tracking team of Medway by a moved-out notice."
        " Agreement agr_kent-medway-movers, version 1, clause 2.2 permits it on the basis"
        " uk-gdpr:6(1)(e) esa2008:s17, and no rule forbids it. (rules-2026.3+law-2026.1.)"
    )


def test_a_refusal_is_told_by_rule_with_who_can_change_it() -> None:
    """Every reason in an officer's words, its clause, and whose act would change it."""
    instructed = replace(QUESTION, flags=Flags(instruction=frozenset({Part.PARTICIPATION})))
    assert told(instructed) == (
        "Refused on 5 November 2026, 09:30 UTC: participation (activity, establishment, identifiers)"
        " from Kent to the tracking team of Medway by a moved-out notice."
        " R-INSTRUCTION: The young person or a parent has said not to pass it on"
        " (agr_kent-medway-movers, version 1, clause 2.2)."
        " Who can change this: the young person from 16, before that a parent; how: withdraw the instruction."
        " (rules-2026.3+law-2026.1.)"
    )


def test_what_officers_can_lift_names_officers() -> None:
    """A shielded match waits for officers on both sides; a shielded address for nobody."""
    shielded = replace(QUESTION, flags=Flags(shield=True))
    assert "Who can change this: named officers of both members; how: approve this match." in told(shielded)
    address = told(replace(shielded, category=Category.ADDRESS))
    assert "nobody while the shield stands" in address
    assert "approve this match" not in address


def test_an_agreement_without_a_clause_is_cited_without_one() -> None:
    """Nothing is cited that does not exist: neither clause nor agreement."""
    unlisted = told(replace(QUESTION, category=Category.CARE))
    assert (
        "R-FIELD: No clause of the agreement lists this part (agr_kent-medway-movers, version 1)." in unlisted
    )
    stranger = replace(QUESTION, recipient=replace(QUESTION.recipient, member=MemberId("mbr_southwark")))
    assert "The two members have no agreement with each other. Who" in told(stranger)
    assert "of mbr_southwark by" in told(stranger)


def test_whoever_acts_for_an_authority_is_told_as_such() -> None:
    """The reader sees for whom a careers company would have received."""
    company = Actor(
        MemberId("mbr_careers"),
        MemberKind.CAREERS_COMPANY,
        Role.CAREERS_SERVICE,
        MemberId("mbr_lambeth"),
        mandate=True,
    )
    text = told(replace(QUESTION, recipient=company))
    assert "to the careers service of mbr_careers acting for Lambeth by" in text


def test_every_word_of_the_rules_has_words_for_people() -> None:
    """No code, category, role or notice type can come up that could not be told."""
    assert set(REMEDIES) == set(ReasonCode)
    assert set(WHAT) == set(Category)
    assert set(TO_WHOM) == set(Role)
    assert set(BY_WHAT) == set(NoticeType)
