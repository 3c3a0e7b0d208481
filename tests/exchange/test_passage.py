"""One notice on its way to one recipient: begun once, decided anew at each step, asked in the right order."""

from dataclasses import replace

import pytest

from adapters.move import Found
from hub.consent.decision import Decision, Reason, ReasonCode
from hub.consent.question import Category, Question
from hub.exchange import passage as passages
from hub.exchange.decide import FAULTS, read_terms
from hub.exchange.errors import HubFault
from hub.exchange.stages import ItemKind, Passage, Refused, Standing, StoredNotice
from hub.exchange.states import PassageState
from hub.exchange.tasks import ask_for_approval, both, confirmed, of_same_match
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.delivery import Stage
from hub.protocols.names import MatchId, MemberId, NoticeId, NoticeType
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME, SHIELDED

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")
WEAK_SHIELDED = replace(SHIELDED, upn=None, from_address=None)


def met(town: Town, left: object = ADA, came: object = ADA, *, arrival_first: bool = False) -> list[Passage]:
    """Both directions of a match, the departure's way first."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    steps = [(kent, left, NoticeType.MOVED_OUT), (medway, came, NoticeType.NEW_ARRIVAL)]
    notices = {}
    for member, move, kind in reversed(steps) if arrival_first else steps:
        notices[kind] = member.publishes(move, kind)  # type: ignore[arg-type]  # a move
        town.slot()
    departure = notices[NoticeType.MOVED_OUT]
    return sorted(town.passages(departure), key=lambda one: one.notice != departure)


def test_a_way_is_begun_once_and_anew_for_another_counter_notice(town: Town) -> None:
    """A stopped way does not stand in the way of a new match; the same pair is not begun again."""
    to_medway, _ = met(town)
    notice, other = town.notice(to_medway.notice), NoticeId("ntc_01k00000000000000000000000")
    with town.store.write() as work:
        assert passages.begun(notice, MEDWAY, to_medway.counter, work)
        assert passages.begun(notice, MEDWAY, other, work)
        assert not passages.begun(notice, MemberId("mbr_lambeth"), other, work)
        work.passages.save(to_medway.moved(state=PassageState.STOPPED))
        assert passages.begun(notice, MEDWAY, to_medway.counter, work)
        assert not passages.begun(notice, MEDWAY, other, work)


def test_both_directions_of_a_match_are_found_from_either(town: Town) -> None:
    """A way to a named recipient belongs to no match."""
    there, back = met(town)
    with town.store.read() as work:
        assert of_same_match(there, work) == [there, back]
        assert of_same_match(back, work) == [back, there]
        assert of_same_match(replace(there, match=None), work) == [replace(there, match=None)]


def test_a_passage_without_its_notice_is_a_fault_of_ours(town: Town) -> None:
    """What was kept together came apart."""
    there, _ = met(town)
    with town.store.read() as work:
        notice, counter = both(there, work)
        assert counter is not None
        assert (notice.notice, counter.notice) == (there.notice, there.counter)
        assert both(replace(there, counter=None), work) == (notice, None)
        with pytest.raises(HubFault, match="notice-missing"):
            both(replace(there, notice=NoticeId("ntc_x")), work)


@pytest.mark.parametrize(
    ("left", "came", "arrival_first", "first"),
    [
        # weak evidence: whoever was there first is asked first
        (ADA, ADA_KNOWN_BY_NAME, False, KENT),
        (ADA_KNOWN_BY_NAME, ADA, True, MEDWAY),
        # a shield: whoever knows where the young person is
        (SHIELDED, ADA, False, MEDWAY),
        (SHIELDED, ADA, True, MEDWAY),
        (ADA, SHIELDED, False, MEDWAY),
        # both at once: asked where the two agree
        (WEAK_SHIELDED, ADA, True, MEDWAY),
        # and nobody where they do not
        (WEAK_SHIELDED, ADA, False, None),
    ],
)
def test_who_is_asked_first(
    town: Town, left: object, came: object, arrival_first: bool, first: MemberId | None
) -> None:
    """I10, I11: whoever could only be fishing must not be; in doubt nobody is."""
    ways = met(town, left, came, arrival_first=arrival_first)
    assert {way.state for way in ways} == {PassageState.AWAITING_OFFICER}
    asked = [name for name in (KENT, MEDWAY) if town.members[name].sees(ItemKind.OFFICER_TASK)]
    assert asked == ([] if first is None else [first])


def test_only_what_officers_can_lift_is_put_before_them(town: Town) -> None:
    """A stale assertion beside weak evidence: refused, nobody is asked, and it is reconsidered later."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    town.days_pass(31)
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert {way.state for way in town.passages(departure)} == {PassageState.REFUSED}
    assert kent.sees() == []
    kent.asserts(departure)
    town.slot()
    assert {way.state for way in town.passages(departure)} == {PassageState.AWAITING_OFFICER}
    assert [item.kind for item in kent.sees()] == [ItemKind.OFFICER_TASK]


def test_nobody_is_asked_where_no_clause_lets_an_officer_know(town: Town) -> None:
    """I4: to be asked is to be told; an agreement without a clause for named officers keeps them out."""
    there, _ = met(town, ADA, ADA_KNOWN_BY_NAME)
    reason = Reason(ReasonCode.EVIDENCE, None, None, None, "weak", officers_lift=True)
    weak = Decision(Category.FACT_OF_MATCH, None, (reason,))
    held = Refused(there.moved(approved_by=frozenset({KENT})), (weak,), held=True)
    with town.store.write() as work:
        terms = read_terms(work, town.now)
        before = work.log.size()
        nothing = replace(terms, agreements=type(terms.agreements).from_agreements([]))
        ask_for_approval(held, nothing, work, town.hub)
        assert work.log.size() == before
        ask_for_approval(held, terms, work, town.hub)
        assert work.log.size() == before + 1


def test_a_refusal_decided_again_is_entered_only_if_it_changes(town: Town) -> None:
    """I9: noted for the counts; in the log when it becomes a question for officers."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.suspends("agr_kent-medway-movers", KENT)
    arrival = medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert len(town.entries("refused")) == 2
    for _ in range(3):
        medway.asserts(arrival)
        town.slot()
    assert len(town.entries("refused")) == 2
    with town.store.read() as work:
        counts = work.refusals.counts(KENT, town.now.date(), town.now.date().replace(day=30))
    assert counts["R-SUSPENDED"] == 1
    assert departure


def test_what_was_handed_over_is_not_released_again(town: Town) -> None:
    """A renewed assertion does not send a second copy of what lies there or was fetched."""
    there, _ = met(town)
    town.night_passes()
    releases = len(town.entries("release"))
    town.members[KENT].asserts(there.notice)
    town.night_passes()
    assert len(town.entries("release")) == releases


@pytest.mark.parametrize("outcome", list(OutcomeKind))
@pytest.mark.parametrize("state", sorted(PassageState))
def test_an_outcome_closes_what_was_released_or_stops_it(
    town: Town, outcome: OutcomeKind, state: PassageState
) -> None:
    """`not_ours` and `contradicted` stop at any time; all else ends what was released, and nothing else."""
    there, _ = met(town)
    moved = replace(there, passage=MatchId(there.passage[:-1] + "z"), counter=None, request=None, state=state)
    with town.store.write() as work:
        work.passages.add(moved)
        passages.close(moved, outcome, 0, work, town.hub)
        after = work.passages.get(moved.passage)
    assert after is not None
    if outcome in {OutcomeKind.NOT_OURS, OutcomeKind.CONTRADICTED}:
        assert after.state is PassageState.STOPPED
    else:
        assert after.state is (PassageState.CLOSED if state is PassageState.RELEASED else state)
    arrived = after.state is PassageState.CLOSED and state is PassageState.RELEASED
    assert len(town.entries("disposition")) == arrived


def test_the_rest_that_is_refused_whole_is_told_to_its_sender(town: Town) -> None:
    """After `same`, with everything held back: the refusal names its reasons, to the sender alone."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    medway.answers = False
    there, _ = met(town)
    town.night_passes()
    with town.store.write() as work:
        member = work.members.get(KENT)
        assert member is not None
        work.members.put(replace(member, standing=Standing.SUSPENDED))
        (way,) = (one for one in work.passages.of_notice(there.notice) if one.notice == there.notice)
        passages.release_rest(way.moved(same=True), read_terms(work, town.now), work, town.hub)
        after = work.passages.get(way.passage)
        assert after is not None
        assert (after.state, after.same) == (PassageState.RELEASED, True)
    refusals = [record for record in kent.may_read() if record["kind"] == "refused"]
    assert len(refusals) == 1
    assert [record for record in medway.may_read() if record["kind"] == "refused"] == []


def test_nothing_is_decided_for_a_notice_that_has_ended(town: Town) -> None:
    """Its stop is on its way: no entry, no move."""
    there, _ = met(town)
    town.members[KENT].withdraws(there.notice)
    with town.store.write() as work:
        terms, before = read_terms(work, town.now), work.log.size()
        passages.go_on(there, terms, work, town.hub)
        passages.release_rest(there, terms, work, town.hub)
        passages.resume(there.moved(state=PassageState.RELEASED), terms, work, town.hub)
        assert work.log.size() == before


def test_a_stage_lies_in_the_inbox_until_it_is_stopped(town: Town) -> None:
    """Identity and rest are looked for by themselves."""
    there, _ = met(town)
    town.night_passes()
    with town.store.write() as work:
        assert passages._lies(there, Stage.IDENTITY, work)
        assert passages._lies(there, Stage.REST, work)
        for item in work.inboxes.of_passage(there.passage):
            if item.kind is ItemKind.DELIVERY and item.stage is Stage.REST:
                work.inboxes.stop(item.item)
        assert passages._lies(there, Stage.IDENTITY, work)
        assert not passages._lies(there, Stage.REST, work)


def test_an_approval_is_added_to_those_that_are_there(town: Town) -> None:
    """Each side's by itself; the same twice is one."""
    there, _ = met(town)
    once = confirmed(there, KENT, "N. Officer", 1)
    assert confirmed(once, KENT, "O. Fficer", 1).approved_by == {KENT}
    assert confirmed(once, MEDWAY, "P. Erson", 1).approved_by == {KENT, MEDWAY}


def test_where_two_have_to_approve_one_person_twice_is_not_two(town: Town) -> None:
    """I10: two names, however they are spelt in small and capital letters."""
    there, _ = met(town)
    once = confirmed(there, KENT, "N. Officer", 2)
    assert once.approved_by == confirmed(once, KENT, "n. OFFICER", 2).approved_by == frozenset()
    assert confirmed(once, MEDWAY, "O. Fficer", 2).approved_by == frozenset()
    assert confirmed(once, KENT, "O. Fficer", 2).approved_by == {KENT}
    assert isinstance(town.notice(there.notice), StoredNotice)


class NotDecided(Exception):
    """What a fault of the rules raises here."""


def breaks(monkeypatch: pytest.MonkeyPatch) -> int:
    """From now on the rules cannot be evaluated; returns how many decisions had failed before."""

    def broken(_question: Question) -> None:
        raise NotDecided

    monkeypatch.setattr("hub.consent.decision.QUESTION_RULES", (broken,))
    return FAULTS.total


def test_a_fault_of_the_rules_alarms_the_sender_that_named_its_recipient(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I2: nothing leaves; its officers are told which notice to look at, and the operator counts."""
    kent = town.members[KENT]
    planned = replace(ADA, found=frozenset({Found.EHC_PLAN}))
    notice = kent.publishes(planned, NoticeType.EHCP_MOVE, to=MEDWAY)
    before = breaks(monkeypatch)
    town.slot()
    (alarm,) = kent.sees(ItemKind.ALARM)
    assert alarm.body == {"member": KENT, "what": "decision_fault", "notice": notice}
    assert FAULTS.total > before
    assert town.members[MEDWAY].sees() == []


def test_a_fault_of_the_rules_tells_nobody_of_a_match(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """I4: an alarm about a matched notice would say that it matches; the operator's figure does not."""
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    before = breaks(monkeypatch)
    town.slot()
    assert FAULTS.total > before
    assert town.members[KENT].sees() == town.members[MEDWAY].sees() == []


def test_a_fault_after_a_signed_same_alarms_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides know by then: the sender's officers are told that the rest has not gone."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.publishes(replace(ADA, found=frozenset({Found.EHC_PLAN})), NoticeType.EHCP_MOVE, to=MEDWAY)
    town.night_passes()
    (first,) = medway.opened
    medway.confirms(first, Answer.SAME, officer="N. Officer")
    breaks(monkeypatch)
    town.slot()
    assert len(kent.sees(ItemKind.ALARM)) == 1


@pytest.mark.parametrize(("blind", "alarms"), [(False, 1), (True, 0)])
def test_a_fault_tells_nothing_of_a_recipient_whom_the_sender_may_not_know(
    town: Town, monkeypatch: pytest.MonkeyPatch, *, blind: bool, alarms: int
) -> None:
    """I4: the alarm would say that the hidden recipient has just signed `same`."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    medway.answers = False
    there, _ = met(town)
    town.night_passes()
    breaks(monkeypatch)
    with town.store.write() as work:
        (way,) = (one for one in work.passages.of_notice(there.notice) if one.notice == there.notice)
        told = way.moved(same=True, blind=blind)
        assert told.hides is blind
        passages.release_rest(told, read_terms(work, town.now), work, town.hub)
    town.slot()
    assert len(kent.sees(ItemKind.ALARM)) == alarms
