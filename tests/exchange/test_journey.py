"""The story, errand by errand: each looks first where its notice stands, so that twice is as once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange import renew
from hub.exchange.decide import read_terms
from hub.exchange.errors import HubFault
from hub.exchange.journey import CARRY, MATCH_LEAVES, enter
from hub.exchange.stages import Errand, ErrandKind, InboxItem, ItemKind, PaperKind, PaperState
from hub.exchange.states import PassageState
from hub.protocols.canonical import Json, digest
from hub.protocols.names import MemberId, NoticeId, NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


def carry(town: Town, kind: ErrandKind, subject: str, body: Json = None) -> int:
    """Do one errand in a unit of work of its own; return how many leaves it took."""
    with town.store.write() as work:
        before = work.log.size()
        CARRY[kind](Errand(kind, subject, body), read_terms(work, town.now), work, town.hub)
        return work.log.size() - before


def test_every_kind_of_errand_has_its_step() -> None:
    """Nothing that is promised has nobody to do it."""
    assert set(CARRY) == set(ErrandKind)


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (ErrandKind.GRANTED, {"box": None}, "passage-missing"),
        (ErrandKind.CONFIRMED, {"answer": "same"}, "passage-missing"),
        (ErrandKind.APPROVED, {"member": "mbr_kent"}, "passage-missing"),
        (ErrandKind.RECONSIDER, None, "passage-missing"),
        (ErrandKind.LOOK, {"over_quota": False, "first": True}, "passage-missing"),
        (ErrandKind.LEAD, {"member": "mbr_kent"}, "passage-missing"),
        (ErrandKind.CLOSE, {"kind": "outcome"}, "item-missing"),
        (ErrandKind.STOP, {"state": "withdrawn", "was": "open"}, "notice-state"),
        (ErrandKind.STOP, None, "errand-body"),
        (ErrandKind.RECORD, None, "errand-body"),
        (ErrandKind.RECORD, {"what": "key"}, "key-missing"),
        (ErrandKind.RECORD, {"what": "agreement", "version": 1}, "paper-missing"),
        (ErrandKind.RECORD, {"what": "epoch", "version": "1"}, "paper-missing"),
        (ErrandKind.RECORD, {"what": "stopped"}, "item-missing"),
    ],
)
def test_an_errand_about_what_is_not_there_is_a_fault_of_ours(
    town: Town, kind: ErrandKind, body: Json, code: str
) -> None:
    """It is named, and nothing is entered."""
    with pytest.raises(HubFault, match=code):
        carry(town, kind, "mat_01k00000000000000000000000", body)


def test_a_notice_that_is_not_kept_cannot_be_entered(town: Town) -> None:
    """A fault of ours as well."""
    with town.store.write() as work, pytest.raises(HubFault, match="notice-missing"):
        enter(Errand(ErrandKind.CARRY, "ntc_x"), read_terms(work, town.now), work, town.hub)


def test_a_notice_is_entered_once(town: Town) -> None:
    """I5: a second entry would be a second promise."""
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    with town.store.write() as work:
        terms = read_terms(work, town.now)
        for _ in range(3):
            enter(Errand(ErrandKind.CARRY, notice), terms, work, town.hub)
    assert [entry["notice"] for entry in town.entries("published")] == [notice]
    town.slot()
    assert len(town.entries("published")) == 1


def test_whatever_a_notice_meets_it_takes_as_many_leaves(town: Town) -> None:
    """I9: nobody, a certain match, a refusal, a held one, a second claimant."""
    town.admits("mbr_lambeth", area="208")
    town.agrees("kent-lambeth-movers")
    kent, medway, lambeth = town.members[KENT], town.members[MEDWAY], town.members["mbr_lambeth"]
    weak = replace(ADA_KNOWN_BY_NAME, given="Weak", family="Evidence")
    alone = medway.publishes(replace(ADA, given="Nobody", family="Met", upn=None, from_address=None),
                             NoticeType.NEW_ARRIVAL)  # fmt: skip
    assert carry(town, ErrandKind.CARRY, alone) == MATCH_LEAVES
    for member, move, kind in (
        (kent, ADA, NoticeType.MOVED_OUT),
        (medway, ADA, NoticeType.NEW_ARRIVAL),
        (lambeth, ADA, NoticeType.NEW_ARRIVAL),
        (kent, weak, NoticeType.MOVED_OUT),
        (medway, weak, NoticeType.NEW_ARRIVAL),
    ):
        assert carry(town, ErrandKind.CARRY, member.publishes(move, kind)) == MATCH_LEAVES
    kinds = ("key_request", "second_look", "held", "officer_task")
    assert [len(town.entries(kind)) for kind in kinds] == [2, 0, 2, 1]
    with town.store.read() as work:
        looks = work.outbox.claim_of_match(ErrandKind.LOOK, 100, town.now)
    assert len(looks) == 3  # the second claimant, its duplicate, and the first claimant's review


@pytest.mark.parametrize("meets", ["nobody", "a match", "its own end"])
def test_a_renewal_takes_as_many_leaves_whatever_it_meets(town: Town, meets: str) -> None:
    """I9: its sender's word is one of them; one that has ended since is not entered, and takes as many."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    town.days_pass(3)
    town.rotates(timedelta(days=14))
    if meets == "a match":
        medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
        town.slot()
    signed = kent.renews(notice)
    if meets == "its own end":
        kent.withdraws(notice)
    with town.store.read() as work:
        (errand,) = [one for one in work.outbox.claim(9, town.now) if one.kind is ErrandKind.CARRY]
    assert carry(town, ErrandKind.CARRY, notice, errand.body) == MATCH_LEAVES + renew.LEAVES
    words = [
        (word["notice"], word["sender"], word["epoch"], word["renewal"]) for word in town.entries("renewal")
    ]
    told = (notice, KENT, town.epoch, digest(signed.encode()))
    assert words == ([] if meets == "its own end" else [told])


@pytest.mark.parametrize("met", [True, False])
def test_an_assertion_takes_as_many_leaves_whatever_its_notice_has_met(town: Town, met: bool) -> None:
    """I9: also where a no becomes a yes by it, and an officer is asked."""
    medway, nobody = town.members[MEDWAY], replace(ADA_KNOWN_BY_NAME, given="Nobody", family="Whatsoever")
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    guess = medway.publishes(ADA_KNOWN_BY_NAME if met else nobody, NoticeType.NEW_ARRIVAL)
    town.slot()
    for objection in (frozenset({Part.IDENTITY}), frozenset[Part]()):
        medway.asserts(guess, objection=objection)
        assert carry(town, ErrandKind.ASSERTED, guess) == MATCH_LEAVES
    assert len(town.entries("refused")) == 2 * met
    assert len(town.entries("officer_task")) == met


def test_a_notice_that_was_withdrawn_before_meets_nobody(town: Town) -> None:
    """It takes as many leaves as any other, and is not findable."""
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    notice = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.members[KENT].withdraws(notice)
    assert carry(town, ErrandKind.CARRY, notice) == MATCH_LEAVES
    assert town.passages(notice) == []


def test_a_notice_that_is_carried_again_begins_nothing_twice(town: Town) -> None:
    """I5: named or matched, the ways that were begun are not begun again."""
    medway, college = town.members[MEDWAY], town.admits("mbr_north-kent-college")
    departure = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    named = college.publishes(ADA, NoticeType.CROSS_BORDER_ENROLMENT, to=MEDWAY)
    town.slot()
    before = {one.passage for notice in (departure, arrival, named) for one in town.passages(notice)}
    for notice in (departure, arrival, named):
        assert carry(town, ErrandKind.CARRY, notice) == MATCH_LEAVES
    after = {one.passage for notice in (departure, arrival, named) for one in town.passages(notice)}
    assert before == after


def waiting(town: Town) -> tuple[NoticeId, InboxItem]:
    """A notice whose identity part waits for its recipient's `same`, and the delivery."""
    medway = town.members[MEDWAY]
    medway.answers = False
    departure = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    return departure, medway.sees(ItemKind.DELIVERY)[0]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (ErrandKind.GRANTED, {"box": "another", "refused": [], "officer": None}),
        (ErrandKind.GRANTED, {"box": None, "refused": ["R-STALE"], "officer": None}),
        (ErrandKind.APPROVED, {"task": "dis_x", "member": "mbr_kent", "officer": "N.", "approve": True}),
    ],
)
def test_an_answer_that_nobody_waits_for_changes_nothing(town: Town, kind: ErrandKind, body: Json) -> None:
    """I5: it comes late, or a second time."""
    departure, _ = waiting(town)
    (passage,) = (one for one in town.passages(departure) if one.notice == departure)
    assert carry(town, kind, passage.passage, body) == 0
    assert town.passages(departure) == town.passages(departure)
    (after,) = (one for one in town.passages(departure) if one.notice == departure)
    assert after == passage


@pytest.mark.parametrize("answer", ["same", "unsure"])
def test_after_the_release_only_a_different_counts(town: Town, answer: str) -> None:
    """A second `same` releases nothing twice."""
    departure, item = waiting(town)
    assert item.passage is not None
    body: dict[str, Json] = {"delivery": item.item, "answer": "same", "officer": None}
    assert carry(town, ErrandKind.CONFIRMED, item.passage, body) == 3
    assert carry(town, ErrandKind.CONFIRMED, item.passage, {**body, "answer": answer}) == 0
    assert departure == item.about


def test_a_sender_that_grants_no_key_is_done_with_it(town: Town) -> None:
    """Its no is entered with its reasons, and nothing goes on in this direction."""
    departure = town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    (passage,) = (one for one in town.passages(departure) if one.notice == departure)
    body: Json = {"box": None, "refused": ["R-WITHDRAWN"], "officer": "A. Officer"}
    assert carry(town, ErrandKind.GRANTED, passage.passage, body) == 1
    (entry,) = town.entries("key_grant")
    assert (entry["refused"], entry["officer"]) == (["R-WITHDRAWN"], "A. Officer")
    states = {one.notice: one.state for one in town.passages(departure)}
    assert states[departure] is PassageState.STOPPED
    assert sorted(states.values()) == [PassageState.AWAITING_KEY, PassageState.STOPPED]


def test_a_paper_is_recorded_once(town: Town) -> None:
    """I5: a second errand for the same paper makes no second entry."""
    before = len(town.entries("agreement"))
    body: Json = {"what": "agreement", "version": 1}
    assert carry(town, ErrandKind.RECORD, "agr_kent-medway-movers", body) == 0
    assert len(town.entries("agreement")) == before == 1


def test_a_paper_that_comes_late_does_not_replace_a_newer_one(town: Town) -> None:
    """Its errand failed, and a later version was recorded meanwhile: it is superseded from the start."""
    with town.store.write() as work:
        paper = work.papers.get(PaperKind.AGREEMENT, "agr_kent-medway-movers")
        assert paper is not None
        newer = replace(paper, version=2)
        work.papers.put(replace(paper, state=PaperState.PROPOSED))
        work.papers.put(newer)
    carry(town, ErrandKind.RECORD, paper.name, {"what": "agreement", "version": 1})
    with town.store.read() as work:
        states = [one.state for one in work.papers.all(PaperKind.AGREEMENT)]
    assert states == [PaperState.SUPERSEDED, PaperState.IN_FORCE]


# --- quotas -------------------------------------------------------------------------------------------


def published(town: Town, number: int) -> None:
    """So many notices of Kent's about nobody, carried."""
    for one in range(number):
        stranger = replace(ADA, given=f"Nobody{one}", family=f"Else{one}", upn=None, from_address=None)
        town.members[KENT].publishes(stranger, NoticeType.MOVED_OUT)
    town.slot()


def test_the_alarm_tells_a_member_what_it_knows_once_a_day(town: Town) -> None:
    """I11: over its quota, a member hears that it is, and how many it may; nothing about matches."""
    published(town, 20)
    assert town.members[KENT].sees(ItemKind.ALARM) == []
    published(town, 3)
    (alarm,) = town.members[KENT].sees(ItemKind.ALARM)
    assert alarm.body == {"member": KENT, "what": "over_quota", "allowed": 20}
    assert [record["index"] for record in town.members[KENT].may_read() if record["kind"] == "alarm"]
    assert [record for record in town.members[MEDWAY].may_read() if record["kind"] == "alarm"] == []
    town.days_pass(1)
    published(town, 1)
    assert len(town.members[KENT].sees(ItemKind.ALARM)) == 1


def test_a_member_with_no_allowance_is_served_by_nobody(town: Town) -> None:
    """I11: set to nothing, its matches are refused, whichever side comes later."""
    with town.store.write() as work:
        member = work.members.get(KENT)
        assert member is not None
        work.members.put(replace(member, allowance=0))
    town.members[KENT].publishes(ADA, NoticeType.MOVED_OUT)
    town.members[MEDWAY].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert town.refusals() == {"R-QUOTA"}
    assert Part.IDENTITY not in town.members[MEDWAY].parts()
