"""The question that the hub puts: the right facts about the right side, read in this very unit of work."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from hub.consent.agreement import AgreementBook
from hub.consent.decision import Decision, ReasonCode
from hub.consent.decision import decide as consent
from hub.consent.question import Category, EvidenceClass, Question, Role
from hub.exchange import decide
from hub.exchange.decide import (
    Terms,
    decide_again,
    decide_fact,
    decide_identity,
    decide_rest,
    decide_task,
    read_terms,
)
from hub.exchange.errors import HubFault
from hub.exchange.stages import (
    KeyWanted,
    PaperKind,
    PaperState,
    Passage,
    Permitted,
    Refused,
    Standing,
    StoredNotice,
)
from hub.protocols.delivery import Stage
from hub.protocols.names import MemberId, MemberKind, NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


@pytest.fixture
def pair(town: Town) -> tuple[Passage, StoredNotice, StoredNotice, Terms]:
    """The way of a departure to Medway, its notices, and the terms that bind now."""
    departure = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    arrival = town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    (passage,) = (one for one in town.passages(departure) if one.notice == departure)
    with town.store.read() as work:
        terms = read_terms(work, town.now)
    return passage, town.notice(departure), town.notice(arrival), terms


Pair = tuple[Passage, StoredNotice, StoredNotice, Terms]


def codes(refused: object) -> set[str]:
    """Every reason of a refusal."""
    assert isinstance(refused, Refused)
    return {reason.code.value for decision in refused.decisions for reason in decision.reasons}


def test_without_a_box_the_sender_has_to_be_asked(pair: Pair) -> None:
    """Permitted on every count, and still nothing to hand over: a key is wanted, with the fact's permit."""
    passage, notice, counter, terms = pair
    wanted = decide_identity(passage, notice, counter, terms)
    assert isinstance(wanted, KeyWanted)
    assert wanted.fact.permitted
    assert (wanted.notice, wanted.counter) == (notice, counter)


def test_with_a_box_the_identity_part_and_no_other_may_leave(pair: Pair) -> None:
    """The first stage: one part, and the ground on which the recipient learns of the match."""
    passage, notice, counter, terms = pair
    permitted = decide_identity(passage.moved(box="box"), notice, counter, terms)
    assert isinstance(permitted, Permitted)
    assert permitted.stage is Stage.IDENTITY
    assert (set(permitted.permits), permitted.withheld) == ({Part.IDENTITY}, {})
    assert permitted.fact is not None
    assert permitted.fact.permitted


def test_the_rest_is_nine_parts_each_with_its_own_answer(pair: Pair) -> None:
    """After `same`: what a clause lists may leave; what none lists is withheld, with reasons."""
    passage, notice, counter, terms = pair
    permitted = decide_rest(passage.moved(box="box", same=True), notice, counter, terms)
    assert isinstance(permitted, Permitted)
    assert set(permitted.permits) | set(permitted.withheld) == set(Part) - {Part.IDENTITY}
    assert {Part.ADDRESS, Part.PARTICIPATION} <= set(permitted.permits)
    assert all(decision.reasons for decision in permitted.withheld.values())


def test_without_a_same_nothing_of_the_rest_may_leave(pair: Pair) -> None:
    """R-UNCONFIRMED on every part."""
    passage, notice, counter, terms = pair
    refused = decide_rest(passage.moved(box="box"), notice, counter, terms)
    assert "R-UNCONFIRMED" in codes(refused)


@pytest.mark.parametrize("side", [0, 1])
def test_both_sides_flags_count(pair: Pair, side: int) -> None:
    """A flag on either notice forbids, whichever of the two it is on."""
    passage, notice, counter, terms = pair
    flagged = [notice, counter]
    flagged[side] = replace(flagged[side], flags=replace(flagged[side].flags, shield=True))
    refused = decide_identity(passage, flagged[0], flagged[1], terms)
    assert codes(refused) == {"R-SHIELD"}
    assert isinstance(refused, Refused)
    assert refused.held


@pytest.mark.parametrize("side", [0, 1])
def test_the_older_assertion_counts(pair: Pair, side: int) -> None:
    """If either is over thirty days old, it is stale for both."""
    passage, notice, counter, terms = pair
    old = [notice, counter]
    old[side] = replace(old[side], asserted_at=terms.at - timedelta(days=31))
    refused = decide_identity(passage, old[0], old[1], terms)
    assert codes(refused) == {"R-STALE"}
    assert isinstance(refused, Refused)
    assert not refused.held


def test_weak_evidence_and_quota_forbid(pair: Pair) -> None:
    """I11: each is a reason, and both are told."""
    passage, notice, counter, terms = pair
    weak = replace(passage, strength=EvidenceClass.NAME_AND_BIRTH)
    assert codes(decide_identity(weak, notice, counter, terms)) == {"R-EVIDENCE"}
    assert codes(decide_identity(weak, notice, counter, terms, over_quota=True)) == {"R-EVIDENCE", "R-QUOTA"}


def test_weak_evidence_is_lifted_by_both_officers_and_by_no_less(pair: Pair) -> None:
    """I10: one side's officer is not enough, nor is a third member's."""
    passage, notice, counter, terms = pair
    weak = replace(passage, strength=EvidenceClass.NAME_AND_BIRTH)
    for members in ({KENT}, {MEDWAY}, {KENT, MemberId("mbr_lambeth")}):
        approved = replace(weak, approved_by=frozenset(members))
        assert codes(decide_identity(approved, notice, counter, terms)) == {"R-EVIDENCE"}
    both = replace(weak, approved_by=frozenset({KENT, MEDWAY}))
    assert isinstance(decide_identity(both, notice, counter, terms), KeyWanted)


def test_the_fact_is_asked_for_each_side_by_itself(pair: Pair) -> None:
    """I4: may the sender learn that it matches, and may the recipient: two questions."""
    passage, notice, counter, terms = pair
    for about, other, told in ((counter, notice, KENT), (notice, counter, MEDWAY)):
        decision = decide_fact(passage, about, other, told, terms, over_quota=False)
        assert (decision.category, decision.permitted) == (Category.FACT_OF_MATCH, True)


def test_without_a_permit_for_the_fact_nothing_goes_on(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """I4: even where the parts themselves would be permitted."""
    passage, notice, counter, terms = pair
    refusing = decide_fact(passage, counter, notice, KENT, terms, over_quota=True)
    monkeypatch.setattr(decide, "decide_fact", lambda *_args, **_kwargs: refusing)
    assert isinstance(decide_identity(passage.moved(box="box"), notice, counter, terms), Refused)
    assert isinstance(decide_rest(passage.moved(box="box", same=True), notice, counter, terms), Refused)


def test_an_officers_task_is_asked_for_a_named_officer(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The role is the officer's, the side is the one that would be told, the shield does not silence it."""
    passage, notice, counter, terms = pair
    asked: list[Question] = []

    def listen(question: Question, agreements: AgreementBook) -> Decision:
        asked.append(question)
        return consent(question, agreements)

    monkeypatch.setattr(decide, "decide", listen)
    shielded = replace(notice, flags=replace(notice.flags, shield=True))
    for about, other, member in ((shielded, counter, MEDWAY), (counter, shielded, KENT)):
        assert decide_task(passage, about, other, terms).permitted
        assert (asked[-1].recipient.member, asked[-1].recipient.role) == (member, Role.NAMED_OFFICER)
        assert asked[-1].category is Category.FACT_OF_MATCH


def test_a_named_recipient_needs_no_match(pair: Pair) -> None:
    """Its sender named it: no fact of a match is told, and the question says so."""
    passage, notice, _, terms = pair
    named = replace(passage, counter=None, box="box", strength=EvidenceClass.RECIPIENT_NAMED)
    permitted = decide_identity(named, notice, None, terms)
    assert isinstance(permitted, Permitted)
    assert permitted.fact is None
    rest = decide_rest(named.moved(same=True), notice, None, terms)
    assert isinstance(rest, Permitted)
    assert rest.fact is None


@pytest.mark.parametrize("member", [KENT, MEDWAY])
@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.INVITED, None])
def test_nothing_goes_to_or_from_a_member_that_is_not_admitted(
    pair: Pair, member: MemberId, standing: Standing | None
) -> None:
    """I6: suspended, not admitted yet, or gone."""
    passage, notice, counter, terms = pair
    members = dict(terms.members)
    if standing is None:
        del members[member]
    else:
        members[member] = replace(members[member], standing=standing)
    changed = replace(terms, members=members)
    for refused in (
        decide_identity(passage, notice, counter, changed),
        decide_rest(passage.moved(same=True), notice, counter, changed),
    ):
        assert codes(refused) == {ReasonCode.SUSPENDED.value}
        assert isinstance(refused, Refused)
        assert not refused.held


@pytest.mark.parametrize("changes", [{"standing": Standing.TRIAL}, {"made_up": True}])
def test_live_and_trial_members_exchange_nothing(pair: Pair, changes: dict[str, object]) -> None:
    """Whatever is agreed between them."""
    passage, notice, counter, terms = pair
    kent = replace(terms.members[KENT], **changes)  # type: ignore[arg-type]  # replace() checks the names itself
    changed = replace(terms, members={**terms.members, KENT: kent})
    assert codes(decide_identity(passage, notice, counter, changed)) == {"R-RECIPIENT"}


def test_the_same_decision_is_made_again_at_the_hand_over(pair: Pair) -> None:
    """Stage by stage; an identity part that lies in an inbox without a box is a fault of ours."""
    passage, notice, counter, terms = pair
    boxed = passage.moved(box="box", same=True)
    for stage in Stage:
        decided = decide_again(boxed, stage, notice, counter, terms)
        assert isinstance(decided, Permitted)
        assert decided.stage is stage
    with pytest.raises(HubFault, match="box-missing"):
        decide_again(passage, Stage.IDENTITY, notice, counter, terms)


def test_terms_are_what_binds_at_this_instant() -> None:
    """Mandates and requests from their entry on, within their time; agreements in their recorded state."""
    town = Town()
    for member in ("mbr_kent", "mbr_medway"):
        town.admits(member)
    town.admits("mbr_kent-careers", MemberKind.CAREERS_COMPANY)
    town.admits("mbr_north-kent-college", MemberKind.COLLEGE)
    town.mandates("mbr_kent", "mbr_kent-careers", days=10)
    town.asks_for_notices("mbr_kent", "mbr_north-kent-college")
    with town.store.write() as work:
        terms = read_terms(work, town.now)
        assert terms.mandates == {("mbr_kent", "mbr_kent-careers")}
        assert terms.requests == {("mbr_kent", "mbr_north-kent-college")}
        assert terms.at == town.now
        assert set(terms.members) == set(town.members)
        assert read_terms(work, town.now + timedelta(days=10)).mandates == frozenset()
        assert read_terms(work, town.now - timedelta(minutes=5)).mandates == frozenset()
        (paper,) = work.papers.all(PaperKind.MANDATE)
        work.papers.put(replace(paper, valid_until=None))
        assert read_terms(work, town.now + timedelta(days=9000)).mandates != frozenset()
        work.papers.put(replace(paper, state=PaperState.PROPOSED))
        assert read_terms(work, town.now).mandates == frozenset()


def test_a_named_company_stands_for_its_one_authority(pair: Pair) -> None:
    """With one mandate it is clear for whom a careers company receives; with two the sender must say."""
    passage, notice, _, terms = pair
    company, lambeth = MemberId("mbr_careers"), MemberId("mbr_lambeth")
    member = replace(
        terms.members[MEDWAY], member=company, kind=MemberKind.CAREERS_COMPANY, role=Role.CAREERS_SERVICE
    )
    named = replace(
        passage, counter=None, box="box", recipient=company, strength=EvidenceClass.RECIPIENT_NAMED
    )
    one = replace(terms, members={**terms.members, company: member}, mandates=frozenset({(MEDWAY, company)}))
    assert isinstance(decide_identity(named, notice, None, one), Permitted)
    two = replace(one, mandates=frozenset({(MEDWAY, company), (lambeth, company)}))
    assert "R-MANDATE" in codes(decide_identity(named, notice, None, two))


def test_a_plans_move_is_told_to_the_sen_team(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The member is the authority; the team is the one that the type of notice is for."""
    passage, notice, _, terms = pair
    asked: list[Question] = []

    def listen(question: Question, agreements: AgreementBook) -> Decision:
        asked.append(question)
        return consent(question, agreements)

    monkeypatch.setattr(decide, "decide", listen)
    for kind, role in (
        (NoticeType.EHCP_MOVE, Role.SEN_TEAM),
        (NoticeType.CARE_LEAVER_MOVE, Role.LEAVING_CARE_TEAM),
        (NoticeType.MOVED_OUT, Role.TRACKING_TEAM),
    ):
        manifest = replace(notice.manifest, type=kind)
        decide_identity(replace(passage, counter=None), replace(notice, manifest=manifest), None, terms)
        assert asked[-1].recipient.role is role


def test_a_decision_that_fails_refuses_and_raises_an_alarm(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I2: the refusal is R-MANUAL, and the hub's log has a critical line without any content."""
    passage, notice, counter, terms = pair

    def broken(_question: Question) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hub.consent.decision.QUESTION_RULES", (broken,))
    with capture_logs() as lines:
        refused = decide_identity(passage, notice, counter, terms)
    assert codes(refused) == {"R-MANUAL"}
    assert isinstance(refused, Refused)
    assert not refused.held
    alarms = [line for line in lines if line["log_level"] == "critical"]
    assert [(line["event"], line["error"]) for line in alarms] == [
        ("decision-fault", "ZeroDivisionError")
    ] * 3
