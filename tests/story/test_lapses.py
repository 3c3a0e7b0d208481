"""What stops the flow, at once, also for what lies in an inbox; and what makes it go on again (I6)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.move import Found
from hub.exchange import enrol, reception
from hub.exchange.errors import Declined
from hub.exchange.stages import InboxItem, ItemKind, PaperKind, PaperState, Standing
from hub.exchange.states import NoticeState, PassageState
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.delivery import Stage
from hub.protocols.errors import Untrusted
from hub.protocols.mandate import Change
from hub.protocols.names import MemberId, MemberKind, NoticeId, NoticeType, Part
from tests.simulators.town import Town, example_agreement
from tests.story.people import ADA, ADA_KNOWN_BY_NAME, SHIELDED

MOVERS = "agr_kent-medway-movers"


@pytest.fixture
def town() -> Town:
    """Kent and Medway, neighbours with an agreement in force until the tenth of December."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    document = example_agreement("kent-medway-movers")
    assert isinstance(document["life"], dict)
    town.binds(document | {"life": document["life"] | {"ends": "2026-12-10"}})
    return town


@pytest.fixture
def lasting() -> Town:
    """The same, with an agreement that lasts."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    return town


def lies(town: Town, stage: Stage = Stage.IDENTITY) -> tuple[NoticeId, NoticeId, InboxItem]:
    """Both notices of a match, and a delivery that lies in Medway's inbox and was not fetched yet."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.collects()
    town.slot()
    if stage is Stage.REST:
        medway.collects()
        town.slot()
    (item,) = [item for item in medway.sees(ItemKind.DELIVERY) if item.stage is stage]
    return departure, arrival, item


def suspends(town: Town, _departure: NoticeId, _arrival: NoticeId) -> None:
    """The other party suspends the agreement."""
    town.suspends(MOVERS, "mbr_medway")


def ends(town: Town, _departure: NoticeId, _arrival: NoticeId) -> None:
    """The sender's authority ends the agreement."""
    town.suspends(MOVERS, "mbr_kent", Change.END)


def withdraws(town: Town, departure: NoticeId, _arrival: NoticeId) -> None:
    """The sender withdraws."""
    town.members["mbr_kent"].withdraws(departure)


def withdraws_counter(town: Town, _departure: NoticeId, arrival: NoticeId) -> None:
    """The other side's notice, by which it matched, is withdrawn."""
    town.members["mbr_medway"].withdraws(arrival)


def shields(town: Town, departure: NoticeId, _arrival: NoticeId) -> None:
    """The sender learns that the young person is in hiding."""
    town.members["mbr_kent"].asserts(departure, shield=True)


def shields_counter(town: Town, _departure: NoticeId, arrival: NoticeId) -> None:
    """The other side learns it."""
    town.members["mbr_medway"].asserts(arrival, shield=True)


def grows_stale(town: Town, _departure: NoticeId, _arrival: NoticeId) -> None:
    """Nobody asserts anew for 31 days."""
    town.days_pass(31)


def lapses(town: Town, departure: NoticeId, arrival: NoticeId) -> None:
    """The agreement's last day is over, though both have asserted anew."""
    town.days_pass(18)
    for member, notice in (("mbr_kent", departure), ("mbr_medway", arrival)):
        town.members[member].asserts(notice)


def is_suspended(town: Town, _departure: NoticeId, _arrival: NoticeId) -> None:
    """The operator suspends the sender."""
    with town.store.write() as work:
        enrol.suspend(MemberId("mbr_kent"), work, town.hub)


def revokes(town: Town, _departure: NoticeId, _arrival: NoticeId) -> None:
    """The recipient has lost its sealing key, and takes it out of use."""
    with town.store.write() as work:
        key = town.members["mbr_medway"].keyring.sealing[-1].key_id
        enrol.revoke_key(MemberId("mbr_medway"), key, work, town.hub)


LAPSES = [
    revokes,
    suspends,
    ends,
    withdraws,
    withdraws_counter,
    shields,
    shields_counter,
    grows_stale,
    lapses,
    is_suspended,
]


@pytest.mark.parametrize("stage", [Stage.IDENTITY, Stage.REST])
@pytest.mark.parametrize("lapse", LAPSES)
def test_what_lies_in_an_inbox_stops_in_the_same_second(
    town: Town, lapse: Callable[[Town, NoticeId, NoticeId], None], stage: Stage
) -> None:
    """I6: no slot passes between the lapse and the stop, and the stop is recorded once."""
    departure, arrival, item = lies(town, stage)
    medway = town.members["mbr_medway"]
    lapse(town, departure, arrival)
    for _ in range(2):
        with pytest.raises(Declined, match="delivery-stopped"):
            medway.fetches(item.item)
    town.slot()
    withdrawn = lapse in {withdraws, withdraws_counter}
    assert len(town.entries("stopped")) == (0 if withdrawn else 1)
    assert [entry["state"] for entry in town.entries("disposition")] == (["withdrawn"] if withdrawn else [])
    medway.collects()
    assert len(medway.opened) == (0 if stage is Stage.IDENTITY else 1)


@pytest.mark.parametrize("lapse", LAPSES[1:])
def test_a_key_request_that_may_be_put_no_longer_is_not_shown(
    town: Town, lapse: Callable[[Town, NoticeId, NoticeId], None]
) -> None:
    """I4, I6: a key request tells of a match; it is decided again when the inbox is looked into."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert [item.stopped for item in kent.sees(ItemKind.KEY_REQUEST)] == [False]
    lapse(town, departure, arrival)
    assert [(item.stopped, item.body) for item in kent.sees(ItemKind.KEY_REQUEST)] == [(True, None)]


def test_an_officers_task_that_may_be_put_no_longer_is_not_shown(town: Town) -> None:
    """I4, I6: so it is with a task."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert [item.stopped for item in kent.sees(ItemKind.OFFICER_TASK)] == [False]
    town.suspends(MOVERS, "mbr_medway")
    assert [(item.stopped, item.body) for item in kent.sees(ItemKind.OFFICER_TASK)] == [(True, None)]


@pytest.mark.parametrize("stage", [Stage.IDENTITY, Stage.REST])
def test_a_renewed_assertion_lets_it_flow_again(lasting: Town, stage: Stage) -> None:
    """After 31 days it stops; both assert anew, and the same parts come in a delivery of their own."""
    town = lasting
    departure, arrival, item = lies(town, stage)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    town.days_pass(31)
    with pytest.raises(Declined, match="delivery-stopped"):
        medway.fetches(item.item)
    town.slot()
    kent.asserts(departure)
    town.slot()
    assert [
        one.item for one in medway.sees(ItemKind.DELIVERY) if not one.stopped and one.stage is stage
    ] == []
    medway.asserts(arrival)
    town.night_passes()
    assert [one.checked.record.stage for one in medway.opened] == [Stage.IDENTITY, Stage.REST]
    assert item.item not in [one.item for one in medway.opened]
    to_medway = [one for one in town.entries("release") if one["recipient"] == "mbr_medway"]
    assert len([one for one in to_medway if one["stage"] == stage]) == 2


def test_a_stricter_flag_holds_back_its_part_and_lets_the_others_come(town: Town) -> None:
    """An instruction that reaches the hub in time stops the delivery; the rest comes without that part."""
    departure, _, item = lies(town, Stage.REST)
    assert Part.PARTICIPATION in item.parts
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.asserts(departure, instruction=frozenset({Part.PARTICIPATION}))
    town.night_passes()
    assert Part.ADDRESS in medway.parts()
    assert Part.PARTICIPATION not in medway.parts()
    assert item.item not in [one.item for one in medway.opened]


def test_an_older_assertion_cannot_loosen_a_newer_one(town: Town) -> None:
    """Replaying what was said before the instruction changes nothing; only something newer does."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    old = kent.asserts(notice)
    town.days_pass(1)
    kent.asserts(notice, shield=True)
    with town.store.write() as work, pytest.raises(Untrusted, match="assertion-older"):
        reception.receive_assertion(notice, old, kent.member, work, town.hub)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert "R-SHIELD" in town.refusals()
    assert town.entries("release") == []


def test_a_shield_that_comes_while_a_key_is_asked_for_waits_for_officers(town: Town) -> None:
    """The grant that crosses it is kept; nothing leaves before both officers have said yes."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.grants = False
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.collects()
    kent.asserts(departure, shield=True)
    town.night_passes()
    assert town.entries("release") == []
    (passage,) = (one for one in town.passages(departure) if one.notice == departure)
    assert passage.state is PassageState.AWAITING_OFFICER
    medway.approves(medway.tasks[0])
    town.night_passes()
    kent.approves(kent.tasks[0])
    town.night_passes()
    assert "Exampleton" in medway.names()
    assert Part.ADDRESS not in medway.parts()


def test_nobody_asserts_ahead_of_the_clock(town: Town) -> None:
    """An assertion dated next month would be good for longer than thirty days."""
    kent = town.members["mbr_kent"]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    with pytest.raises(Declined, match="notice-from-the-future"):
        kent.asserts(notice, at=town.now + timedelta(minutes=2))
    kent.asserts(notice, at=town.now + timedelta(seconds=30))


def test_a_suspension_is_lifted_by_who_made_it(town: Town) -> None:
    """One party stops; the other cannot resume in its place, and both must stand by it again."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    town.suspends(MOVERS, "mbr_kent")
    with pytest.raises(Declined, match="agreement-state"):
        town.suspends(MOVERS, "mbr_medway", Change.RESUME)
    town.suspends(MOVERS, "mbr_medway")
    town.suspends(MOVERS, "mbr_kent", Change.RESUME)
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert "R-SUSPENDED" in town.refusals()
    assert town.entries("release") == []
    town.suspends(MOVERS, "mbr_medway", Change.RESUME)
    town.night_passes()
    assert Part.IDENTITY in medway.parts() & kent.parts()


def test_an_ended_agreement_does_not_come_back(town: Town) -> None:
    """`end` is for good: neither party resumes it."""
    town.suspends(MOVERS, "mbr_kent", Change.END)
    for party in ("mbr_kent", "mbr_medway"):
        for change in Change:
            with pytest.raises(Declined, match="agreement-state"):
                town.suspends(MOVERS, party, change)


def test_strangers_cannot_replace_an_agreement(town: Town) -> None:
    """A new version under the same name needs every party of the old one."""
    town.admits("mbr_lambeth", area="208")
    town.admits("mbr_southwark", area="210")
    stolen = example_agreement("lambeth-southwark-movers") | {
        "id": MOVERS,
        "version": 2,
        "supersedes": {"version": 1, "digest": "A" * 43},
    }
    with pytest.raises(Declined, match="party-missing"):
        town.binds(stolen)
    with town.store.read() as work:
        paper = work.papers.get(PaperKind.AGREEMENT, MOVERS)
        assert paper is not None
    stolen["supersedes"] = {"version": 1, "digest": paper.digest}
    with pytest.raises(Declined, match="party-missing"):
        town.binds(stolen)


def test_a_party_is_not_left_out_of_the_next_version(town: Town) -> None:
    """Kent alone cannot put Lambeth into Medway's place."""
    town.admits("mbr_lambeth", area="208")
    with town.store.read() as work:
        paper = work.papers.get(PaperKind.AGREEMENT, MOVERS)
        assert paper is not None
    text = example_agreement("kent-medway-movers")
    parties = text["parties"]
    assert isinstance(parties, list)
    (kent, medway) = parties
    assert isinstance(medway, dict)
    left_out = text | {
        "version": 2,
        "supersedes": {"version": 1, "digest": paper.digest},
        "parties": [kent, {**medway, "member": "mbr_lambeth"}],
    }
    with pytest.raises(Declined, match="version-parties"):
        town.binds(left_out)


def test_a_new_version_takes_the_place_of_the_old(town: Town) -> None:
    """Signed by all, it binds; what it no longer lists no longer flows."""
    with town.store.read() as work:
        paper = work.papers.get(PaperKind.AGREEMENT, MOVERS)
        assert paper is not None
    document = example_agreement("kent-medway-movers")
    town.binds(document | {"version": 2, "supersedes": {"version": 1, "digest": paper.digest}})
    with town.store.read() as work:
        states = [one.state for one in work.papers.all(PaperKind.AGREEMENT)]
    assert states == [PaperState.SUPERSEDED, PaperState.IN_FORCE]
    town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    (first, *_) = town.entries("release")
    assert isinstance(first["fact"], dict)
    assert first["fact"]["version"] == 2


def test_arriving_one_way_does_not_recall_the_other(town: Town) -> None:
    """When the departure has arrived and is forgotten, what the arrival told stays where it is."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    rest = next(one for one in medway.opened if one.checked.record.stage is Stage.REST)
    medway.reports(rest, OutcomeKind.IN_CASELOAD)
    town.night_passes()
    states = {passage.notice: passage.state for passage in town.passages(departure)}
    assert states == {departure: PassageState.CLOSED, arrival: PassageState.RELEASED}
    assert "stopped" not in [item.kind.value for item in kent.told + medway.told]
    other = next(one for one in kent.opened if one.checked.record.stage is Stage.REST)
    kent.reports(other, OutcomeKind.ALREADY_KNOWN)
    town.night_passes()
    assert [entry["how"] for entry in town.entries("disposition")] == ["closed", "closed"]


def test_a_slower_direction_goes_on_after_the_other_has_arrived(town: Town) -> None:
    """A key request that was sent is answered and served, though its counter-notice has arrived meanwhile."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.grants = False
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    rest = next(one for one in medway.opened if one.checked.record.stage is Stage.REST)
    medway.reports(rest, OutcomeKind.IN_CASELOAD)
    town.night_passes()
    medway.grants, medway.place = True, 0
    medway.opened.clear()
    town.night_passes()
    assert Part.IDENTITY in kent.parts()


def test_a_withdrawal_after_the_arrival_recalls_what_was_told(town: Town) -> None:
    """Sent in error, found out late: its recipient is told, and the notice still has one disposition."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    rest = next(one for one in medway.opened if one.checked.record.stage is Stage.REST)
    medway.reports(rest, OutcomeKind.IN_CASELOAD)
    town.night_passes()
    kent.withdraws(departure)
    kent.withdraws(departure)
    town.night_passes()
    assert town.notice(departure).state is NoticeState.WITHDRAWN
    assert [entry["notice"] for entry in town.entries("withdrawal")] == [departure]
    assert [entry["how"] for entry in town.entries("disposition")] == ["closed"]
    assert medway.parts() == set()
    told = [item.body for item in kent.told if item.kind is ItemKind.ACKNOWLEDGEMENT]
    assert "erased" in {body["says"] for body in told if isinstance(body, dict)}


@pytest.mark.parametrize("arrived", [True, False])
def test_who_takes_its_own_word_back_keeps_what_has_arrived_with_it(town: Town, arrived: bool) -> None:
    """She has moved on: what Kent told Medway before is of Medway's own caseload since Medway said so.

    Before that it was told because of the notice that no longer stands, and is erased.
    """
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    rest = next(one for one in medway.opened if one.checked.record.stage is Stage.REST)
    if arrived:
        medway.reports(rest, OutcomeKind.IN_CASELOAD)
        town.night_passes()
    medway.withdraws(arrival)
    town.night_passes()
    states = {passage.notice: passage.state for passage in town.passages(departure)}
    kept = PassageState.CLOSED if arrived else PassageState.STOPPED
    assert states == {departure: kept, arrival: PassageState.STOPPED}
    assert (Part.IDENTITY in medway.parts()) is arrived
    assert kent.parts() == set()
    if arrived:
        town.days_pass(1)
        medway.reports(rest, OutcomeKind.NOT_OURS)
        town.night_passes()
        assert medway.parts() == set()


def test_a_notice_withdrawn_before_it_is_carried_is_in_the_log_all_the_same(town: Town) -> None:
    """I5: the promise holds; then comes the disposition, and nobody is matched with it."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    kent.withdraws(notice)
    town.night_passes()
    about = [record["kind"] for record in kent.may_read() if record.get("notice") == notice]
    assert about == ["published", "disposition"]
    assert town.passages(notice) == []


def test_time_ends_a_notice_once_and_forgets_it(town: Town) -> None:
    """On the 31 January that follows: one entry, the parts destroyed, and nothing more is found."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    town.days_pass(80)
    town.slot()
    town.slot()
    assert town.notice(notice).state is NoticeState.EXPIRED
    with town.store.read() as work:
        assert work.notices.parts(notice, list(Part)) == {}
    assert [(end["state"], end["how"]) for end in town.entries("disposition")] == [("expired", "unanswered")]
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert town.passages(notice) == []


def test_the_end_of_time_recalls_nothing(town: Town) -> None:
    """What was released stays with its recipient; what had not left, stops; nobody is told of a recall."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.grants = False
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    town.days_pass(80)
    town.slot()
    town.night_passes()
    states = [passage.state for passage in town.passages(departure)]
    assert sorted(states) == [PassageState.RELEASED, PassageState.STOPPED]
    assert medway.told == []
    assert [item.kind for item in kent.told] == [ItemKind.ACKNOWLEDGEMENT] * 2
    assert sorted(str(end["how"]) for end in town.entries("disposition")) == ["released", "unanswered"]
    with pytest.raises(Declined, match="delivery-stopped"):
        medway.fetches(medway.opened[0].item)


def test_a_notice_that_arrived_and_whose_time_is_over_has_one_disposition(town: Town) -> None:
    """Arrived in November, over in January: one entry."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    rest = next(one for one in medway.opened if one.checked.record.stage is Stage.REST)
    medway.reports(rest, OutcomeKind.IN_CASELOAD)
    town.night_passes()
    town.days_pass(80)
    for _ in range(3):
        town.slot()
    assert town.notice(departure).state is NoticeState.EXPIRED
    assert [e["how"] for e in town.entries("disposition") if e["notice"] == departure] == ["closed"]


def test_a_second_thought_stops_what_a_same_has_let_go(town: Town) -> None:
    """An officer who looks again and signs `different` stops the delivery that lies there."""
    departure, _, item = lies(town, Stage.REST)
    medway = town.members["mbr_medway"]
    medway.confirms(medway.opened[0], Answer.DIFFERENT)
    town.slot()
    with pytest.raises(Declined, match="delivery-stopped"):
        medway.fetches(item.item)
    states = [passage.state for passage in town.passages(departure) if passage.notice == departure]
    assert states == [PassageState.STOPPED]


def test_unsure_waits_and_a_later_same_goes_on(town: Town) -> None:
    """I10: `unsure` releases nothing; the officer's `same` does."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.answers = False
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    medway.confirms(medway.opened[0], Answer.UNSURE)
    town.night_passes()
    assert medway.parts() == {Part.IDENTITY}
    medway.confirms(medway.opened[0], Answer.SAME)
    town.night_passes()
    assert Part.ADDRESS in medway.parts()


def test_a_withdrawn_claim_competes_no_longer(town: Town) -> None:
    """A notice sent in error, withdrawn and sent anew is served: the first one is no second claimant."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.grants = False
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    wrong = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    medway.withdraws(wrong)
    town.night_passes()
    kent.grants = True
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert Part.ADDRESS in medway.parts()


def test_a_later_competitor_stops_what_lies_in_an_inbox(town: Town) -> None:
    """I10: with a second claimant the delivery is handed over no more, until a person has looked."""
    town.admits("mbr_lambeth", area="208")
    town.agrees("kent-lambeth-movers")
    _, _, item = lies(town)
    town.members["mbr_lambeth"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    medway = town.members["mbr_medway"]
    with pytest.raises(Declined, match="delivery-stopped"):
        medway.fetches(item.item)
    town.night_passes()
    assert medway.opened == []
    assert town.members["mbr_lambeth"].sees() == []


def test_a_twin_is_never_released_by_machine(town: Town) -> None:
    """I10: a marked twin needs a person, with all numbers agreeing."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(replace(ADA, found=frozenset({Found.TWIN})), NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert town.entries("release") == town.entries("key_request") == []
    assert len(town.entries("second_look")) == 2


def test_a_twin_that_becomes_known_later_is_never_released_by_machine(town: Town) -> None:
    """I10: the tokens do not say so, the flag does: a person looks, however certain the verdict."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    notice = kent.publishes(ADA, NoticeType.MOVED_OUT)
    kent.asserts(notice, twin=True)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert {passage.state for passage in town.passages(notice)} == {PassageState.SECOND_LOOK}
    assert [item.kind for item in kent.sees()] == [ItemKind.OFFICER_TASK]
    assert medway.sees() == []


def test_a_careers_company_acts_while_it_has_a_mandate() -> None:
    """Under the authority's mandate its notices flow; once the mandate has ended they do not."""
    town = Town()
    town.admits("mbr_kent", area="886")
    medway = town.admits("mbr_medway", area="887")
    company = town.admits("mbr_kent-careers", MemberKind.CAREERS_COMPANY, acts_for="mbr_kent")
    town.agrees("kent-medway-movers")
    town.mandates("mbr_kent", "mbr_kent-careers", days=10)
    with town.store.read() as work:
        acting = work.members.get(company.member)
        assert acting is not None
        assert acting.standing is Standing.LIVE
    company.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    company.collects()
    town.slot()
    (waiting,) = medway.sees(ItemKind.DELIVERY)
    town.days_pass(11)
    with pytest.raises(Declined, match="delivery-stopped"):
        medway.fetches(waiting.item)
    assert medway.opened == []


def test_without_a_mandate_a_careers_company_tells_nobody_anything() -> None:
    """R-MANDATE: its word that it acts for an authority is not enough; with the mandate it goes on."""
    town = Town()
    town.admits("mbr_kent", area="886", made_up=True)
    medway = town.admits("mbr_medway", area="887", made_up=True)
    company = town.admits("mbr_kent-careers", MemberKind.CAREERS_COMPANY, acts_for="mbr_kent", made_up=True)
    town.agrees("kent-medway-movers")
    company.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert "R-MANDATE" in town.refusals()
    assert town.entries("release") == []
    town.mandates("mbr_kent", "mbr_kent-careers")
    town.night_passes()
    assert Part.IDENTITY in medway.parts() & company.parts()


def test_a_mandate_comes_from_an_authority_and_goes_to_a_careers_company() -> None:
    """A college cannot let somebody act for it, nor an authority let another authority act for it."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.admits("mbr_north-kent-college", MemberKind.COLLEGE)
    town.admits("mbr_kent-careers", MemberKind.CAREERS_COMPANY)
    for authority, other in (
        ("mbr_north-kent-college", "mbr_kent-careers"),
        ("mbr_kent", "mbr_medway"),
        ("mbr_kent-careers", "mbr_kent"),
    ):
        with pytest.raises(Declined, match="member-kind"):
            town.mandates(authority, other)
    with pytest.raises(Declined, match="member-kind"):
        town.asks_for_notices("mbr_kent", "mbr_medway")


def test_a_key_that_is_lost_while_it_is_asked_for_is_asked_for_anew(town: Town) -> None:
    """A grant for a key that was revoked meanwhile lets nothing leave; the new key is asked for."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.collects()
    revokes(town, NoticeId(""), NoticeId(""))
    medway.grants = False
    town.slot()
    assert town.entries("release") == []
    assert "R-RECIPIENT" in town.refusals()
    medway.seals_anew()
    town.night_passes()
    assert Part.IDENTITY in medway.parts()


def test_a_member_without_a_sealing_key_stops_nobody_elses_errand(town: Town) -> None:
    """Its matches are refused until it has one; the notices that met it are in the log and findable."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    revokes(town, NoticeId(""), NoticeId(""))
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert len(town.entries("published")) == 2
    assert "R-RECIPIENT" in town.refusals()
    assert Part.IDENTITY in kent.parts()
    assert medway.opened == []
    medway.seals_anew()
    town.night_passes()
    assert Part.IDENTITY in medway.parts()


def test_a_shielded_notice_to_a_named_recipient_asks_both_officers() -> None:
    """A college names the home authority of somebody in hiding: its officer first, then the authority's."""
    town = Town()
    town.admits("mbr_kent", area="886")
    medway = town.admits("mbr_medway", area="887")
    college = town.admits("mbr_north-kent-college", MemberKind.COLLEGE)
    town.agrees("north-kent-college-enrolments")
    town.asks_for_notices("mbr_medway", "mbr_north-kent-college")
    medway.people.append({"given": "Ada", "family": "Exampleton", "dob": "2009-11-12"})
    college.publishes(SHIELDED, NoticeType.CROSS_BORDER_ENROLMENT, to="mbr_medway")
    town.night_passes()
    assert (len(college.tasks), medway.tasks) == (1, [])
    college.approves(college.tasks[0])
    town.night_passes()
    assert len(medway.tasks) == 1
    assert medway.opened == []
    medway.approves(medway.tasks[0])
    town.night_passes()
    assert "Exampleton" in medway.names()
    assert Part.ADDRESS not in medway.parts()


def test_made_up_and_real_members_never_meet() -> None:
    """A made-up member's notice meets no live one, and what it names to a live one is refused."""
    town = Town()
    kent = town.admits("mbr_kent", area="886", made_up=True)
    medway, southwark = town.admits("mbr_medway", area="887"), town.admits("mbr_southwark", area="210")
    town.agrees("kent-medway-movers")
    with town.store.read() as work:
        standing: dict[str, str] = {member.member: member.standing.value for member in work.members.all()}
    assert standing["mbr_medway"] == "trial"
    town.agrees("medway-southwark-movers")
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    southwark.publishes(replace(ADA, given="Somebody", upn=None), NoticeType.MOVED_OUT)
    town.night_passes()
    assert town.entries("release") == town.entries("refused") == []
    kent.publishes(ADA, NoticeType.CROSS_BORDER_ENROLMENT, to="mbr_medway")
    town.night_passes()
    assert "R-RECIPIENT" in town.refusals()
    assert medway.opened == []


def test_an_exercise_ends_for_a_member_that_goes_live() -> None:
    """What a member tried out with a made-up one goes no further once it is live."""
    town = Town()
    kent = town.admits("mbr_kent", area="886", made_up=True)
    medway = town.admits("mbr_medway", area="887")
    town.admits("mbr_southwark", area="210")
    town.agrees("kent-medway-movers")
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.collects()
    town.agrees("medway-southwark-movers")
    town.night_passes()
    assert (kent.opened, medway.opened) == ([], [])
    assert "R-RECIPIENT" in town.refusals()
