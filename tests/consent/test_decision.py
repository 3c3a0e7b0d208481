"""The decision as a whole: what holds for every question, whatever agreements and flags there are."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent import rules
from hub.consent.agreement import Agreement, AgreementBook, State
from hub.consent.decision import RULES_VERSION, Decision, ReasonCode, decide, dry_run
from hub.consent.documents import read_agreement
from hub.consent.flags import Flags
from hub.consent.question import Apart, Category, Question, Scope
from hub.protocols.names import AgreementId, MemberId, NoticeType, Part
from tests.consent.questions_by_chance import KENT, MEDWAY, PLAIN, agreements, flags, questions

EXAMPLES = Path(__file__).parent.parent.parent / "agreements" / "examples"
MOVERS = read_agreement(json.loads((EXAMPLES / "kent-medway-movers.json").read_text("utf-8"))).recorded_as(
    State.IN_FORCE
)


def codes(decision: Decision) -> list[ReasonCode]:
    """The codes of a refusal, in the order told."""
    return [reason.code for reason in decision.reasons]


@given(questions, agreements)
def test_every_question_has_one_answer(question: Question, held: list[Agreement]) -> None:
    """A Permit and no reasons, or reasons and no Permit; of this category, by these rules; the same twice."""
    decision = decide(question, held)
    assert decision == decide(question, AgreementBook.from_agreements(held))
    assert decision.category is question.category
    assert decision.rules_version == RULES_VERSION
    assert decision.permitted is (not decision.reasons)
    assert decision.fault is None


@given(questions, agreements, st.randoms())
def test_the_order_of_agreements_never_shows(
    question: Question,
    held: list[Agreement],
    chance: Any,  # noqa: ANN401 - hypothesis's own random type
) -> None:
    """Two hubs that loaded the same agreements differently say the same."""
    distinct = list({(a.id, a.version): a for a in held}.values())
    shuffled = list(distinct)
    chance.shuffle(shuffled)
    assert decide(question, shuffled) == decide(question, distinct)


@given(questions, agreements)
def test_what_is_permitted_was_agreed_by_both(question: Question, held: list[Agreement]) -> None:
    """A Permit names a clause in force that lists category, notice type, role, scope and purpose (I2)."""
    decision = decide(question, held)
    if decision.permit is None:
        return
    named = (decision.permit.agreement, decision.permit.version, decision.permit.clause)
    matching = [
        clause
        for agreement in held
        for clause in agreement.clauses
        if (agreement.id, agreement.version, clause.number) == named
        and agreement.state is State.IN_FORCE
        and agreement.starts_at <= question.asked_at < agreement.lapses_at
        and question.category in clause.categories
        and question.notice_type in clause.notice_types
        and question.recipient.role in clause.roles
        and question.scope in clause.scopes
        and question.purpose in clause.purposes
    ]
    assert matching


@given(questions, agreements, flags)
def test_another_restriction_never_widens(question: Question, held: list[Agreement], more: Flags) -> None:
    """Whatever is set besides, what was refused stays refused: with one flag more or with all of them."""
    stricter = Flags(
        instruction=question.flags.instruction | more.instruction,
        instruction_lapsed=question.flags.instruction_lapsed | more.instruction_lapsed,
        objection=question.flags.objection | more.objection,
        objection_upheld=question.flags.objection_upheld | more.objection_upheld,
        objection_overridden=question.flags.objection_overridden | more.objection_overridden,
        consent=question.flags.consent - more.consent,
        consent_withdrawn=question.flags.consent_withdrawn | more.consent_withdrawn,
        shield=question.flags.shield or more.shield,
        provenance_dwp=question.flags.provenance_dwp | more.provenance_dwp,
        restricted=question.flags.restricted or more.restricted,
        twin=question.flags.twin or more.twin,
    )
    if not decide(question, held).permitted:
        assert not decide(replace(question, flags=stricter), held).permitted


@given(questions, agreements)
def test_removing_an_agreement_never_widens(question: Question, held: list[Agreement]) -> None:
    """Agreements only permit: what all of them do not permit, fewer of them do not either."""
    if not decide(question, held).permitted:
        for place in range(len(held)):
            assert not decide(question, held[:place] + held[place + 1 :]).permitted


@given(questions, agreements, st.integers(0, 400))
def test_time_alone_never_widens_but_for_the_listed_reasons(
    question: Question, held: list[Agreement], days: int
) -> None:
    """What is refused now and permitted later was waiting for a first day or for a clock."""
    now, later = decide(question, held), replace(question, asked_at=question.asked_at + timedelta(days=days))
    if not now.permitted and decide(later, held).permitted:
        assert rules.LATER_MAY_PERMIT & set(codes(now))


@given(questions, agreements)
def test_officers_can_permit_exactly_what_they_are_said_to(question: Question, held: list[Agreement]) -> None:
    """If officers on both sides approve, it falls exactly where `officer_could_permit` said so."""
    unapproved = replace(question, approved_by=frozenset())
    decision = decide(unapproved, held)
    approved = replace(question, approved_by=frozenset({question.sender.member, question.recipient.member}))
    assert decide(approved, held).permitted is (decision.permitted or decision.officer_could_permit)
    if decision.officer_could_permit:
        assert set(codes(decision)) <= {ReasonCode.SHIELD, ReasonCode.EVIDENCE}


@given(questions, agreements)
def test_an_unmet_condition_of_the_question_is_always_told(question: Question, held: list[Agreement]) -> None:
    """Reasons are complete: what stands in the question itself is told whatever the agreements say."""
    told = set(codes(decide(question, held)))
    fresh = timedelta(seconds=-60) <= question.asked_at - question.asserted_at <= timedelta(days=30)
    assert (ReasonCode.QUOTA in told) is question.over_quota
    assert (ReasonCode.STALE in told) is not fresh
    assert (ReasonCode.UNCONFIRMED in told) is (
        not question.confirmed_same and question.category not in {Category.FACT_OF_MATCH, Category.IDENTITY}
    )


@given(questions, agreements)
def test_a_shielded_address_never_leaves(question: Question, held: list[Agreement]) -> None:
    """Neither agreement nor officer releases the whereabouts of a shielded person."""
    shielded = replace(question, category=Category.ADDRESS, flags=replace(question.flags, shield=True))
    assert not decide(shielded, held).permitted


def test_chance_reaches_permits_too() -> None:
    """The properties above are not idle: many of the generated questions are permitted."""
    permitted = []

    @given(questions, agreements)
    def collect(question: Question, held: list[Agreement]) -> None:
        permitted.append(decide(question, held).permitted)

    collect()
    assert sum(permitted) >= len(permitted) // 10


# --- examples -------------------------------------------------------------------------------------


def test_dry_run_answers_for_all_eleven_categories_in_order() -> None:
    """A sender sees before it sends who could get what, and which clause says no."""
    table_of_answers = dry_run(PLAIN, [MOVERS])
    assert [decision.category for decision in table_of_answers] == list(Category)
    assert {d.category for d in table_of_answers if d.permitted} == {
        Category.FACT_OF_MATCH,
        Category.IDENTITY,
        Category.ADDRESS,
        Category.PARTICIPATION,
        Category.CONTACT,
        Category.SEND,
    }


def test_dry_run_before_the_signed_same_shows_the_first_stage() -> None:
    """Without `same` only the fact of a match and names are permitted."""
    first = dry_run(replace(PLAIN, confirmed_same=False), [MOVERS])
    assert {d.category for d in first if d.permitted} == {Category.FACT_OF_MATCH, Category.IDENTITY}


@pytest.mark.parametrize(
    ("apart", "code"), [(Apart.SUSPENDED, ReasonCode.SUSPENDED), (Apart.REALM, ReasonCode.RECIPIENT)]
)
def test_members_that_stand_apart_are_told_so_for_every_part(apart: Apart, code: ReasonCode) -> None:
    """Whatever they have agreed: the clauses that would permit it are not even cited."""
    answers = dry_run(PLAIN, [MOVERS], apart)
    assert [answer.category for answer in answers] == list(Category)
    assert not any(answer.permitted for answer in answers)
    assert {(reason.code, reason.clause) for answer in answers for reason in answer.reasons} == {(code, None)}


def test_a_fault_in_a_rule_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error while deciding refuses with R-MANUAL, though everything else would have permitted (I2)."""

    def broken(_question: Question) -> None:
        raise ZeroDivisionError

    assert decide(PLAIN, [MOVERS]).permitted
    monkeypatch.setattr("hub.consent.decision.QUESTION_RULES", (*rules.QUESTION_RULES, broken))
    decision = decide(PLAIN, [MOVERS])
    assert codes(decision) == [ReasonCode.MANUAL]
    assert decision.fault == "ZeroDivisionError"
    assert not decision.permitted
    assert not decision.officer_could_permit


@pytest.mark.parametrize("damage", ["scope", "recipient", "asked_at", "flags"])
def test_a_question_with_a_hole_in_it_refuses(damage: str) -> None:
    """A fact that is missing through a fault elsewhere refuses; it never counts as "nothing on record"."""
    hollow: dict[str, Any] = {"scope": Scope, "recipient": None, "asked_at": None, "flags": None}
    assert not decide(replace(PLAIN, **{damage: hollow[damage]}), [MOVERS]).permitted


def test_of_two_permits_the_first_by_name_and_newest_version_is_named() -> None:
    """The same release always cites the same clause."""
    newer = replace(MOVERS, version=2)
    other = replace(MOVERS, id=AgreementId("agr_aa-older-name"))
    for order in ([MOVERS, newer, other], [other, newer, MOVERS]):
        permit = decide(PLAIN, order).permit
        assert permit is not None
        assert permit.agreement == "agr_aa-older-name"
    permit = decide(PLAIN, [MOVERS, newer]).permit
    assert permit is not None
    assert permit.version == 2


def test_of_one_agreement_only_the_nearest_version_is_told() -> None:
    """An old version that ended is no news where a newer one says no for a reason of its own."""
    ended, newer = MOVERS.recorded_as(State.ENDED), replace(MOVERS, version=2)
    instructed = replace(PLAIN, flags=Flags(instruction=frozenset({Part.CONTACT})))
    (reason,) = decide(instructed, [ended, newer]).reasons
    assert (reason.code, reason.version, reason.clause) == (ReasonCode.INSTRUCTION, 2, "2.2")


def test_agreements_that_say_nothing_are_not_cited_beside_one_that_does() -> None:
    """A partner agreement on enrolments is no reason for a refusal about a mover."""
    silent = replace(
        MOVERS,
        id=AgreementId("agr_enrolments"),
        clauses=tuple(
            replace(clause, notice_types=frozenset({NoticeType.CROSS_BORDER_ENROLMENT}))
            for clause in MOVERS.clauses
        ),
    )
    decision = decide(PLAIN, [silent, MOVERS.recorded_as(State.SUSPENDED)])
    assert [(r.code, r.agreement) for r in decision.reasons] == [(ReasonCode.SUSPENDED, MOVERS.id)]


def test_two_suspended_agreements_are_both_told() -> None:
    """Either would do, so each is a reason."""
    other = replace(MOVERS, id=AgreementId("agr_second"), state=State.SUSPENDED)
    decision = decide(PLAIN, [MOVERS.recorded_as(State.SUSPENDED), other])
    assert [(r.code, r.agreement) for r in decision.reasons] == [
        (ReasonCode.SUSPENDED, MOVERS.id),
        (ReasonCode.SUSPENDED, other.id),
    ]


DRAWN: dict[str, tuple[Callable[[Question], Question], bool]] = {
    "as agreed": (lambda q: q, True),
    "approval of strangers": (
        lambda q: replace(
            q, flags=Flags(shield=True), approved_by=frozenset({MemberId("mbr_x"), KENT.member})
        ),
        False,
    ),
    "approval of both": (
        lambda q: replace(q, flags=Flags(shield=True), approved_by=frozenset({KENT.member, MEDWAY.member})),
        True,
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_only_the_two_sides_officers_count(name: str) -> None:
    """An approval by anybody else changes nothing."""
    change, permitted = DRAWN[name]
    assert decide(change(PLAIN), [MOVERS]).permitted is permitted
