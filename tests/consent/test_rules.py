"""The rules one by one, where a document would say too little: edges, and what each leaves alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.consent import rules, table
from hub.consent.agreement import Basis, Clause, FlagName
from hub.consent.commencement import COMMENCEMENT
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import Actor, Category, EvidenceClass, Purpose, Question, Role, Scope
from hub.protocols.names import MemberId, MemberKind, NoticeType, Part

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
QUESTION = Question(
    category=Category.SEND,
    notice_type=NoticeType.MOVED_OUT,
    purpose=Purpose.PARTICIPATION,
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
CLAUSE = Clause(
    number="1",
    senders=frozenset({"a"}),
    receivers=frozenset({"a"}),
    notice_types=frozenset({NoticeType.MOVED_OUT}),
    purposes=frozenset({Purpose.PARTICIPATION.value}),
    scopes=frozenset({Scope.AGE_16_17}),
    roles=frozenset({Role.TRACKING_TEAM}),
    categories=frozenset({Category.SEND}),
    basis=Basis(table.PUBLIC_TASK, "esa2008:s17"),
)


def resting_on(gateway: str, article6: str = table.LEGAL_OBLIGATION) -> Clause:
    """The clause, on another basis."""
    return replace(CLAUSE, basis=Basis(article6, gateway))


def test_nothing_on_record_and_a_fitting_clause_meets_no_rule() -> None:
    """The plain case is silent in every rule."""
    assert [rule(QUESTION) for rule in rules.QUESTION_RULES] == [None] * len(rules.QUESTION_RULES)
    assert [rule(CLAUSE, QUESTION) for rule in rules.CLAUSE_RULES] == [None] * len(rules.CLAUSE_RULES)


@pytest.mark.parametrize(
    ("age", "stale"),
    [
        (timedelta(days=30), False),
        (timedelta(days=30, seconds=1), True),
        (timedelta(0), False),
        (-timedelta(seconds=60), False),
        (-timedelta(seconds=61), True),
    ],
)
def test_an_assertion_is_good_for_thirty_days(age: timedelta, *, stale: bool) -> None:
    """To the second; and a minute's difference between honest clocks is borne."""
    assert (rules.fresh(replace(QUESTION, asserted_at=NOW - age)) is not None) is stale


def test_without_a_clause_flags_are_still_told() -> None:
    """Where no clause speaks, what the young person said stands in the way all the same."""
    instructed = replace(QUESTION, flags=Flags(instruction=frozenset({Part.SEND})))
    objected = replace(QUESTION, flags=Flags(objection=frozenset({Part.SEND})))
    assert rules.instruction(None, instructed) is not None
    assert rules.objection(None, objected) is not None
    assert rules.consent(None, QUESTION) is None
    assert rules.own_exceptions(None, instructed) is None


def test_a_duty_carries_only_its_own_category_past_an_instruction() -> None:
    """Regulation 15 carries the plan's existence, not contact details."""
    flags = Flags(instruction=frozenset({Part.SEND, Part.CONTACT}))
    assert rules.instruction(resting_on(table.REG15), replace(QUESTION, flags=flags)) is None
    contact = replace(QUESTION, flags=flags, category=Category.CONTACT)
    assert rules.instruction(resting_on(table.REG15), contact) is not None


@pytest.mark.parametrize("scope", [None, *Scope])
def test_standing_request_by_age(scope: Scope | None) -> None:
    """Section 14 needs the request where the person may be 16 or 17, and does not reach other ages."""
    college = Actor(MemberId("mbr_college"), MemberKind.COLLEGE, Role.INSTITUTION)
    asked = replace(QUESTION, sender=college, scope=scope)
    requested = replace(asked, standing_request=True)
    may_be_sixteen = scope in {Scope.AGE_16_17, Scope.CARE_LEAVER_16_25}
    assert rules.standing_request(resting_on(table.S14), asked) is not None
    assert (rules.standing_request(resting_on(table.S14), requested) is None) is may_be_sixteen
    assert (rules.standing_request(resting_on("esa2008:s72"), asked) is None) is not may_be_sixteen
    assert (rules.standing_request(None, asked) is None) is not may_be_sixteen
    assert rules.standing_request(resting_on(table.S13), asked) is None


@pytest.mark.parametrize("kind", list(MemberKind))
def test_standing_request_binds_colleges_and_schools_alone(kind: MemberKind) -> None:
    """An authority needs no request to tell another; a school does as a college does."""
    sender = Actor(MemberId("mbr_sender"), kind, Role.OTHER)
    refused = rules.standing_request(CLAUSE, replace(QUESTION, sender=sender)) is not None
    assert refused is (kind in {MemberKind.COLLEGE, MemberKind.SCHOOL})


@pytest.mark.parametrize("kind", list(MemberKind))
def test_mandate_by_kind(kind: MemberKind) -> None:
    """Only a careers company needs an authority behind it; whoever names one needs its mandate."""
    alone = Actor(MemberId("mbr_x"), kind, Role.OTHER)
    assert (rules.mandate(replace(QUESTION, recipient=alone)) is None) is (
        kind is not MemberKind.CAREERS_COMPANY
    )
    claiming = replace(alone, acts_for=MemberId("mbr_kent"))
    assert rules.mandate(replace(QUESTION, sender=claiming)) is not None
    assert rules.mandate(replace(QUESTION, sender=replace(claiming, mandate=True))) is None


@pytest.mark.parametrize("flag", list(FlagName))
def test_a_clause_excepts_only_what_it_names(flag: FlagName) -> None:
    """Each flag that is raised stops the clause that names it and no other."""
    send = frozenset({Part.SEND})
    raised = replace(
        QUESTION, flags=Flags(instruction=send, objection=send, shield=True, provenance_dwp=send)
    )
    naming = replace(CLAUSE, unless_flags=frozenset({flag}))
    no = rules.own_exceptions(naming, raised)
    assert no is not None
    assert not no.officers_lift
    assert rules.own_exceptions(naming, QUESTION) is None
    assert rules.own_exceptions(CLAUSE, raised) is None


def test_social_security_facts_need_role_and_purpose() -> None:
    """Participation or support, to those who track or support: both must hold."""
    dwp = replace(QUESTION, flags=Flags(provenance_dwp=frozenset({Part.SEND})))
    assert rules.provenance(dwp) is None
    assert rules.provenance(replace(dwp, purpose=Purpose.SEND_TRANSFER)) is not None
    sen_team = replace(dwp.recipient, role=Role.SEN_TEAM)
    assert rules.provenance(replace(dwp, recipient=sen_team)) is not None
    assert rules.provenance(replace(dwp, category=Category.CONTACT)) is None


def test_a_named_recipient_needs_no_evidence_even_of_a_twin() -> None:
    """The sender named the recipient, so nothing rests on a match."""
    twin = replace(QUESTION, flags=Flags(twin=True), evidence=EvidenceClass.RECIPIENT_NAMED)
    assert rules.evidence(twin) is None
    assert rules.evidence(replace(twin, evidence=EvidenceClass.STRONG)) is not None


def test_special_category_needs_a_condition_in_a_clause() -> None:
    """No clause, or a clause without condition: refused."""
    health = replace(QUESTION, category=Category.EQUALITY_HEALTH)
    named = replace(CLAUSE, basis=Basis(table.PUBLIC_TASK, "esa2008:s17", "uk-gdpr:9(2)(g)+dpa2018:sch1-6"))
    assert rules.special_category(None, health) is not None
    assert rules.special_category(CLAUSE, health) is not None
    assert rules.special_category(named, health) is None
    to_sen = replace(health, recipient=replace(health.recipient, role=Role.SEN_TEAM))
    assert rules.special_category(named, to_sen) is not None


def test_offences_need_a_condition_in_a_clause() -> None:
    """No clause, or a clause without condition: refused."""
    offence = replace(QUESTION, category=Category.OFFENDING)
    named = replace(CLAUSE, basis=Basis(table.PUBLIC_TASK, "esa2008:s17", None, "uk-gdpr:10+dpa2018:sch1-6"))
    assert rules.offence(None, offence) is not None
    assert rules.offence(CLAUSE, offence) is not None
    assert rules.offence(named, offence) is None


def test_only_the_listed_reasons_can_end_by_time_alone() -> None:
    """The list is short, and this test is where a longer one has to be argued for."""
    assert set(rules.LATER_MAY_PERMIT) == {
        rules.ReasonCode.AGREEMENT,
        rules.ReasonCode.STALE,
        rules.ReasonCode.NOT_COMMENCED,
    }


def test_law_carries_from_the_day_on_which_it_comes_into_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a second before that day; a provision without a day carries nothing."""
    resting = replace(CLAUSE, basis=Basis(table.LEGAL_OBLIGATION, "ca2004:s16la"))
    begun = replace(COMMENCEMENT, since={"ca2004:s16la": QUESTION.asked_at})
    assert rules.commenced(resting, QUESTION) is not None
    monkeypatch.setattr("hub.consent.rules.COMMENCEMENT", begun)
    assert rules.commenced(resting, QUESTION) is None
    before = replace(QUESTION, asked_at=QUESTION.asked_at - timedelta(seconds=1))
    assert rules.commenced(resting, before) is not None
    assert rules.commenced(CLAUSE, before) is None
    assert rules.commenced(None, before) is None


@pytest.mark.parametrize("state", ["objection", "objection_upheld", "objection_overridden"])
def test_an_objection_restricts_until_it_is_overridden(state: str) -> None:
    """Received and upheld restrict; overridden does not; a legal obligation stands against either."""
    objected = replace(QUESTION, flags=Flags.from_json({**NO_FLAGS.to_json(), state: ["send"]}))
    public = replace(CLAUSE, basis=Basis(table.PUBLIC_TASK, "esa2008:s17"))
    duty = replace(CLAUSE, basis=Basis(table.LEGAL_OBLIGATION, "send2014:reg15"))
    assert (rules.objection(public, objected) is None) is (state == "objection_overridden")
    assert rules.objection(duty, objected) is None
    honouring = replace(public, unless_flags=frozenset({FlagName.OBJECTION}))
    assert rules.own_exceptions(honouring, objected) is not None


def test_a_lapsed_instruction_of_a_parent_goes_to_a_person() -> None:
    """It is not dropped in silence at sixteen; the young person's own instruction comes first."""
    send = frozenset({Part.SEND})
    lapsed = rules.instruction(CLAUSE, replace(QUESTION, flags=Flags(instruction_lapsed=send)))
    assert lapsed is not None
    assert (lapsed.code, lapsed.officers_lift) == (rules.ReasonCode.MANUAL, False)
    both = rules.instruction(
        CLAUSE, replace(QUESTION, flags=Flags(instruction=send, instruction_lapsed=send))
    )
    assert both is not None
    assert both.code is rules.ReasonCode.INSTRUCTION


def test_consent_that_was_withdrawn_is_none() -> None:
    """A withdrawal at either holder stops what rests on consent, and nothing else."""
    resting = replace(CLAUSE, basis=Basis(table.CONSENT, "esa2008:s68"))
    send = frozenset({Part.SEND})
    given = replace(QUESTION, flags=Flags(consent=send))
    withdrawn = replace(QUESTION, flags=Flags(consent=send, consent_withdrawn=send))
    assert rules.consent(resting, given) is None
    no = rules.consent(resting, withdrawn)
    assert no is not None
    assert no.code is rules.ReasonCode.NO_CONSENT
    assert rules.consent(CLAUSE, withdrawn) is None


def test_a_parent_is_told_of_only_while_the_person_is_under_age() -> None:
    """Of a care leaver nobody can say that he or she is under 18, so nothing goes."""
    asked = replace(QUESTION, category=Category.PARENT)
    for scope in Scope:
        refused = rules.parent_of_minor(replace(asked, scope=scope)) is not None
        assert refused is (scope not in {Scope.AGE_13_15, Scope.AGE_16_17})
    assert rules.parent_of_minor(replace(QUESTION, scope=Scope.AGE_18_19)) is None
